// Latencies of the last one to two minutes, in two histograms that take turns.
import { LatencyHistogram } from './latency-histogram.ts'

const secondsEach = 60

export class RecentLatency {
  #minute = new LatencyHistogram()
  #lastMinute = new LatencyHistogram()
  #seconds = 0

  add(ms: number): void {
    this.#minute.add(ms)
  }

  /** At the end of every second. */
  tick(): void {
    this.#seconds += 1
    if (this.#seconds < secondsEach) return
    this.#lastMinute = this.#minute
    this.#minute = new LatencyHistogram()
    this.#seconds = 0
  }

  histogram(): LatencyHistogram {
    const recent = new LatencyHistogram()
    recent.addAll(this.#lastMinute)
    recent.addAll(this.#minute)
    return recent
  }
}
