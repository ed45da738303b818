// Everything that is fetched from one region. Ranges of the payloads in hand, first come, first served, are asked for over
// the region's channels so that the window of the link is always under way; each range that breaks off is asked for
// again from where it stood. What can not be what the region promised is refused, counted and named.
import type { Chunk__Output } from '#proto/generated/cloudless/v1/Chunk.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from '../back-off.ts'
import { Channels, type Channel, type OpenChannel } from './channels.ts'
import { protocolVersion, rangesUnderWayMax, refusalMs, refusalsPerPayloadMax, stalledMs } from './config.ts'
import { endpointOf } from './endpoint-of.ts'
import { LinkMeter, type Mark } from './link-meter.ts'
import type { PeerSide } from './peer-side.ts'
import type { Range, Transfer } from './transfer.ts'
import { TroubleLog } from './trouble-log.ts'
import { chunkWireBytes } from './wire-bytes.ts'
import { wordedBy } from './worded-by.ts'

/** Where regions listen, and who wants to know what comes. */
export type LaneSide = Pick<PeerSide, 'region' | 'received' | 'heard' | 'measured' | 'refused'> & {
  readonly members: Pick<PeerSide['members'], 'book'>
}

export type LaneOptions = {
  readonly region: string
  readonly side: LaneSide
  readonly jobId: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly open: OpenChannel
}

export class Lane {
  readonly meter = new LinkMeter()
  readonly #options: LaneOptions
  readonly #channels: Channels
  readonly #backOff: BackOff
  readonly #troubles: TroubleLog
  #transfers: Transfer[] = []
  readonly #underWay = new Map<AbortController, Transfer>()
  #askedBytes = 0
  #heardAtMs = Number.NEGATIVE_INFINITY
  #isPaused = false
  #isStopped = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.#channels = new Channels(options.open)
    this.#backOff = new BackOff(options.random)
    this.#troubles = new TroubleLog(options.log, options.clock)
  }

  /** Bytes asked for and not yet here. */
  get askedBytes(): number {
    return this.#askedBytes
  }

  get channelCount(): number {
    return this.#channels.count
  }

  /** When a payload's bytes came last. */
  get heardAtMs(): number {
    return this.#heardAtMs
  }

  add(transfer: Transfer): void {
    if (this.#isStopped) return transfer.fail(stopped)
    this.#transfers.push(transfer)
    this.advance()
  }

  /** The transfer is over or nobody wants it any more. */
  remove(transfer: Transfer): void {
    this.#transfers = this.#transfers.filter((other) => other !== transfer)
    for (const [call, other] of this.#underWay) if (other === transfer) call.abort(unwanted)
    this.advance()
  }

  /** Asks for what may be asked for now. Call it whenever the region's address may have changed. */
  advance(): void {
    if (this.#isStopped) return
    const endpoint = endpointOf(this.#options.side.members, this.#options.region)
    if (endpoint !== null && this.#channels.count > 0 && endpoint !== this.#channels.endpoint) this.#leave()
    if (endpoint === null || this.#isPaused) return
    const { windowBytes, rangeBytes } = this.meter
    for (const transfer of this.#transfers) {
      while (this.#askedBytes < windowBytes && this.#underWay.size < rangesUnderWayMax) {
        const range = transfer.next(rangeBytes)
        if (range === null) break
        void this.#fetch(endpoint, transfer, range)
      }
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const transfer of this.#transfers) transfer.fail(stopped)
    this.#leave()
  }

  /** What is under way hangs on an address that is not the region's any more. */
  #leave(): void {
    for (const call of this.#underWay.keys()) call.abort(moved)
    this.#channels.close()
  }

  /** Never rejects. */
  async #fetch(endpoint: string, transfer: Transfer, range: Range): Promise<void> {
    const { clock } = this.#options
    const call = new AbortController()
    this.#underWay.set(call, transfer)
    const mark = this.meter.mark(clock.monotonicMs())
    let channel: Channel | null = null
    let leftBytes = range.end - range.start
    this.#askedBytes += leftBytes
    try {
      channel = this.#channels.pick(endpoint, this.meter.channels)
      channel.askedBytes += leftBytes
      for await (const chunk of this.#chunks(channel, transfer, range, call)) {
        transfer.take(range, chunk)
        const bytes = chunk.data.byteLength
        leftBytes -= bytes
        channel.askedBytes -= bytes
        this.#took(bytes, transfer, leftBytes === 0 ? mark : null)
      }
      transfer.checkWhole(range)
    } catch (error) {
      this.#failed(channel, transfer, call.signal.aborted ? call.signal.reason : error)
    } finally {
      if (channel !== null) channel.askedBytes -= leftBytes
      this.#askedBytes -= leftBytes
      this.#underWay.delete(call)
      transfer.giveBack(range)
      if (this.#underWay.size === 0 && this.meter.idle()) this.#tell()
      this.advance()
    }
  }

  /** The answer to one request. Breaks off when nothing comes for too long. */
  async *#chunks(
    { client }: Channel,
    { sha256 }: Transfer,
    { start, end }: Range,
    call: AbortController,
  ): AsyncGenerator<Chunk__Output, void> {
    const { region, side, jobId, clock } = this.#options
    const whose = { jobId, region: side.region, fromRegion: region, protocolVersion }
    const watch = (): Timer => clock.after(stalledMs, () => call.abort(stalled(region)))
    let stall = watch()
    try {
      const answer = client.fetch({ ...whose, sha256, offset: start, length: end - start }, { signal: call.signal })
      for await (const { chunk } of wordedBy(region, answer)) {
        stall.cancel()
        stall = watch()
        if (chunk === null) throw noChunk(region)
        yield chunk
      }
    } finally {
      stall.cancel()
    }
  }

  /** `whole` is the mark of a range that came to its end with these bytes. */
  #took(bytes: number, transfer: Transfer, whole: Mark | null): void {
    const { region, side, clock } = this.#options
    this.#askedBytes -= bytes
    this.#heardAtMs = clock.monotonicMs()
    this.#backOff.reset()
    side.received(region, chunkWireBytes(bytes))
    side.heard(region)
    if (this.meter.arrived(bytes, this.#heardAtMs)) this.#tell()
    // Here and not at the end of the answer: with a transfer's last range it is broken off.
    if (whole !== null) this.meter.completed(whole, this.#heardAtMs, !this.#transfers.some((other) => other.isWanting))
    if (transfer.isOver) this.remove(transfer)
    else this.advance()
  }

  #tell(): void {
    const { region, side } = this.#options
    const { bytesPerSecond, roundTripMs } = this.meter
    side.measured({ fromRegion: region, bytesPerSecond, roundTripMs })
  }

  #failed(channel: Channel | null, transfer: Transfer, error: unknown): void {
    const { region, side } = this.#options
    if (transfer.isOver || this.#isStopped || error === unwanted || error === moved) return
    const known = error instanceof CloudlessError ? error : null
    if (known?.reason === 'OBJECT_GONE') return transfer.fail(error)
    if (known?.kind === 'invalid' || isTooLarge(known)) {
      side.refused(region, known!.reason, messageOf(error))
      if (known!.reason !== 'PAYLOAD_CORRUPT') transfer.refusals += 1
      if (transfer.mismatches >= refusalsPerPayloadMax) return transfer.fail(differs(region, error))
      if (transfer.refusals >= refusalsPerPayloadMax) {
        return transfer.fail(known!.reason === 'REFUSED_BY_PEER' ? differs(region, error) : error)
      }
    } else if (channel !== null) this.#channels.drop(channel)
    const delayMs = known?.kind === 'conflict' ? refusalMs : this.#backOff.nextMs()
    this.#troubles.tell({ peer: region, delayMs }, messageOf(error), 'fetching from a peer broke off')
    this.#pause(delayMs)
  }

  /** All that was under way breaks off at once when a link is cut; it counts as one attempt. */
  #pause(delayMs: number): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#options.clock.after(delayMs, () => {
      this.#isPaused = false
      this.advance()
    })
  }
}

const unwanted = new CloudlessError('cancelled', 'NOT_WANTED', 'nobody waits for this payload any more')
const moved = new CloudlessError('cancelled', 'ADDRESS_CHANGED', 'the region listens elsewhere now')

const stopped = new CloudlessError('cancelled', 'STOPPED', 'this parameter server is stopping')

function stalled(region: string): CloudlessError {
  return new CloudlessError('unavailable', 'FETCH_STALLED', `nothing came from region ${region} for ${stalledMs} ms`)
}

/** Every byte was here and they were others, again and again; or the region has no such bytes itself. */
function differs(region: string, cause: unknown): CloudlessError {
  const text = `what region ${region} gives is not what it announces: ${messageOf(cause)}`
  return new CloudlessError('invalid', 'PAYLOAD_DIFFERS', text, { cause })
}

function noChunk(region: string): CloudlessError {
  return new CloudlessError('invalid', 'CHUNK_MISSING', `region ${region} answered a fetch without a chunk`, {
    metadata: { region, field: 'chunk' },
  })
}

/** The client itself refused the message, before it was decoded. */
function isTooLarge(error: CloudlessError | null): boolean {
  return error?.kind === 'exhausted' && error.reason === 'RESOURCE_EXHAUSTED'
}
