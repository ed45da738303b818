// Where an inference function should run: the configuration with the best efficacy that meets the SLO, or the least share that
// carries a rate. Growth opens (growth.ts); from then on each probe goes where the bounds of latency (bounds.ts) promise most,
// until they promise nothing, or the budget is spent. Only what was measured is answered, so a point that misses is never.
import { LatencyBounds } from './bounds.ts'
import {
  budgetProbesMin,
  budgetShare,
  expectedGainMin,
  growthBudgetShare,
  noiseLevels,
  noiseLevelsInNeed,
} from './config.ts'
import { checkGoal, promiseOf, valueOf, type Goal } from './goal.ts'
import { configurationsOf, type Grid } from './grid.ts'
import { grow } from './growth.ts'
import { describe, type Configuration, type Measurement } from './measure.ts'
import type { Probe, Probes } from './probes.ts'

export type Found = {
  readonly kind: 'found'
  readonly configuration: Configuration
  readonly measurement: Measurement
  /** Throughput per whole GPU, or one over the share: what the goal asked for. */
  readonly value: number
  /** False where the budget ended the search. */
  readonly isSettled: boolean
}
export type NotFound = { readonly kind: 'none'; readonly because: string; readonly isSettled: boolean }
export type Answer = Found | NotFound

export type SearchOptions = {
  readonly probes: Probes
  readonly grid: Grid
  readonly goal: Goal
  /** New probes that this search may make. */
  readonly probesMax?: number
  /** 0: until the bounds prove that nothing better is left. */
  readonly gainMin?: number
}

export async function searchInference(options: SearchOptions): Promise<Answer> {
  const { probes, grid, goal } = options
  checkGoal(goal)
  const configurations = configurationsOf(grid)
  const probesMax = options.probesMax ?? budgetOf(configurations.length)
  const madeMax = probes.made + probesMax
  const growthMax = probes.made + Math.floor(growthBudgetShare * probesMax)
  await probeWithin(probes, largest(grid), madeMax)
  await grow(grid, goal, (configuration) => probeWithin(probes, configuration, growthMax))
  const isSettled = await refine(configurations, options, madeMax)
  const best = bestOf(goal, probes.known)
  if (best !== null) return { kind: 'found', ...best, isSettled }
  return { kind: 'none', because: whyNot(goal, probes.known), isSettled }
}

export function budgetOf(points: number): number {
  return Math.min(points, Math.max(budgetProbesMin, Math.floor(budgetShare * points)))
}

/** The best of what was measured; of equals the one that answers sooner. */
function bestOf(goal: Goal, known: readonly Probe[]) {
  let best: { configuration: Configuration; measurement: Measurement; value: number } | null = null
  for (const { configuration, measurement } of known) {
    const value = valueOf(goal, configuration, measurement)
    if (measurement === null || value === 0) continue
    const isBetter =
      best === null ||
      value > best.value ||
      (value === best.value && measurement.latencyMs < best.measurement.latencyMs)
    if (isBetter) best = { configuration, measurement, value }
  }
  return best
}

/** Answers whether it ended because nothing is promised any more. */
async function refine(
  configurations: readonly Configuration[],
  options: SearchOptions,
  madeMax: number,
): Promise<boolean> {
  const { probes, goal, gainMin = expectedGainMin } = options
  for (const [level, noise] of [...noiseLevels, ...noiseLevelsInNeed].entries()) {
    if (level >= noiseLevels.length && bestOf(goal, probes.known) !== null) return true
    const map = new Unknown(configurations, probes.known, noise)
    for (;;) {
      const best = bestOf(goal, probes.known)?.value ?? 0
      const next = map.mostPromising(goal, best, gainMin)
      if (next === null) break
      const measurement = await probeWithin(probes, next, madeMax)
      if (measurement === undefined) return false
      map.learn({ configuration: next, measurement })
    }
  }
  return true
}

/** The configurations that were not tried, and what is known of them at one level of noise. */
class Unknown {
  readonly #configurations: readonly Configuration[]
  readonly #bounds: LatencyBounds
  readonly #left: Set<number>

  constructor(configurations: readonly Configuration[], known: readonly Probe[], noise: number) {
    this.#configurations = configurations
    this.#bounds = new LatencyBounds(configurations, noise)
    this.#left = new Set(configurations.keys())
    for (const probe of known) this.learn(probe)
  }

  learn({ configuration, measurement }: Probe): void {
    if (measurement !== null) this.#bounds.learn(configuration, measurement.latencyMs)
    for (const index of this.#left) {
      const other = this.#configurations[index]!
      if (isSame(other, configuration) || (measurement === null && needsMore(other, configuration)))
        this.#left.delete(index)
    }
  }

  /** Where most is to be gained, leaning to what is likely to do: probes that miss teach little of those that do. */
  mostPromising(goal: Goal, best: number, gainMin: number): Configuration | null {
    let most = 0
    let gainMost = 0
    let found: Configuration | null = null
    for (const index of this.#left) {
      const configuration = this.#configurations[index]!
      const { gain, chance } = promiseOf(goal, configuration, this.#bounds.of(index), best)
      gainMost = Math.max(gainMost, gain)
      const score = gain * chance * chance
      if (score <= most) continue
      most = score
      found = configuration
    }
    return best > 0 && gainMost < gainMin ? null : found
  }
}

function isSame(a: Configuration, b: Configuration): boolean {
  return a.smMilli === b.smMilli && a.quotaMilli === b.quotaMilli && a.batch === b.batch && a.processes === b.processes
}

/** As much work or more on as much of a GPU or less: where the other's memory did not fit, this one's does not. */
function needsMore(a: Configuration, b: Configuration): boolean {
  return a.batch >= b.batch && a.processes >= b.processes && a.smMilli <= b.smMilli
}

async function probeWithin(
  probes: Probes,
  configuration: Configuration,
  madeMax: number,
): Promise<Measurement | null | undefined> {
  if (!probes.has(configuration) && probes.made >= madeMax) return undefined
  return await probes.at(configuration)
}

/** All of the GPU with the least work: whether anything can do at all. */
function largest({ smMilli, quotaMilli, batch, processes }: Grid): Configuration {
  return { smMilli: smMilli.at(-1)!, quotaMilli: quotaMilli.at(-1)!, batch: batch[0]!, processes: processes[0]! }
}

function whyNot({ sloLatencyMs, ratePerSecond }: Goal, known: readonly Probe[]): string {
  const ran = known.flatMap(({ configuration, measurement }) =>
    measurement === null ? [] : [{ configuration, measurement }],
  )
  if (ran.length === 0) return `it ran in none of ${known.length} configurations; its memory may not fit`
  const quickest = ran.reduce((a, b) => (b.measurement.latencyMs < a.measurement.latencyMs ? b : a))
  const { latencyMs } = quickest.measurement
  if (latencyMs > sloLatencyMs)
    return `the quickest of ${known.length} probes took ${latencyMs.toFixed(1)} ms (${describe(quickest.configuration)}), and the SLO is ${sloLatencyMs} ms`
  const most = Math.max(
    ...ran.map(({ measurement }) => (measurement.latencyMs <= sloLatencyMs ? measurement.throughputPerSecond : 0)),
  )
  return `the most that met ${sloLatencyMs} ms in ${known.length} probes was ${most.toFixed(1)} per second, of ${ratePerSecond} that are asked for`
}
