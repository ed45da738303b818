// What an inference search looks for, and what a configuration that was not tried yet promises.
import { invalid } from '#runtime/errors.ts'
import type { Interval } from './bounds.ts'
import { costOf, type Configuration, type Measurement } from './measure.ts'

export type Goal = {
  readonly sloLatencyMs: number
  /** Absent: the most throughput per share of a GPU, Dilu's star point. Else the least share that carries this rate. */
  readonly ratePerSecond?: number
}

export function checkGoal({ sloLatencyMs, ratePerSecond }: Goal): void {
  for (const [field, value] of Object.entries({ slo_latency_ms: sloLatencyMs, rate_per_second: ratePerSecond })) {
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      throw invalid([{ field, description: `${value} is not a positive number; give one` }])
  }
}

/** Greater is better; 0 for what does not do. */
export function valueOf(goal: Goal, configuration: Configuration, measurement: Measurement | null): number {
  if (measurement === null || measurement.latencyMs > goal.sloLatencyMs) return 0
  const { throughputPerSecond } = measurement
  if (goal.ratePerSecond === undefined) return throughputPerSecond / costOf(configuration)
  return throughputPerSecond >= goal.ratePerSecond ? 1 / costOf(configuration) : 0
}

export type Promised = {
  /** Expected gain in the logarithm of value over the best so far; 0 where there can be none. */
  readonly gain: number
  /** That it does, and better than the best. */
  readonly chance: number
}

/** Latency is taken to lie anywhere in its interval, evenly on a logarithmic scale. */
export function promiseOf(goal: Goal, configuration: Configuration, interval: Interval, best: number): Promised {
  const low = Math.log(interval.lowMs)
  const high = Math.max(Math.log(interval.highMs), low + 1e-9)
  const perSecondAtOneMs = configuration.batch * configuration.processes * 1000
  const cost = costOf(configuration)
  const rateLimitMs =
    goal.ratePerSecond === undefined ? Number.POSITIVE_INFINITY : perSecondAtOneMs / goal.ratePerSecond
  // Up to which latency it would do.
  const does = Math.log(Math.min(goal.sloLatencyMs, rateLimitMs))
  if (best === 0) {
    const chance = chanceBelow(does, low, high)
    return { gain: chance, chance }
  }
  if (goal.ratePerSecond !== undefined) {
    const chance = chanceBelow(does, low, high)
    return { gain: chance * Math.max(0, -Math.log(cost * best)), chance }
  }
  // With a latency of this its efficacy would be the best one's.
  const even = Math.log(perSecondAtOneMs / (cost * best))
  const upTo = Math.min(does, even, high)
  if (upTo <= low) return { gain: 0, chance: 0 }
  const gain = ((even - low) ** 2 - (even - upTo) ** 2) / 2 / (high - low)
  return { gain, chance: chanceBelow(Math.min(does, even), low, high) }
}

function chanceBelow(limit: number, low: number, high: number): number {
  return Math.min(1, Math.max(0, (limit - low) / (high - low)))
}
