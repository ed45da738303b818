// What the gateway sees of one function or pipeline, second by second: the autoscaler's input, percentiles of the last minute, totals,
// and how fast the budget of errors that the objective leaves is used up (1: exactly as fast as it may be).
// Where the objective is of tokens, latencies are of one token of an answer: all of its time by their number.
// A request that is refused or fails is, to whoever sent it, one over its objective; burn counts it so.
import type { Second } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { GatewayConfig } from './config.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { RecentLatency } from './recent-latency.ts'
import type { RoutedSlo } from './routes.ts'

export type MeasuredObjective = RoutedSlo | null

export type Totals = {
  readonly arrived: number
  readonly answered: number
  readonly refused: number
  readonly overSlo: number
  /** Of those answered: told that it could not be done. */
  readonly failed: number
  /** Given to a second instance, as the first one was lost. */
  readonly retried: number
  /** Whose client left before the answer. */
  readonly cancelled: number
}

export type Burn = { readonly short: number; readonly long: number }

type Counts = { -readonly [K in keyof Totals]: Totals[K] }

const nothing: Totals = { arrived: 0, answered: 0, refused: 0, overSlo: 0, failed: 0, retried: 0, cancelled: 0 }

export class Measured {
  readonly #config: GatewayConfig
  readonly #second: LatencyHistogram = new LatencyHistogram()
  readonly #recent = new RecentLatency()
  readonly #seconds: Second[] = []
  /** At the beginning of the second that runs. */
  #before: Counts = { ...nothing }
  readonly #now: Counts = { ...nothing }
  readonly #ended: Uint32Array
  readonly #bad: Uint32Array
  #ticks = 0
  #objective: MeasuredObjective

  constructor(objective: MeasuredObjective, config: GatewayConfig) {
    this.#objective = objective
    this.#config = config
    this.#ended = new Uint32Array(config.burnLongSeconds)
    this.#bad = new Uint32Array(config.burnLongSeconds)
  }

  get totals(): Totals {
    return this.#now
  }
  /** Oldest first. */
  get seconds(): readonly Second[] {
    return this.#seconds
  }

  objectiveIs(objective: MeasuredObjective): void {
    this.#objective = objective
  }

  arrived(): void {
    this.#now.arrived += 1
  }

  refused(): void {
    this.#now.refused += 1
  }

  /** `tokens`: of the answer, where its instance counts them. */
  answered(tookMs: number, isFailed: boolean, tokens: number | null = null): void {
    this.#now.answered += 1
    if (isFailed) {
      this.#now.failed += 1
      this.#now.overSlo += 1
      return
    }
    const eachMs = this.#objective?.per === 'token' ? (tokens === null ? null : tookMs / tokens) : tookMs
    // Whose tokens nobody counted can not be judged by them.
    if (eachMs === null) return
    this.#second.add(eachMs)
    this.#recent.add(eachMs)
    if (this.#objective !== null && eachMs > this.#objective.latencyMs) this.#now.overSlo += 1
  }

  retried(): void {
    this.#now.retried += 1
  }

  cancelled(): void {
    this.#now.cancelled += 1
  }

  /** At the end of every second. */
  tick(atMs: number, queued: number, inFlight: number): void {
    const { arrived, answered, refused, overSlo } = difference(this.#now, this.#before)
    const latencyMs = this.#second.percentileMs(this.#objective?.percentile ?? 99)
    this.#seconds.push({ atMs, arrived, answered, refused, overSlo, queued, inFlight, latencyMs })
    if (this.#seconds.length > this.#config.secondsKept) this.#seconds.shift()
    this.#ended[this.#ticks % this.#ended.length] = answered + refused
    this.#bad[this.#ticks % this.#bad.length] = overSlo + refused
    this.#ticks += 1
    this.#before = { ...this.#now }
    this.#second.clear()
    this.#recent.tick()
  }

  /** Of one to two minutes. */
  recent(): LatencyHistogram {
    return this.#recent.histogram()
  }

  burn(): Burn {
    return { short: this.#burnOver(this.#config.burnShortSeconds), long: this.#burnOver(this.#config.burnLongSeconds) }
  }

  #burnOver(seconds: number): number {
    if (this.#objective === null) return 0
    const { length } = this.#ended
    let ended = 0
    let bad = 0
    for (let back = 1; back <= Math.min(seconds, this.#ticks, length); back += 1) {
      const at = (this.#ticks - back) % length
      ended += this.#ended[at]!
      bad += this.#bad[at]!
    }
    const budget = Math.max(1e-6, 1 - this.#objective.percentile / 100)
    return ended === 0 ? 0 : bad / ended / budget
  }
}

function difference(now: Totals, before: Totals): Totals {
  const names = Object.keys(nothing) as (keyof Totals)[]
  return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as Totals
}
