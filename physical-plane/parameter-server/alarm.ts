// Wakes at the earliest time that was asked for last, and knows when it should have.
import type { Clock, Timer } from '#runtime/clock.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #onTime: () => void
  #timer: Timer | null = null
  #atMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, onTime: () => void) {
    this.#clock = clock
    this.#onTime = onTime
  }

  /** For how long it should have rung already: the process stood still, or its clock was set forward. */
  get overdueMs(): number {
    return Math.max(0, this.#clock.monotonicMs() - this.#atMs)
  }

  /** At this time of the monotonic clock, and not before; infinity is never. */
  set(atMs: number): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#atMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(1, Math.ceil(atMs - this.#clock.monotonicMs()))
    this.#timer = this.#clock.after(delayMs, this.#onTime)
  }
}
