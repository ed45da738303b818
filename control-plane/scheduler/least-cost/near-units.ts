// Of places with many units, the choices that can still be part of a better plan than the best that is known: fast enough for the
// time that is left, and no dearer than what is better leaves when every other place takes the cheapest units that it can.
// Where these are few, search-units.ts can go through all of them, and knows what search-times.ts can only promise.
import { throughputTolerance } from '../config.ts'
import type { Floor } from '../policy.ts'
import type { Goal } from './goal.ts'
import { longestTime, worthAtLeast, type Found } from './search-times.ts'
import type { Option } from './search-units.ts'
import type { Group } from './staircase.ts'

export type NearInput = {
  readonly goal: Goal
  readonly floor: Floor
  readonly groups: readonly Group[]
  /** With every unit. */
  readonly leastSeconds: number
  /** No plan takes less in all. */
  readonly secondsAtLeast: number
  readonly best: Found
  /** What is not better by more than this share is not looked for. */
  readonly tolerance: number
  /** Combinations of units of one place that are looked at for the cheapest ones. */
  readonly coverNodes: number
  /** Choices in one place. */
  readonly optionsMax: number
}

/** The cheapest first, in the order of the groups; null where there are too many, or no end to them is known. */
export function nearUnits(input: NearInput): readonly (readonly Option[])[] | null {
  const { goal, floor, groups, best, tolerance } = input
  const longest = longestTime(goal, floor)
  if (goal.minimise !== 'usd' || longest === Number.POSITIVE_INFINITY) return null
  const training = leastTraining(input)
  const usdPerHourMax = ((best.forecast.totalUsd * (1 - tolerance) - floor.usd) * 3600) / training
  const cheapest = groups.map(({ coverer, samples }) => {
    return coverer.cover(samples / longest, { nodesMax: input.coverNodes, tolerance: 0 }).usdPerHourAtLeast
  })
  const all = cheapest.reduce((sum, usd) => sum + usd, 0)
  const options: (readonly Option[])[] = []
  for (const [g, group] of groups.entries()) {
    const near = optionsWithin(group, longest, usdPerHourMax - all + cheapest[g]!, input.optionsMax)
    if (near === null) return null
    options.push(near)
  }
  return options
}

/** Seconds that units are paid for, at least. */
export function leastTraining({ floor, leastSeconds, secondsAtLeast }: Omit<NearInput, 'goal' | 'best'>): number {
  const { seconds } = worthAtLeast(floor, 0, leastSeconds)
  return Math.max(seconds, secondsAtLeast) - floor.movementSeconds
}

function optionsWithin(group: Group, longest: number, usdMax: number, optionsMax: number): readonly Option[] | null {
  const { devices, unitsMax } = group.place
  const rateMin = (group.samples / longest) * (1 - throughputTolerance)
  // Of the classes from each one on.
  const rateLeft = devices.map((_, i) =>
    devices
      .slice(i)
      .reduce((sum, { unitsFree, samplesPerSecondPerUnit }) => sum + unitsFree * samplesPerSecondPerUnit, 0),
  )
  const fastestLeft = devices.map((_, i) =>
    Math.max(...devices.slice(i).map((device) => device.samplesPerSecondPerUnit)),
  )
  const options: Option[] = []
  // One list for all of them: a million short ones are most of the work otherwise.
  const counts = devices.map(() => 0)
  let nodes = 0
  const visit = (depth: number, units: number, usd: number, rate: number): void => {
    nodes += 1
    const rateMore = Math.min(rateLeft[depth] ?? 0, (unitsMax - units) * (fastestLeft[depth] ?? 0))
    if (nodes > 20 * optionsMax || rate + rateMore < rateMin) return
    if (depth === devices.length) {
      if (units === 0) return
      const chosen = new Map(devices.map(({ key }, d) => [key, counts[d]!]))
      options.push({ units: chosen, usdPerHour: usd, seconds: group.samples / rate })
      return
    }
    const { unitsFree, usdPerUnitHour, samplesPerSecondPerUnit } = devices[depth]!
    for (let n = 0; n <= Math.min(unitsFree, unitsMax - units); n++) {
      const cost = usd + n * usdPerUnitHour
      if (cost > usdMax * (1 + 1e-9)) break
      counts[depth] = n
      visit(depth + 1, units + n, cost, rate + n * samplesPerSecondPerUnit)
    }
  }
  visit(0, 0, 0, 0)
  if (nodes > 20 * optionsMax || options.length > optionsMax) return null
  return options.toSorted((a, b) => a.usdPerHour - b.usdPerHour || a.seconds - b.seconds)
}
