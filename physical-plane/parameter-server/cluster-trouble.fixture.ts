// For tests: what is wrong with a cluster's links and clocks at the moment.
import type { Clock } from '#runtime/clock.ts'

/** Between attempts over a link that is cut. */
export const retryMs = 500

export type Fetched = {
  readonly from: string
  readonly to: string
  readonly sha256: string
  readonly bytes: Uint8Array
}

export class ClusterTrouble {
  readonly #clock: Clock
  /** Until when a link is cut, by `from to`. */
  readonly #cuts = new Map<string, number>()
  /** How far a region's wall clock is off. */
  readonly #wallOffMs = new Map<string, number>()
  /** For how long a region's process stood still so far. */
  readonly #pausedMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Nothing crosses between the two regions, either way, for so long. */
  cut(one: string, other: string, forMs: number): void {
    const untilMs = this.#clock.now() + forMs
    for (const link of [`${one} ${other}`, `${other} ${one}`]) {
      this.#cuts.set(link, Math.max(untilMs, this.#cuts.get(link) ?? 0))
    }
  }

  isCut(from: string, to: string): boolean {
    return (this.#cuts.get(`${from} ${to}`) ?? 0) > this.#clock.now()
  }

  /** Its process stands still for so long, as a paused machine does: its clock goes on, and its timers ring late. */
  pause(region: string, forMs: number): void {
    this.#pausedMs.set(region, (this.#pausedMs.get(region) ?? 0) + forMs)
  }

  jumpWallClock(region: string, byMs: number): void {
    this.#wallOffMs.set(region, (this.#wallOffMs.get(region) ?? 0) + byMs)
  }

  /** The region's own; what measures durations goes on whoever sets the wall clock. */
  clockOf(region: string): Clock {
    const clock = this.#clock
    return {
      now: () => clock.now() + (this.#wallOffMs.get(region) ?? 0),
      monotonicMs: () => clock.monotonicMs() + (this.#pausedMs.get(region) ?? 0),
      after: (delayMs, run) => clock.after(delayMs, run),
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    }
  }
}
