// The link from one other region to this one: a watch that is kept open, over which come signs of life, statuses, round
// trips and the headers of updates. After a cut it opens again where it stood; what is refused is counted and named, and
// the link goes on.
import type { UpdateHeader__Output } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import type { PeerStatus__Output } from '#proto/generated/cloudless/v1/PeerStatus.ts'
import type { WatchPeerResponse__Output } from '#proto/generated/cloudless/v1/WatchPeerResponse.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from '../back-off.ts'
import { ChangeSignal } from '../change-signal.ts'
import type { OpenPeer } from './channels.ts'
import { protocolVersion, refusalMs, silentMs } from './config.ts'
import { endpointOf } from './endpoint-of.ts'
import type { Lane } from './lane.ts'
import { OpenWatch } from './open-watch.ts'
import type { PayloadMemory } from './payload-memory.ts'
import type { PeerFetcher, PeerSide } from './peer-side.ts'
import { decodeStatus } from './status-wire.ts'
import { TroubleLog } from './trouble-log.ts'
import type { UpdateHeader } from '../sync/update.ts'
import { UpdateIntake } from './update-intake.ts'
import { decodeHeader } from './update-wire.ts'
import { watchBytes } from './wire-bytes.ts'
import { isRefusal, wordedBy } from './worded-by.ts'

export type PeerLinkOptions = {
  readonly region: string
  readonly side: PeerSide
  readonly lane: Lane
  readonly fetcher: PeerFetcher
  readonly memory: PayloadMemory
  readonly jobId: string
  readonly pingMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly open: OpenPeer
}

export class PeerLink {
  readonly #options: PeerLinkOptions
  readonly #stopping = new AbortController()
  readonly #roomMade = new ChangeSignal()
  readonly #intake: UpdateIntake
  readonly #backOff: BackOff
  readonly #troubles: TroubleLog
  readonly #loop: Promise<void>
  #watch: OpenWatch | null = null
  #newest: Pick<PeerStatus__Output, 'incarnation' | 'revision'> | null = null

  /** Starts at once. */
  constructor(options: PeerLinkOptions) {
    const { region, side, fetcher, memory, random, log, clock } = options
    this.#options = options
    this.#backOff = new BackOff(random)
    this.#troubles = new TroubleLog(log, clock)
    this.#intake = new UpdateIntake({
      region,
      side,
      fetcher,
      memory,
      signal: this.#stopping.signal,
      onFailure: (error) => {
        this.#refuse(error)
        this.#watch?.over.abort(error)
      },
      onRoom: () => this.#roomMade.notify(),
    })
    this.#loop = this.#follow()
  }

  /** Says the last acknowledgements and ends; what hangs then is cut off at `deadline`. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort(stopped)
    const cut = (): void => this.#watch?.over.abort(stopped)
    deadline.addEventListener('abort', cut, { once: true })
    await Promise.all([this.#loop, this.#intake.ended()])
    deadline.removeEventListener('abort', cut)
  }

  /** Never rejects. */
  async #follow(): Promise<void> {
    const { region, side } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const endpoint = endpointOf(side.members, region)
      if (endpoint === null) {
        await side.changed.wait(signal).catch(() => {})
        continue
      }
      try {
        await this.#watchAt(endpoint)
      } catch (error) {
        if (signal.aborted) return
        if (error === repositioned) continue
        const delayMs = isRefusal(error) ? refusalMs : this.#backOff.nextMs()
        this.#troubles.tell({ peer: region, endpoint, delayMs }, messageOf(error), 'watching a peer broke off')
        await this.#sleep(delayMs, endpoint)
      }
    }
  }

  async #watchAt(endpoint: string): Promise<void> {
    const { region, side, jobId, open, clock, lane } = this.#options
    // What waited for an address can go.
    lane.advance()
    const client = open(endpoint, 0)
    const watch = new OpenWatch(endpoint, this.#intake.lastSeq, clock.monotonicMs())
    const opening = { jobId, region: side.region, fromRegion: region, afterSeq: watch.seq, protocolVersion }
    watch.requests.offer({ open: { ...opening, endpoint: side.endpoint } })
    this.#watch = watch
    const telling = this.#tell(watch)
    const pinging = this.#ping(watch)
    try {
      const messages = client.watchPeer(watch.requests, { signal: watch.over.signal })
      for await (const message of wordedBy(region, messages)) {
        await this.#take(watch, message)
        this.#backOff.reset()
      }
      if (!this.#stopping.signal.aborted) {
        throw new CloudlessError('unavailable', 'STREAM_ENDED', `region ${region} ended its stream`)
      }
    } catch (error) {
      throw watch.over.signal.aborted ? watch.over.signal.reason : error
    } finally {
      this.#watch = null
      watch.over.abort(stopped)
      watch.requests.end()
      pinging.stop()
      await telling
      client.close()
    }
  }

  /** Acknowledges what becomes durable, and ends the watch when it is at the wrong place. */
  async #tell(watch: OpenWatch): Promise<void> {
    const { region, side, lane } = this.#options
    const either = AbortSignal.any([watch.over.signal, this.#stopping.signal])
    while (!either.aborted) {
      watch.acknowledge(side.durableSeqOf(region))
      if (endpointOf(side.members, region) !== watch.endpoint) {
        lane.advance()
        return watch.over.abort(movedFrom(region, watch.endpoint))
      }
      // A snapshot was taken over: what comes next on this stream is known already, or never comes.
      if (side.appliedSeqOf(region) > watch.seq) return watch.over.abort(repositioned)
      await side.changed.wait(either).catch(() => {})
    }
    watch.acknowledge(side.durableSeqOf(region))
    watch.requests.end()
  }

  #ping(watch: OpenWatch): { readonly stop: () => void } {
    const { clock, pingMs, region, lane } = this.#options
    let timer: Timer
    const tick = (): void => {
      const nowMs = clock.monotonicMs()
      // Behind a payload on a thin link a pong may wait for long; the payload is a sign of life as well.
      if (watch.isSilent(nowMs) && nowMs - lane.heardAtMs > silentMs) return watch.over.abort(silent(region))
      watch.ping(nowMs)
      timer = clock.after(pingMs, tick)
    }
    timer = clock.after(pingMs, tick)
    return { stop: () => timer.cancel() }
  }

  async #take(watch: OpenWatch, message: WatchPeerResponse__Output): Promise<void> {
    const { region, side, clock } = this.#options
    const { header, status, pong } = message
    watch.heard(clock.monotonicMs())
    side.received(region, watchBytes(message))
    side.heard(region)
    if (header !== null && header !== undefined) await this.#takeHeader(watch, header)
    else if (status !== null && status !== undefined) this.#takeStatus(status)
    else if (pong !== null && pong !== undefined) this.#takePong(watch, pong.number)
  }

  /** One that does not even say which update it is of ends the watch: what follows it would have a gap. */
  async #takeHeader(watch: OpenWatch, wire: UpdateHeader__Output): Promise<void> {
    const { region, side } = this.#options
    try {
      const header = decodedOrWrong(() => decodeHeader(wire, region, side.region, side.members))
      const isWrong = header instanceof CloudlessError
      if (isWrong && !isUpdateOf(region, wire)) throw header
      watch.isBusy = true
      while (this.#intake.isFull) await this.#roomMade.wait(watch.over.signal)
      if (isWrong) this.#intake.leaveOut(wire.seq, header)
      else this.#intake.add(header)
      watch.seq = Math.max(watch.seq, wire.seq)
    } catch (error) {
      this.#refuse(error)
      throw error
    } finally {
      watch.isBusy = false
    }
  }

  /** One that is refused changes nothing; the next one says everything again. */
  #takeStatus(wire: PeerStatus__Output): void {
    const { region, side } = this.#options
    const newest = this.#newest
    if (newest !== null && newest.incarnation === wire.incarnation && wire.revision <= newest.revision) return
    try {
      const status = decodeStatus(wire, side.members)
      this.#newest = { incarnation: status.incarnation, revision: status.revision }
      side.statusChanged(region, status)
    } catch (error) {
      if (!(error instanceof CloudlessError)) throw error
      this.#refuse(error)
    }
  }

  #takePong(watch: OpenWatch, number: number): void {
    const { region, side, clock, lane } = this.#options
    const roundTripMs = watch.pong(number, clock.monotonicMs())
    if (roundTripMs === null) {
      return this.#refuse(new CloudlessError('invalid', 'UNKNOWN_PONG', `pong ${number} answers no ping`))
    }
    lane.meter.roundTrip(roundTripMs)
    side.measured({
      fromRegion: region,
      bytesPerSecond: lane.meter.bytesPerSecond,
      roundTripMs: lane.meter.roundTripMs,
    })
  }

  /** Until the time is over or the region listens elsewhere. */
  async #sleep(delayMs: number, endpoint: string): Promise<void> {
    const { region, side, clock } = this.#options
    const over = new AbortController()
    const either = AbortSignal.any([over.signal, this.#stopping.signal])
    const slept = clock.sleep(delayMs, either).then(() => over.abort())
    while (!either.aborted && endpointOf(side.members, region) === endpoint) {
      await side.changed.wait(either).catch(() => {})
    }
    over.abort()
    await slept
  }

  #refuse(error: unknown): void {
    const { region, side } = this.#options
    if (!(error instanceof CloudlessError)) return
    // A fetch that was refused has said so itself, and a stream that broke off is nobody's fault.
    if (error.metadata['field'] === 'chunk' || !isRefusal(error)) return
    side.refused(region, error.reason, `region ${region}: ${error.message}`)
  }
}

function decodedOrWrong(decode: () => UpdateHeader): UpdateHeader | CloudlessError {
  try {
    return decode()
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
}

function isUpdateOf(region: string, wire: UpdateHeader__Output): boolean {
  return wire.region === region && Number.isSafeInteger(wire.seq) && wire.seq >= 1
}

const stopped = new CloudlessError('cancelled', 'STOPPED', 'this parameter server is stopping')
const repositioned = new CloudlessError('cancelled', 'REPOSITIONED', 'a snapshot holds what the stream would bring')

function movedFrom(region: string, endpoint: string): CloudlessError {
  return new CloudlessError('cancelled', 'ADDRESS_CHANGED', `region ${region} left ${endpoint}`)
}

function silent(region: string): CloudlessError {
  return new CloudlessError('unavailable', 'PEER_SILENT', `nothing came from region ${region} for ${silentMs} ms`)
}
