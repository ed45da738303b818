// Keeps one stream of updates from every peer of the address book. The receiver is the gRPC client, because only a client
// can raise its HTTP/2 window. After a cut it goes on in the middle of an update, with the chunks it has checked; an update
// is applied only when it is whole and has the hash its sender gave it, and acknowledged only once it is durable here.
import { Assembler } from '#proto/rpc/chunks.ts'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { PullUpdatesRequest } from '#proto/generated/cloudless/v1/PullUpdatesRequest.ts'
import type { PullUpdatesResponse__Output } from '#proto/generated/cloudless/v1/PullUpdatesResponse.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from './back-off.ts'
import { acknowledgementsMax, closingMs, protocolVersion, refusalMs } from './config.ts'
import { sha256Of } from './outbox.ts'
import type { Partition } from './partition.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { UpdateHeader } from './sync/update.ts'
import { decodeHeader } from './update-wire.ts'

export type PeerClient = RpcClient<PeerServiceHandlers> & { readonly close: () => void }

export type PeerPullerOptions = {
  readonly partition: Partition
  readonly jobId: string
  readonly memory: VectorMemory
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly open: (endpoint: string) => PeerClient
}

type Partial = { readonly header: UpdateHeader; readonly payload: Float32Array; readonly assembler: Assembler }
type Peer = { readonly region: string; readonly backOff: BackOff; partial: Partial | null }
type Stream = {
  readonly requests: AsyncQueue<PullUpdatesRequest>
  readonly over: AbortController
  acknowledged: number
}

export class PeerPuller {
  readonly #options: PeerPullerOptions
  readonly #stopping = new AbortController()
  readonly #killing = new AbortController()
  readonly #loops: readonly Promise<void>[]

  /** Starts at once. */
  constructor(options: PeerPullerOptions) {
    this.#options = options
    const others = options.partition.members.all.filter((region) => region !== options.partition.region)
    this.#loops = others.map((region) => this.#follow({ region, backOff: new BackOff(options.random), partial: null }))
  }

  /** Sends the last acknowledgements and ends the streams. */
  async stop(): Promise<void> {
    this.#stopping.abort(stopped)
    const timer = this.#options.clock.after(closingMs, () => this.#killing.abort(stopped))
    await Promise.all(this.#loops)
    timer.cancel()
  }

  async #follow(peer: Peer): Promise<void> {
    const { partition, clock, log } = this.#options
    while (!this.#stopping.signal.aborted) {
      const endpoint = this.#endpointOf(peer.region)
      try {
        if (endpoint === null) await partition.changed.wait(this.#stopping.signal)
        else await this.#pull(peer, endpoint)
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        if (isUseless(error)) this.#drop(peer)
        const delayMs = isRefusal(error) ? refusalMs : peer.backOff.nextMs()
        log.warn({ peer: peer.region, endpoint, error: messageOf(error), delayMs }, 'pulling from a peer broke off')
        await clock.sleep(delayMs, this.#stopping.signal)
      }
    }
  }

  async #pull(peer: Peer, endpoint: string): Promise<void> {
    const { partition, jobId, open } = this.#options
    const { region } = peer
    const client = open(endpoint)
    const over = new AbortController()
    const stream: Stream = { requests: new AsyncQueue({ limit: acknowledgementsMax }), over, acknowledged: 0 }
    stream.requests.offer({
      open: {
        jobId,
        region: partition.region,
        fromRegion: region,
        afterSeq: partition.appliedSeqOf(region),
        resumeOffset: this.#heldBytes(peer),
        protocolVersion,
      },
    })
    this.#acknowledge(region, stream)
    const signal = AbortSignal.any([over.signal, this.#killing.signal])
    const watching = this.#watch(region, endpoint, stream)
    try {
      for await (const message of client.pullUpdates(stream.requests, { signal })) {
        await this.#take(peer, message, signal)
        peer.backOff.reset()
      }
      if (!this.#stopping.signal.aborted) {
        throw new CloudlessError('unavailable', 'STREAM_ENDED', `region ${region} ended its stream`)
      }
    } finally {
      over.abort(stopped)
      stream.requests.end()
      await watching
      client.close()
    }
  }

  /** Acknowledges what becomes durable, and leaves when the address changes or the puller stops. */
  async #watch(region: string, endpoint: string, stream: Stream): Promise<void> {
    const either = AbortSignal.any([stream.over.signal, this.#stopping.signal])
    while (!either.aborted) {
      this.#acknowledge(region, stream)
      if (this.#endpointOf(region) !== endpoint) {
        return stream.over.abort(
          new CloudlessError('cancelled', 'ADDRESS_CHANGED', `region ${region} left ${endpoint}`),
        )
      }
      await this.#options.partition.changed.wait(either).catch(() => {})
    }
    this.#acknowledge(region, stream)
    stream.requests.end()
  }

  #acknowledge(region: string, stream: Stream): void {
    const durableSeq = this.#options.partition.durableSeqOf(region)
    if (durableSeq <= stream.acknowledged) return
    // A full queue means that earlier ones are still on their way; the next change tries again.
    if (stream.requests.offer({ ack: { durableSeq } })) stream.acknowledged = durableSeq
  }

  async #take(peer: Peer, { header, chunk }: PullUpdatesResponse__Output, signal: AbortSignal): Promise<void> {
    if (header !== null && header !== undefined) this.#begin(peer, decodeHeader(header))
    else if (chunk !== null && chunk !== undefined) {
      const { partial } = peer
      if (partial === null || partial.header.seq !== chunk.seq) {
        throw new CloudlessError(
          'invalid',
          'CHUNK_WITHOUT_HEADER',
          `a chunk of update ${chunk.seq} came without its header`,
        )
      }
      partial.assembler.add(chunk)
    }
    if (peer.partial?.assembler.isComplete !== true) return
    await this.#finish(peer, peer.partial, signal)
  }

  #begin(peer: Peer, header: UpdateHeader): void {
    if (header.region !== peer.region) {
      throw new CloudlessError('invalid', 'WRONG_REGION', `region ${peer.region} sent an update of ${header.region}`)
    }
    const held = peer.partial
    if (held !== null && held.header.seq === header.seq && held.header.payloadSha256 === header.payloadSha256) return
    this.#drop(peer)
    const payload = this.#options.memory.allocate(header.payloadBytes / 4)
    const bytes = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    peer.partial = { header, payload, assembler: new Assembler(bytes) }
  }

  async #finish(peer: Peer, { header, payload }: Partial, signal: AbortSignal): Promise<void> {
    const found = payload.length === 0 ? '' : sha256Of(payload)
    if (found !== header.payloadSha256) {
      const text = `update ${header.seq} of region ${header.region} has sha256 ${found}, its header says ${header.payloadSha256}`
      throw new CloudlessError('invalid', 'PAYLOAD_CORRUPT', text)
    }
    await this.#options.partition.receive({ header, payload }, signal)
    this.#drop(peer)
  }

  #drop(peer: Peer): void {
    if (peer.partial !== null) this.#options.memory.release(peer.partial.payload)
    peer.partial = null
  }

  /** Bytes of the next update that arrived before the stream was cut. */
  #heldBytes(peer: Peer): number {
    const next = this.#options.partition.appliedSeqOf(peer.region) + 1
    if (peer.partial !== null && peer.partial.header.seq !== next) this.#drop(peer)
    return peer.partial?.assembler.receivedBytes ?? 0
  }

  #endpointOf(region: string): string | null {
    const entry = this.#options.partition.members.book.peers.find((peer) => peer.region === region)
    return entry === undefined || entry.pruned || entry.endpoint === '' ? null : entry.endpoint
  }
}

const stopped = new CloudlessError('cancelled', 'STOPPED', 'this parameter server is stopping')

/** One side says no. Asking again at once would only move the same bytes again. */
function isRefusal(error: unknown): boolean {
  return error instanceof CloudlessError && (error.kind === 'conflict' || error.kind === 'invalid')
}

/** What was received is wrong, so that going on from there would fail again. */
function isUseless(error: unknown): boolean {
  return error instanceof CloudlessError && error.kind === 'invalid'
}
