// From what an inference function can do to the share that it asks for. The star point is one instance's working point: what is
// beyond its throughput goes to more instances (horizontal), never to one that is less efficient. The request carries an instance's
// part of the rate within the SLO; the limit carries a burst of it, and is used while others leave it (vertical).
import { invalid } from '#runtime/errors.ts'
import { burstFactor, growthTolerance } from './config.ts'
import { valueOf } from './goal.ts'
import { configurationsOf, type Grid } from './grid.ts'
import { budgetOf, searchInference, type Answer, type Found } from './inference-search.ts'
import { costOf, type Configuration } from './measure.ts'
import type { Probes } from './probes.ts'

export type InferenceShare = {
  readonly kind: 'found'
  readonly star: Found
  readonly instances: number
  readonly request: Working
  readonly limit: Working
}

/** A share in thousandths of a GPU, and how it is used. */
export type Working = { readonly milli: number; readonly configuration: Configuration; readonly perSecond: number }

export type InferenceShareOptions = {
  readonly probes: Probes
  readonly grid: Grid
  readonly sloLatencyMs: number
  /** Absent: as much as one instance carries at the star point. */
  readonly ratePerSecond?: number
}

export async function searchInferenceShare(
  options: InferenceShareOptions,
): Promise<InferenceShare | Exclude<Answer, Found>> {
  const { probes, grid, sloLatencyMs, ratePerSecond } = options
  if (ratePerSecond !== undefined && !(Number.isFinite(ratePerSecond) && ratePerSecond > 0))
    throw invalid([{ field: 'rate_per_second', description: `${ratePerSecond} is not a positive number; give one` }])
  const best = await searchInference({ probes, grid, goal: { sloLatencyMs } })
  if (best.kind === 'none') return best
  const star = smallestNear(best, sloLatencyMs, probes)
  const capacity = star.measurement.throughputPerSecond
  const instances = Math.ceil((ratePerSecond ?? capacity) / capacity)
  const each = (ratePerSecond ?? capacity) / instances
  // Much is known by now.
  const probesMax = Math.ceil(budgetOf(configurationsOf(grid).length) / 2)
  const leastFor = async (rate: number): Promise<Answer> =>
    await searchInference({ probes, grid, goal: { sloLatencyMs, ratePerSecond: rate }, probesMax })
  const least = await leastFor(each)
  const request = workingOf(least.kind === 'found' ? least : star)
  const burst = await leastFor(burstFactor * each)
  const limit = burst.kind === 'found' ? workingOf(burst) : mostWithin(sloLatencyMs, probes, request)
  return { kind: 'found', star, instances, request, limit: limit.milli < request.milli ? request : limit }
}

/** Of points that are about as efficient the least share: small ones are easier to place, and their number follows the load closer. */
function smallestNear(best: Found, sloLatencyMs: number, probes: Probes): Found {
  let star = best
  for (const { configuration, measurement } of probes.known) {
    const value = valueOf({ sloLatencyMs }, configuration, measurement)
    if (measurement === null || value < (1 - growthTolerance) * best.value) continue
    const costs = costOf(configuration) - costOf(star.configuration)
    if (costs < 0 || (costs === 0 && value > star.value)) star = { ...best, configuration, measurement, value }
  }
  return star
}

function workingOf({ configuration, measurement }: Pick<Found, 'configuration' | 'measurement'>): Working {
  const milli = Math.ceil(1000 * costOf(configuration) - 1e-9)
  return { milli, configuration, perSecond: measurement.throughputPerSecond }
}

/** Where no share carries the burst: the least of those that carry most. */
function mostWithin(sloLatencyMs: number, probes: Probes, request: Working): Working {
  let most = request
  for (const { configuration, measurement } of probes.known) {
    if (measurement === null || measurement.latencyMs > sloLatencyMs) continue
    const one = workingOf({ configuration, measurement })
    if (one.perSecond > most.perSecond || (one.perSecond === most.perSecond && one.milli < most.milli)) most = one
  }
  return most
}
