// Wakes at the earliest time that was asked for last.
import type { Clock, Timer } from '#runtime/clock.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #onTime: () => void
  #timer: Timer | null = null

  constructor(clock: Clock, onTime: () => void) {
    this.#clock = clock
    this.#onTime = onTime
  }

  /** At this time of the monotonic clock, and not before; infinity is never. */
  set(atMs: number): void {
    this.#timer?.cancel()
    this.#timer = null
    if (atMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(1, Math.ceil(atMs - this.#clock.monotonicMs()))
    this.#timer = this.#clock.after(delayMs, this.#onTime)
  }
}
