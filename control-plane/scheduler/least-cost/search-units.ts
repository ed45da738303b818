// Every choice of units in small instances: depth first over the places, the cheapest units first, with what is known of
// those before as a bound. It finds what search-times.ts can not: units that are not the cheapest for their time and yet
// better, because regions that end together exchange less.
import type { Floor, Place } from '../policy.ts'
import { isAllowed, isBetter, mayBeBetter, type Goal } from './goal.ts'
import { worthAtLeast, type Found } from './search-times.ts'
import type { Group } from './staircase.ts'
import { usdOf } from './staircase.ts'
import { throughputOf } from '../policy.ts'

export type UnitsInput = {
  readonly goal: Goal
  readonly floor: Floor
  readonly groups: readonly Group[]
  readonly weigh: (units: readonly ReadonlyMap<string, number>[]) => Found
  readonly best: Found | null
  /** Choices that may be weighed. */
  readonly weighedMax: number
  /** What there is to choose from, by group; everything where it is not given. */
  readonly options?: readonly (readonly Option[])[]
  /** Seconds that units are paid for, at least. */
  readonly trainingAtLeast?: number
  /** What is not better by more than this share is not looked for. */
  readonly tolerance?: number
}

export type UnitsResult = {
  readonly best: Found | null
  /** All choices were looked at, or known not to be better. */
  readonly isComplete: boolean
}

export type Option = {
  readonly units: ReadonlyMap<string, number>
  readonly usdPerHour: number
  readonly seconds: number
}

export function searchUnits(input: UnitsInput): UnitsResult {
  const { goal, floor, groups, weigh, weighedMax, trainingAtLeast = 0, tolerance = 0 } = input
  const options = input.options ?? groups.map(optionsOf)
  if (options.some((each) => each.length === 0)) return { best: input.best, isComplete: true }
  // Of the places from each one on.
  const usdLeft = groups.map((_, i) => sum(options.slice(i).map((each) => each[0]!.usdPerHour)))
  const secondsLeft = groups.map((_, i) => Math.max(...options.slice(i).map(quickest)))
  let { best } = input
  let weighed = 0
  let visited = 0
  const visit = (chosen: readonly Option[], usdPerHour: number, seconds: number): void => {
    visited += 1
    if (weighed >= weighedMax || visited > visitsPerWeighed * weighedMax) return
    const depth = chosen.length
    if (depth === groups.length) {
      weighed += 1
      const found = weigh(chosen.map(({ units }) => units))
      if (isAllowed(goal, found.forecast) && (best === null || isBetter(goal, found.forecast, best.forecast)))
        best = found
      return
    }
    for (const option of options[depth]!) {
      const usd = usdPerHour + option.usdPerHour
      const time = Math.max(seconds, option.seconds)
      const usdOfAll = usd + (usdLeft[depth + 1] ?? 0)
      const { seconds: least, totalUsd } = worthAtLeast(floor, usdOfAll, Math.max(time, secondsLeft[depth + 1] ?? 0))
      const paid = floor.usd + (usdOfAll * trainingAtLeast) / 3600
      const atLeast = { seconds: least, totalUsd: Math.max(totalUsd, paid) }
      if (mayBeBetter(goal, atLeast, best?.forecast ?? null, tolerance)) visit([...chosen, option], usd, time)
    }
  }
  visit([], 0, 0)
  return { best, isComplete: weighed < weighedMax && visited <= visitsPerWeighed * weighedMax }
}

/** Steps of the search for each choice that may be weighed. */
const visitsPerWeighed = 20

/** Choices of units in a place, as a product over its classes: how many there are at most. */
export function choicesIn({ devices }: Place): number {
  return devices.reduce((count, { unitsFree }) => count * (unitsFree + 1), 1)
}

/** Cheapest first. */
function optionsOf({ place, samples }: Group): readonly Option[] {
  let all: readonly (readonly number[])[] = [[]]
  for (const { unitsFree } of place.devices) {
    all = all.flatMap((counts) => Array.from({ length: unitsFree + 1 }, (_, n) => [...counts, n]))
  }
  return all
    .filter((counts) => counts.some((n) => n > 0) && sum(counts) <= place.unitsMax)
    .map((counts): Option => {
      const units = new Map(place.devices.map(({ key }, d) => [key, counts[d]!]))
      return { units, usdPerHour: usdOf(place, units), seconds: samples / throughputOf(place, units) }
    })
    .toSorted((a, b) => a.usdPerHour - b.usdPerHour || a.seconds - b.seconds)
}

function quickest(options: readonly Option[]): number {
  return Math.min(...options.map(({ seconds }) => seconds))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
