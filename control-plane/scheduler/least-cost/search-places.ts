// Where each region's data is best trained on, with a given way to synchronise. Every place that is used is one partition with
// all the data that comes there. Three ways, by what may move:
//   nothing: there is only one assignment.
//   few units, so that the best plan shall be found to the last cent, or data of very many regions: branch-places.ts.
//   else: search-boxes.ts, whose bounds know what data shares.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Problem } from '../policy.ts'
import { Assignments } from './assignments.ts'
import { branchPlaces } from './branch-places.ts'
import { firstTries } from './first-tries.ts'
import { valueOf, type Goal } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import type { Prepared } from './prepared.ts'
import { searchBoxes } from './search-boxes.ts'
import type { Found } from './search-times.ts'

export type PlacesInput = {
  readonly problem: Problem
  readonly prepared: Prepared
  readonly goal: Goal
  /** Without a hub: the best one is looked for. */
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  /** Plans that are known already. */
  readonly known: readonly Found[]
  /** No plan takes less. */
  readonly secondsAtLeast: number
}

export type PlacesResult = {
  /** Null where no plan is allowed, as far as was looked. */
  readonly best: Found | null
  /** No allowed plan is worth less; infinite where there is none. */
  readonly atLeast: number
}

export function searchPlaces(input: PlacesInput): PlacesResult {
  const { problem, goal, limits } = input
  const assignments = new Assignments(input)
  const movable = problem.data.filter(({ places }) => places.length > 1).length
  const isInBoxes = movable > 0 && movable <= limits.boxedMax && limits.tolerance > 0
  const atLeast = isInBoxes ? searchBoxes({ ...input, assignments }) : branch(input, assignments)
  const { best } = assignments
  const known = best === null ? Number.POSITIVE_INFINITY : valueOf(goal, best.forecast)
  return { best, atLeast: Math.min(known, atLeast) }
}

function branch(input: PlacesInput, assignments: Assignments): number {
  const tries = firstTries({ ...input, assignments })
  for (const places of tries) assignments.solve(places)
  return branchPlaces({ ...input, assignments })
}
