// The parameter server's side of its agent: where it listens and how it stands goes up every second and at every change
// of phase, records go up until the agent has them in its journal, directives come down. Training does not need the agent:
// when the stream breaks it is opened again.
import type { AttachRequest } from '#proto/generated/cloudless/v1/AttachRequest.ts'
import type { AttachResponse__Output } from '#proto/generated/cloudless/v1/AttachResponse.ts'
import type { InstanceServiceHandlers } from '#proto/generated/cloudless/v1/InstanceService.ts'
import type { SyncProgress as WireSyncProgress } from '#proto/generated/cloudless/v1/SyncProgress.ts'
import type { InstanceStatus } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from './back-off.ts'
import { protocolVersion, statusMs } from './config.ts'
import type { Partition } from './partition.ts'
import type { PartitionRecord } from './records.ts'
import type { SyncProgress } from './sync-progress.ts'
import type { Phase } from './worker-group.ts'

export type AgentClient = RpcClient<InstanceServiceHandlers>

export type AgentLinkOptions = {
  readonly partition: Partition
  readonly jobId: string
  readonly instanceId: string
  readonly attempt: number
  /** host:port where peers pull. */
  readonly endpoint: string
  readonly workerEndpoint: string
  readonly client: AgentClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const wirePhases = {
  starting: 'PARTITION_PHASE_STARTING',
  training: 'PARTITION_PHASE_TRAINING',
  draining: 'PARTITION_PHASE_DRAINING',
  evaluating: 'PARTITION_PHASE_EVALUATING',
  finished: 'PARTITION_PHASE_FINISHED',
  failed: 'PARTITION_PHASE_FAILED',
} as const satisfies Record<Phase, string>

type Stream = {
  readonly requests: AsyncQueue<AttachRequest>
  readonly over: AbortController
  /** Position of the first record that is told on this stream. */
  readonly base: number
  /** Records given up before it began. Positions no longer match when more are. */
  readonly dropped: number
  hasToldFinished: boolean
}

/** Messages that wait to be sent; a slow agent holds back records, not training. */
const requestsMax = 16

export class AgentLink {
  readonly #options: AgentLinkOptions
  #hasAcknowledgedEnd = false

  constructor(options: AgentLinkOptions) {
    this.#options = options
  }

  /** The agent knows that the partition has finished and holds all its records. */
  get hasAcknowledgedEnd(): boolean {
    return this.#hasAcknowledgedEnd
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options
    const backOff = new BackOff(random)
    while (!signal.aborted) {
      try {
        await this.#attach(signal, () => backOff.reset())
      } catch (error) {
        if (signal.aborted) return
        log.warn({ error: messageOf(error) }, 'the link to the agent broke off')
      }
      await clock.sleep(backOff.nextMs(), signal)
    }
  }

  async #attach(signal: AbortSignal, onMessage: () => void): Promise<void> {
    const { client, partition, instanceId, attempt } = this.#options
    const stream: Stream = {
      requests: new AsyncQueue({ limit: requestsMax }),
      over: new AbortController(),
      base: partition.records.taken,
      dropped: partition.records.dropped,
      hasToldFinished: false,
    }
    stream.requests.offer({ hello: { instanceId, attempt, protocolVersion } })
    const either = AbortSignal.any([signal, stream.over.signal])
    const sending = Promise.all([this.#tellStatus(stream, either), this.#tellRecords(stream, either)])
    try {
      for await (const message of client.attach(stream.requests, { signal: either })) {
        onMessage()
        this.#take(message, stream)
      }
    } finally {
      stream.over.abort(linkEnded)
      stream.requests.end()
      await sending.catch(() => {})
    }
  }

  #take({ directive, recordsAck }: AttachResponse__Output, stream: Stream): void {
    const { partition, jobId } = this.#options
    if (directive !== null && directive !== undefined) {
      const book = directive.addressBook
      const isOurs = book !== null && book.jobId === jobId
      const { drain, interval, intervalMin } = directive
      const books = isOurs ? { epoch: book.epoch, peers: book.peers, hub: book.hub } : null
      partition.direct({ book: books, drain, interval: { interval, intervalMin } })
    }
    if (recordsAck === null || recordsAck === undefined || partition.records.dropped !== stream.dropped) return
    partition.records.take(stream.base + recordsAck.count)
    // The agent answers a status that says FINISHED with the same count again.
    if (stream.hasToldFinished && partition.records.waiting.length === 0) this.#hasAcknowledgedEnd = true
    partition.changed.notify()
  }

  /** Every second and at every change of phase. */
  async #tellStatus(stream: Stream, signal: AbortSignal): Promise<void> {
    const { partition, clock } = this.#options
    while (!signal.aborted) {
      const status = this.#status()
      const { phase } = partition
      await stream.requests.push({ status })
      if (status.progress?.phase === wirePhases.finished) stream.hasToldFinished = true
      const next = new AbortController()
      const timer = clock.after(statusMs, () => next.abort(linkEnded))
      const either = AbortSignal.any([signal, next.signal])
      const hasRecords = partition.records.waiting.length > 0
      const isOld = (): boolean => partition.phase !== phase || partition.records.waiting.length > 0 !== hasRecords
      while (!either.aborted && !isOld()) await partition.changed.wait(either).catch(() => {})
      timer.cancel()
    }
  }

  async #tellRecords(stream: Stream, signal: AbortSignal): Promise<void> {
    const { partition } = this.#options
    let position = stream.base
    while (!signal.aborted) {
      if (partition.records.dropped !== stream.dropped) return stream.over.abort(linkEnded)
      const record = partition.records.at(position)
      if (record === null) await partition.changed.wait(signal)
      else {
        await stream.requests.push(this.#encode(record))
        position += 1
      }
    }
  }

  #encode(record: PartitionRecord): AttachRequest {
    const { jobId, partition } = this.#options
    const { kind, ...fields } = record
    const named = { ...fields, jobId, region: partition.region }
    return kind === 'round'
      ? { round: { ...named, members: [...record.members], absent: { ...record.absent } } }
      : { evaluation: { ...named, metrics: { ...record.metrics } } }
  }

  #status(): InstanceStatus {
    const { partition, endpoint, workerEndpoint } = this.#options
    const progress = partition.progress()
    const { firstStepAtMs, modelPath, stalledWorkers, joinedWorkers, workerUses, isTrainingOver, ...counts } = progress
    const { wanBytesSent, wanBytesSentHere, sync, ...rest } = counts
    // FINISHED is the last word: records come before it.
    const isLast = progress.phase !== 'finished' || partition.records.waiting.length === 0
    return {
      endpoint,
      workerEndpoint,
      progress: {
        ...rest,
        workerSpeeds: { ...rest.workerSpeeds },
        region: partition.region,
        sync: sync === null ? null : encodeSync(sync),
        phase: isLast ? wirePhases[progress.phase] : wirePhases.evaluating,
        wanBytesSent: Object.values(wanBytesSent).reduce((sum, bytes) => sum + bytes, 0),
      },
      wanBytesSent: { ...wanBytesSentHere },
      firstStepAtMs,
      modelPath: progress.phase === 'finished' ? modelPath : '',
      stalledWorkers: [...stalledWorkers],
      joinedWorkers: [...joinedWorkers],
      workers: workerUses.map((use) => ({ ...use })),
      isTrainingOver,
    }
  }
}

function encodeSync({ links, hears, refused, ...rest }: SyncProgress): WireSyncProgress {
  return {
    ...rest,
    hears: [...hears],
    refused: { ...refused },
    links: links.map(({ fromRegion, bytesPerSecond, roundTripMs }) => ({
      fromRegion,
      mbitPerSecond: (bytesPerSecond * 8) / 1e6,
      roundTripMs,
    })),
  }
}

const linkEnded = new CloudlessError('cancelled', 'LINK_ENDED', 'the link to the agent ended')
