// Plans that are tried before a search, so that there is something to compare with: what is known already, all data where it
// is, each region's where that is cheapest for it alone, all in one place; and what these become when data goes one by one to
// where it is better, until none is.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { DataRegion, Problem } from '../policy.ts'
import type { Assignments } from './assignments.ts'
import { valueOf, type Goal } from './goal.ts'
import { Legs } from './legs.ts'
import type { SearchLimits } from './limits.ts'
import { leastUsd, type Prepared } from './prepared.ts'
import type { Found } from './search-times.ts'

export type TriesInput = {
  readonly problem: Problem
  readonly prepared: Prepared
  readonly goal: Goal
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  readonly assignments: Assignments
  readonly known: readonly Found[]
}

/** Places in the order of the data. */
export function firstTries(input: TriesInput): readonly (readonly string[])[] {
  const { data } = input.problem
  const known = input.known.map((found) => input.assignments.placesOf(found))
  if (data.every(({ places }) => places.length === 1)) return [data.map(({ places }) => places[0]!)]
  const home = data.map(({ region, places }) => (places.includes(region) ? region : null))
  const alone = data.map((each) => ranked(input, each)[0]!)
  const shared = data[0]!.places.filter((place) => data.every(({ places }) => places.includes(place)))
  const inOne = shared
    .map((place) => ({ place, usd: data.reduce((sum, each) => sum + aloneIn(input, each, place), 0) }))
    .toSorted((a, b) => a.usd - b.usd || (a.place < b.place ? -1 : 1))
    .slice(0, 3)
  const tries = [
    ...known,
    ...(home.includes(null) ? [] : [home as string[]]),
    alone,
    ...inOne.map(({ place }) => data.map(() => place)),
  ]
  const improve = improver(input)
  return [...tries, ...tries.map(improve)]
}

function ranked(input: TriesInput, data: DataRegion): readonly string[] {
  return data.places
    .map((place) => ({ place, value: aloneIn(input, data, place) }))
    .toSorted((a, b) => a.value - b.value || (a.place < b.place ? -1 : 1))
    .map(({ place }) => place)
}

/** What a region's data costs, or takes, in a place with nothing else. */
function aloneIn({ problem, prepared, goal }: TriesInput, { region, samples }: DataRegion, place: string): number {
  const move = problem.movement(region, place)
  const at = prepared.indexOf.get(place)!
  const shortest = (problem.epochs * samples) / prepared.capacity[at]!
  if (goal.minimise === 'seconds') return move.seconds + shortest
  const longest = Math.max(shortest, goal.secondsMax - move.seconds)
  return move.usd + leastUsd(prepared.coverers[at]!, problem.epochs * samples, longest)
}

function improver(input: TriesInput): (places: readonly string[]) => readonly string[] {
  const { problem, goal, limits, assignments } = input
  const hubOf = nearestHub(input)
  // What an assignment is worth at least; one that is too slow is worth less the slower it is.
  const penalised = (places: readonly string[]): number => {
    const worth = assignments.worthAtLeast(places, hubOf(places))
    return valueOf(goal, worth) * Math.max(1, worth.seconds / goal.secondsMax) ** 4
  }
  const options = problem.data.map((data) => ranked(input, data))
  return (places) => {
    let best = places
    let value = penalised(best)
    let looked = 0
    for (let at = 0, since = 0; since < places.length && looked < limits.looks; at = (at + 1) % places.length) {
      since += 1
      for (const place of options[at]!) {
        if (place === best[at] || looked >= limits.looks) continue
        looked += 1
        const next = best.with(at, place)
        const nextValue = penalised(next)
        if (nextValue >= value * (1 - Math.max(limits.tolerance, 1e-9))) continue
        best = next
        value = nextValue
        since = 0
      }
    }
    return best
  }
}

/** Of some places the one with which the slowest of the others exchanges soonest. */
function nearestHub({ problem, exchange, prepared }: TriesInput): (places: readonly string[]) => string {
  const wire = problem.wire(exchange)
  const legs = new Legs(problem.places, wire)
  return (places) => {
    const used = Int32Array.from(new Set(places), (place) => prepared.indexOf.get(place)!).sort()
    let [best, least] = [used[0]!, Number.POSITIVE_INFINITY]
    for (const hub of used) {
      const uplink = legs.widestFrom(hub, used)
      let slowest = 0
      for (const place of used) {
        if (place === hub) continue
        slowest = Math.max(slowest, legs.bothWays(place, hub, wire.modelBytes, used.length - 1, uplink))
      }
      if (slowest < least) [best, least] = [hub, slowest]
    }
    return problem.places[best]!.region
  }
}
