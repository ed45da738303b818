// What a parameter server offers to those of other regions: its sealed updates, in order, as chunks, from where the
// receiver stands. One stream per region; a newer one ends the older. Acknowledgements come up the same stream.
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { PullOpen__Output } from '#proto/generated/cloudless/v1/PullOpen.ts'
import type { PullUpdatesRequest__Output } from '#proto/generated/cloudless/v1/PullUpdatesRequest.ts'
import type { PullUpdatesResponse } from '#proto/generated/cloudless/v1/PullUpdatesResponse.ts'
import { cut } from '#proto/rpc/chunks.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { chunkBytes, protocolVersion } from './config.ts'
import type { Partition } from './partition.ts'
import type { Update } from './sync/update.ts'
import { chunkOverheadBytes, encodeHeader, headerBytes } from './update-wire.ts'

export type PeerServiceOptions = {
  readonly partition: Pick<Partition, 'region' | 'members' | 'changed' | 'updateAfter' | 'acknowledge' | 'sent'>
  readonly jobId: string
  readonly log: Log
}

type Requests = AsyncIterator<PullUpdatesRequest__Output, unknown>

export function createPeerService(options: PeerServiceOptions): Implementation<PeerServiceHandlers> {
  const streams = new Map<string, AbortController>()
  return { pullUpdates: (requests, call) => pullUpdates(options, streams, requests, call.signal) }
}

async function* pullUpdates(
  options: PeerServiceOptions,
  streams: Map<string, AbortController>,
  messages: AsyncIterable<PullUpdatesRequest__Output>,
  callSignal: AbortSignal,
): AsyncGenerator<PullUpdatesResponse, void> {
  const requests: Requests = messages[Symbol.asyncIterator]()
  const first = await requests.next()
  const open = checkOpen(options, first.done === true ? null : (first.value.open ?? null))
  const { log } = options
  streams.get(open.region)?.abort(replaced(open.region))
  const stream = new AbortController()
  streams.set(open.region, stream)
  const signal = AbortSignal.any([callSignal, stream.signal])
  log.info({ peer: open.region, afterSeq: open.afterSeq, offset: open.resumeOffset }, 'peer pulls')
  void takeAcknowledgements(options, open.region, requests, stream)
  try {
    yield* updates(options, open, signal)
  } catch (error) {
    if (stream.signal.reason !== ended) throw error
  } finally {
    if (streams.get(open.region) === stream) streams.delete(open.region)
    stream.abort(ended)
    // Not awaited: a reader of it may still be waiting for the next message.
    void requests.return?.()
  }
}

async function* updates(
  { partition }: PeerServiceOptions,
  open: PullOpen__Output,
  signal: AbortSignal,
): AsyncGenerator<PullUpdatesResponse, void> {
  let seq = open.afterSeq
  let offset = open.resumeOffset
  for (;;) {
    signal.throwIfAborted()
    const update = partition.updateAfter(seq)
    if (update === null) {
      await partition.changed.wait(signal)
      continue
    }
    yield* messagesOf(partition, update, open.region, offset, signal)
    seq += 1
    offset = 0
  }
}

async function* messagesOf(
  partition: PeerServiceOptions['partition'],
  { header, payload }: Update,
  region: string,
  fromOffset: number,
  signal: AbortSignal,
): AsyncGenerator<PullUpdatesResponse, void> {
  const wire = encodeHeader(header, region)
  // Counted before it is handed over: after a cut the count may be a little high, never low.
  partition.sent(region, headerBytes(header), null)
  yield { header: wire }
  if (wire.payloadBytes !== 0) {
    const bytes = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    for await (const chunk of cut(bytes, { fromOffset, chunkBytes })) {
      signal.throwIfAborted()
      partition.sent(region, chunk.data.byteLength + chunkOverheadBytes, null)
      yield { chunk: { seq: header.seq, ...chunk } }
    }
  }
  partition.sent(region, 0, header.seq)
}

async function takeAcknowledgements(
  { partition, log }: PeerServiceOptions,
  region: string,
  requests: Requests,
  stream: AbortController,
): Promise<void> {
  try {
    for (;;) {
      const next = await requests.next()
      if (next.done === true) return stream.abort(ended)
      const seq = next.value.ack?.durableSeq
      if (seq === undefined)
        throw invalid([{ field: 'ack', description: 'is missing; after open only ack may follow' }])
      partition.acknowledge(region, seq)
    }
  } catch (error) {
    log.info({ peer: region, error: messageOf(error) }, 'the stream to a peer broke off')
    stream.abort(error)
  }
}

/** Why a stream ends in good order: its reader is gone. */
const ended = new CloudlessError('cancelled', 'STREAM_ENDED', 'the receiver ended the stream')

function replaced(region: string): CloudlessError {
  return new CloudlessError('cancelled', 'STREAM_REPLACED', `region ${region} opened a newer stream`)
}

function checkOpen({ partition, jobId }: PeerServiceOptions, open: PullOpen__Output | null): PullOpen__Output {
  if (open === null) throw invalid([{ field: 'open', description: 'is missing; the first message opens the stream' }])
  if (open.protocolVersion !== protocolVersion) {
    const text = `region ${open.region} speaks protocol version ${open.protocolVersion}, region ${partition.region} speaks ${protocolVersion}; run one version of cloudless everywhere`
    throw new CloudlessError('conflict', 'WRONG_PROTOCOL_VERSION', text)
  }
  if (open.jobId !== jobId) {
    throw new CloudlessError('conflict', 'WRONG_JOB', `this parameter server trains job ${jobId}, not "${open.jobId}"`)
  }
  if (open.fromRegion !== partition.region) {
    const text = `this parameter server is region ${partition.region}, not "${open.fromRegion}"; the address is out of date`
    throw new CloudlessError('conflict', 'WRONG_REGION', text)
  }
  if (!partition.members.has(open.region) || open.region === partition.region) {
    const description = `"${open.region}" is not another region of the job; they are ${partition.members.all.join(', ')}`
    throw invalid([{ field: 'open.region', description }])
  }
  for (const field of ['afterSeq', 'resumeOffset'] as const) {
    if (Number.isSafeInteger(open[field]) && open[field] >= 0) continue
    throw invalid([{ field: `open.${field}`, description: `${open[field]} must be a whole number of 0 or more` }])
  }
  return open
}
