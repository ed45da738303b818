// What one incoming link can do, from what it did. The window follows BBR's idea (Cardwell and others, 2016): the greatest
// delivery rate and the least round trip of late give the bandwidth-delay product; twice that in flight keeps the link
// full and leaves at most one product in queues. At first it is four times that, until the rate has stopped growing.
// What is told to others are averages: of the least round trips, which do not count our own queue, and of goodput over
// slices of full use. Payloads that are too small to fill the link say what it carries at least, which is told until there
// is better: a small model has no others.
import { movingAverage } from '../sync/when/link-average.ts'
import {
  channelBytes,
  channelsMax,
  rangeBytesMax,
  rangeBytesMin,
  rangesPerWindow,
  ratesKept,
  roundTripMsDefault,
  roundTripsKept,
  sliceBytesMin,
  sliceMs,
  transferBytesMin,
  transferMsMin,
  windowBytesFirst,
  windowBytesMax,
  windowBytesMin,
  windowMs,
} from './config.ts'

/** What had arrived when a range was asked for. */
export type Mark = { readonly atMs: number; readonly arrivedBytes: number }

/** Less than this is no growth. */
const growth = 1.25
/** Two windows full of ranges. */
const flatRangesMax = 2 * rangesPerWindow

type Slice = { readonly atMs: number; readonly windowBytes: number; bytes: number }

export class LinkMeter {
  #roundTrips: number[] = []
  #rates: number[] = []
  #arrivedBytes = 0
  /** Ranges in a row that showed no greater rate than those before; null once the link is known to be full. */
  #flatRanges: number | null = 0
  #roundTripMs = 0
  #bytesPerSecond = 0
  /** Of what did not fill the link, average; 0 until there was some. */
  #bytesPerSecondAtLeast = 0
  #slice: Slice | null = null
  #lastArrivalMs = 0

  /** Average; 0 until something was measured. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** Average goodput, or what it is at least; 0 until something came whole. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond === 0 ? this.#bytesPerSecondAtLeast : this.#bytesPerSecond
  }

  /** Bytes that should be asked for and under way. */
  get windowBytes(): number {
    const rate = Math.max(0, ...this.#rates)
    const product = (rate * this.#leastRoundTripMs) / 1000
    if (rate === 0) return windowBytesFirst
    const floor = clamp((rate * windowMs) / 1000, rangesPerWindow * rangeBytesMin, windowBytesMin)
    return clamp((this.#flatRanges === null ? 2 : 4) * product, floor, windowBytesMax)
  }

  get rangeBytes(): number {
    return Math.floor(clamp(this.windowBytes / rangesPerWindow, rangeBytesMin, rangeBytesMax))
  }

  /** Connections over which the window is spread. */
  get channels(): number {
    return clamp(Math.ceil(this.windowBytes / channelBytes), 1, channelsMax)
  }

  roundTrip(milliseconds: number): void {
    this.#roundTrips = [...this.#roundTrips, milliseconds].slice(-roundTripsKept)
    this.#roundTripMs = movingAverage(this.#roundTripMs, this.#leastRoundTripMs)
  }

  mark(nowMs: number): Mark {
    return { atMs: nowMs, arrivedBytes: this.#arrivedBytes }
  }

  /** Bytes of a payload came; true when the average changed. */
  arrived(bytes: number, nowMs: number): boolean {
    this.#arrivedBytes += bytes
    this.#lastArrivalMs = nowMs
    const slice = this.#slice
    if (slice === null) {
      this.#slice = { atMs: nowMs, windowBytes: this.windowBytes, bytes: 0 }
      return false
    }
    slice.bytes += bytes
    if (slice.bytes < sliceBytesMin || nowMs - slice.atMs < sliceMs) return false
    return this.#endSlice(nowMs, slice)
  }

  /** A range came whole. `wasIdle` where there was less to ask for than the window allows. */
  completed(mark: Mark, nowMs: number, wasIdle: boolean): void {
    const elapsedMs = nowMs - mark.atMs
    if (elapsedMs <= 0) return
    const bytes = this.#arrivedBytes - mark.arrivedBytes
    const rate = (bytes * 1000) / elapsedMs
    // Of the time since it was asked for the bytes took what is beyond the delay. Jitter of the delay must not make that
    // nothing: a quarter is within what an estimate of the whole time may be wrong by.
    const sendingMs = Math.max(elapsedMs - this.#leastRoundTripMs, elapsedMs / 4)
    this.#bytesPerSecondAtLeast = movingAverage(this.#bytesPerSecondAtLeast, (bytes * 1000) / sendingMs)
    const most = Math.max(0, ...this.#rates)
    if (wasIdle && rate <= most) return
    if (this.#flatRanges !== null) this.#flatRanges = rate > growth * most ? 0 : this.#flatRanges + 1
    if (this.#flatRanges === flatRangesMax) this.#flatRanges = null
    this.#rates = [...this.#rates, rate].slice(-ratesKept)
  }

  /** Nothing is under way any more; true when what is known changed. */
  idle(): boolean {
    const slice = this.#slice
    this.#slice = null
    const isOnlyLeastKnown = this.#bytesPerSecond === 0 && this.#bytesPerSecondAtLeast > 0
    if (slice === null || slice.bytes < transferBytesMin) return isOnlyLeastKnown
    if (this.#lastArrivalMs - slice.atMs < transferMsMin) return isOnlyLeastKnown
    const changed = this.#endSlice(this.#lastArrivalMs, slice)
    this.#slice = null
    return changed
  }

  get #leastRoundTripMs(): number {
    return this.#roundTrips.length === 0 ? roundTripMsDefault : Math.min(...this.#roundTrips)
  }

  #endSlice(nowMs: number, { atMs, windowBytes, bytes }: Slice): boolean {
    this.#slice = { atMs: nowMs, windowBytes: this.windowBytes, bytes: 0 }
    const rate = (bytes * 1000) / (nowMs - atMs)
    // While the window still grows, it is the limit and not the link.
    const isGrowing = this.windowBytes > growth * windowBytes
    if (isGrowing && rate <= this.#bytesPerSecond) return false
    this.#bytesPerSecond = movingAverage(this.#bytesPerSecond, rate)
    return true
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
