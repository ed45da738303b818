// How far the search goes before it takes the best it has found and tells what it has not proved.
import type { Problem } from '../policy.ts'

export type SearchLimits = {
  /** Of assignments of data to places, parts of them counted too. */
  readonly branches: number
  /** Regions whose data may move, for them to be searched in boxes: a step more is three times the work. */
  readonly boxedMax: number
  /** Places that are looked at in boxes. */
  readonly boxedPlaces: number
  /** Boxes, and steps of their handouts in all. */
  readonly boxes: number
  readonly boxSteps: number
  /** Assignments that are looked at to improve one of the first ones. */
  readonly looks: number
  /** Assignments for which units are looked for. */
  readonly solutions: number
  /** Regions that are weighed as the one where contributions meet, and those of them that units are looked for with. */
  readonly hubsWeighed: number
  readonly hubs: number
  /** Times that are looked at, for each of those. */
  readonly steps: number
  /** Choices of units of one place that may be part of a better plan, and of them together that are weighed. */
  readonly near: number
  readonly nearWeighed: number
  readonly nearTolerances: readonly number[]
  readonly nearSearches: number
  /** Combinations of units of one place, for each of those. */
  readonly coverNodes: number
  /** In places with more than so many units, units that are dearer than the cheapest by no more than this share will do. */
  readonly fewUnits: number
  readonly coverTolerance: number
  /** A plan that may be worse than the best by no more than this share will do. */
  readonly tolerance: number
  /** The same in boxes, by how many of them were looked at: the more it takes, the less near will do. */
  readonly boxTolerances: readonly { readonly boxes: number; readonly tolerance: number }[]
  /** Choices of units in all places together that are enumerated to the last one. */
  readonly choices: number
}

/** To the end where there are few units, within the tolerance where there are many. */
export function limitsFor({ places }: Problem): SearchLimits {
  const units = places.reduce((sum, { unitsMax }) => sum + unitsMax, 0)
  return units <= unitsExactMax ? { ...searchLimits, tolerance: 0 } : searchLimits
}

const unitsExactMax = 64

export const searchLimits: SearchLimits = {
  branches: 4_000,
  boxedMax: 10,
  boxedPlaces: 80,
  boxes: 1_500,
  boxSteps: 20_000_000,
  looks: 600,
  solutions: 40,
  hubsWeighed: 100,
  hubs: 8,
  steps: 200,
  near: 2_000,
  nearWeighed: 1_000,
  nearTolerances: [0.004, 0.0195],
  nearSearches: 8,
  coverNodes: 2_000,
  fewUnits: 32,
  coverTolerance: 0.001,
  tolerance: 0.004,
  boxTolerances: [
    { boxes: 0, tolerance: 0.008 },
    { boxes: 4, tolerance: 0.012 },
    { boxes: 60, tolerance: 0.0195 },
  ],
  choices: 20_000,
}
