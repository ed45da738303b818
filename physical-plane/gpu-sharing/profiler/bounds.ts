// What is known of the latency of configurations that were not tried, from those that were. More of a GPU never makes a function
// slower, nor faster than in proportion; more work at once never makes it faster, nor slower than in proportion. So each probe
// bounds every other point, from below and from above. Recorded surfaces break this by some per cent: `noise` widens both bounds.
// Time quotas may gain more than in proportion (a launch that just misses its quota waits for the next period): `quotaExponent`.
import { quotaExponent } from './config.ts'
import type { Configuration } from './measure.ts'

export type Interval = { readonly lowMs: number; readonly highMs: number }

/** Intervals of latency for a fixed list of configurations; narrows with each probe. */
export class LatencyBounds {
  readonly #logs: readonly Logs[]
  readonly #noise: number
  readonly #low: Float64Array
  readonly #high: Float64Array

  constructor(configurations: readonly Configuration[], noise: number) {
    this.#noise = noise
    this.#logs = configurations.map(logsOf)
    this.#low = new Float64Array(configurations.length).fill(Number.NEGATIVE_INFINITY)
    this.#high = new Float64Array(configurations.length).fill(Number.POSITIVE_INFINITY)
  }

  learn(configuration: Configuration, latencyMs: number): void {
    const from = logsOf(configuration)
    const latency = Math.log(latencyMs)
    const margin = Math.log1p(this.#noise)
    for (const [index, to] of this.#logs.entries()) {
      this.#low[index] = Math.max(this.#low[index]!, latency - gainMost(from, to) - margin)
      this.#high[index] = Math.min(this.#high[index]!, latency + gainMost(to, from) + margin)
    }
  }

  /** Where probes contradict each other, the bounds meet in the middle. */
  of(index: number): Interval {
    const low = this.#low[index]!
    const high = this.#high[index]!
    if (low <= high) return { lowMs: Math.exp(low), highMs: Math.exp(high) }
    const middle = Math.exp((low + high) / 2)
    return { lowMs: middle / (1 + this.#noise), highMs: middle * (1 + this.#noise) }
  }
}

type Logs = { readonly sm: number; readonly quota: number; readonly batch: number; readonly processes: number }

function logsOf({ smMilli, quotaMilli, batch, processes }: Configuration): Logs {
  return {
    sm: Math.log(smMilli),
    quota: quotaExponent * Math.log(quotaMilli),
    batch: Math.log(batch),
    processes: Math.log(processes),
  }
}

/** How much faster `to` can be than `from` at most, as a difference of logarithms. */
function gainMost(from: Logs, to: Logs): number {
  return (
    Math.max(0, to.sm - from.sm) +
    Math.max(0, to.quota - from.quota) +
    Math.max(0, from.batch - to.batch) +
    Math.max(0, from.processes - to.processes)
  )
}
