// One region's watch on this one: headers of sealed updates in order as they are made, the newest status whenever it has
// changed, and a pong for every ping. What waits to be said is looked up when the stream can take it, so that a slow link
// gets fewer statuses and never old ones.
import type { WatchOpen__Output } from '#proto/generated/cloudless/v1/WatchOpen.ts'
import type { WatchPeerRequest__Output } from '#proto/generated/cloudless/v1/WatchPeerRequest.ts'
import type { WatchPeerResponse } from '#proto/generated/cloudless/v1/WatchPeerResponse.ts'
import { CloudlessError, invalid, messageOf, type FieldViolation } from '#runtime/errors.ts'
import { admit } from './admission.ts'
import { pongsWaitingMax, textBytesMax } from './config.ts'
import type { PeerServiceOptions } from './peer-service.ts'
import { encodeStatus } from './status-wire.ts'
import { encodeHeader } from './update-wire.ts'
import { eitherChange, type Wakeable } from './either-change.ts'
import { ChangeSignal } from '../change-signal.ts'
import { watchBytes } from './wire-bytes.ts'

/** The newest watch of each region; it ends the one before. */
export type Watches = Map<string, AbortController>

type Requests = AsyncIterator<WatchPeerRequest__Output, unknown>
type Watch = {
  readonly region: string
  readonly over: AbortController
  /** Notified when a ping came. */
  readonly pinged: ChangeSignal
  readonly pongs: number[]
  seq: number
  revision: number
}

export async function* serveWatch(
  options: PeerServiceOptions,
  watches: Watches,
  messages: AsyncIterable<WatchPeerRequest__Output>,
  callSignal: AbortSignal,
): AsyncGenerator<WatchPeerResponse, void> {
  const requests: Requests = messages[Symbol.asyncIterator]()
  const first = await requests.next()
  const open = checkOpen(options, first.done === true ? null : (first.value.open ?? null))
  const { region } = open
  const watch: Watch = {
    region,
    over: new AbortController(),
    pinged: new ChangeSignal(),
    pongs: [],
    seq: open.afterSeq,
    revision: -1,
  }
  watches.get(region)?.abort(replaced(region))
  watches.set(region, watch.over)
  options.log.info({ peer: region, afterSeq: open.afterSeq }, 'a peer watches')
  options.side.called(region, open.endpoint)
  const stop = (): void => watch.over.abort(callSignal.reason)
  callSignal.addEventListener('abort', stop, { once: true })
  void takeRequests(options, watch, requests)
  try {
    yield* answers(options, watch)
  } catch (error) {
    if (watch.over.signal.reason !== ended) throw error
  } finally {
    callSignal.removeEventListener('abort', stop)
    if (watches.get(region) === watch.over) watches.delete(region)
    watch.over.abort(ended)
    // Not awaited: a reader of it may still be waiting for the next message.
    void requests.return?.()
  }
}

async function* answers({ side }: PeerServiceOptions, watch: Watch): AsyncGenerator<WatchPeerResponse, void> {
  const { signal } = watch.over
  const sources: readonly Wakeable[] = [side.changed, watch.pinged]
  for (;;) {
    signal.throwIfAborted()
    const message = nextAnswer(side, watch)
    if (message === null) {
      await eitherChange(sources, signal)
      continue
    }
    // Counted before it is handed over: after a cut the count may be a little high, never low.
    side.sent(watch.region, watchBytes(message))
    yield message
  }
}

/** What is most urgent: round trips are being measured, and a status may unblock everybody. */
function nextAnswer(side: PeerServiceOptions['side'], watch: Watch): WatchPeerResponse | null {
  const number = watch.pongs.shift()
  if (number !== undefined) return { pong: { number } }
  const { status } = side
  if (status.revision !== watch.revision) {
    watch.revision = status.revision
    return { status: encodeStatus(status) }
  }
  const header = side.updateAfter(watch.seq)
  if (header === null) return null
  watch.seq = header.seq
  return { header: encodeHeader(header, watch.region) }
}

async function takeRequests({ side, log }: PeerServiceOptions, watch: Watch, requests: Requests): Promise<void> {
  const { region, over } = watch
  try {
    for (;;) {
      const next = await requests.next()
      if (next.done === true) return over.abort(ended)
      const { ack, ping } = next.value
      if (ack !== null && ack !== undefined) side.acknowledge(region, checkCount('ack.durableSeq', ack.durableSeq))
      else if (ping !== null && ping !== undefined) queuePong(watch, ping.number)
      else throw invalid([{ field: 'ack', description: 'is missing; after open only ack and ping may follow' }])
    }
  } catch (error) {
    if (!over.signal.aborted) log.info({ peer: region, error: messageOf(error) }, 'the watch of a peer broke off')
    over.abort(error)
  }
}

function queuePong({ region, pongs, pinged }: Watch, number: number): void {
  if (pongs.length >= pongsWaitingMax) {
    const text = `region ${region} sent ${pongs.length + 1} pings without waiting for the pongs; the limit is ${pongsWaitingMax}`
    throw new CloudlessError('exhausted', 'TOO_MANY_PINGS', text)
  }
  pongs.push(checkCount('ping.number', number))
  pinged.notify()
}

/** Why a stream ends in good order: its reader is gone. */
const ended = new CloudlessError('cancelled', 'STREAM_ENDED', 'the receiver ended the stream')

function replaced(region: string): CloudlessError {
  return new CloudlessError('cancelled', 'STREAM_REPLACED', `region ${region} opened a newer stream`)
}

function checkOpen({ side, jobId }: PeerServiceOptions, open: WatchOpen__Output | null): WatchOpen__Output {
  if (open === null) throw invalid([{ field: 'open', description: 'is missing; the first message opens the stream' }])
  admit(open, side, jobId, 'open.')
  const violations: FieldViolation[] = []
  if (!isCount(open.afterSeq)) {
    violations.push({ field: 'open.afterSeq', description: `${open.afterSeq} must be a whole number of 0 or more` })
  }
  if (Buffer.byteLength(open.endpoint) > textBytesMax || /\s/.test(open.endpoint)) {
    violations.push({ field: 'open.endpoint', description: 'must be an address as host:port, or empty' })
  }
  if (violations.length > 0) throw invalid(violations)
  return open
}

function checkCount(field: string, value: number): number {
  if (isCount(value)) return value
  throw invalid([{ field, description: `${value} must be a whole number of 0 or more` }])
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
