// Where a batch runs: of the configurations that a search found and the places that could take one, the pair whose path still ends in
// time at the least cost, waiting, a cold start and the fetching of its inputs counted in; where none does, the one that ends first. So
// warm places, and those that hold the inputs already, are preferred for what they save and not for their own sake. Ties go to the
// earlier end, then to the place that holds the inputs, is warm, is the queue's own, has the least room to spare, and to the lower id.
// A queue whose configurations fit nowhere is looked at again; after a few rounds it takes the minimum configuration (ESG, section 3.5).
import { pipelinesConfig } from './config.ts'

/** One answer of a search, of which the first stage is about to begin. */
export type Start = {
  /** Its place in what was given to the search. */
  readonly configuration: number
  /** What it takes of a place, in any unit that `freeUnits` has too. */
  readonly units: number
  readonly execMs: number
  /** What the rest of the path takes after it. */
  readonly restMs: number
  /** Of the whole path, per job. */
  readonly cost: number
  /** What holding the units for a millisecond more costs, per job: what a cold start costs beside time. */
  readonly costPerMs: number
}

export type Place = {
  readonly id: string
  readonly freeUnits: number
  readonly isWarm: boolean
  /** It ran the stage before. */
  readonly hasInputs: boolean
  /** The one that this queue falls to first. */
  readonly isHome: boolean
  /** Until it can begin. */
  readonly waitMs: number
  readonly coldStartMs: number
  readonly transferMs: number
}

export type Dispatched =
  | {
      readonly kind: 'start'
      readonly start: Start
      readonly place: Place
      /** Until this stage has ended, from now. */
      readonly endsInMs: number
      readonly because: string
    }
  | { readonly kind: 'wait'; readonly rounds: number; readonly because: string }

export type Queue = {
  /** Until the group of stages must have ended. */
  readonly targetMs: number
  /** As the search found them, or the fastest where it found none. */
  readonly starts: readonly Start[]
  readonly minimum: Start
  /** Times that it was looked at in vain. */
  readonly rounds: number
}

/** `fits` may say no for other reasons than room, such as an instance of another size. */
export function dispatch(
  { targetMs, starts, minimum, rounds }: Queue,
  places: readonly Place[],
  fits: (start: Start, place: Place) => boolean = (start, place) => start.units <= place.freeUnits,
): Dispatched {
  const best = bestPair(starts, places, fits, targetMs)
  if (best !== null) return begun(best, targetMs, '')
  if (rounds >= pipelinesConfig.recheckRounds) {
    const least = bestPair([minimum], places, fits, targetMs)
    if (least !== null) return begun(least, targetMs, `; the minimum, after ${rounds} rounds in vain`)
  }
  const least = Math.min(...starts.map(({ units }) => units))
  const most = Math.max(0, ...places.map(({ freeUnits }) => freeUnits))
  return {
    kind: 'wait',
    rounds: rounds + 1,
    because: `needs at least ${least} units; the most that one place has free is ${most}`,
  }
}

type Pair = {
  readonly start: Start
  readonly place: Place
  readonly endsInMs: number
  readonly isInTime: boolean
  readonly cost: number
}

function bestPair(
  starts: readonly Start[],
  places: readonly Place[],
  fits: (start: Start, place: Place) => boolean,
  targetMs: number,
): Pair | null {
  let best: Pair | null = null
  for (const start of starts)
    for (const place of places) {
      if (!fits(start, place)) continue
      const heldMs = (place.isWarm ? 0 : place.coldStartMs) + (place.hasInputs ? 0 : place.transferMs)
      const endsInMs = place.waitMs + heldMs + start.execMs
      const isInTime = endsInMs + start.restMs <= targetMs
      const pair = { start, place, endsInMs, isInTime, cost: start.cost + heldMs * start.costPerMs }
      if (best === null || order(pair, best) < 0) best = pair
    }
  return best
}

function order(one: Pair, other: Pair): number {
  const lates = Number(other.isInTime) - Number(one.isInTime)
  const ends = one.endsInMs + one.start.restMs - (other.endsInMs + other.start.restMs)
  const costs = one.cost - other.cost
  const values = one.isInTime ? costs || ends : ends || costs
  const { place: a } = one
  const { place: b } = other
  return (
    lates ||
    values ||
    Number(b.hasInputs) - Number(a.hasInputs) ||
    Number(b.isWarm) - Number(a.isWarm) ||
    Number(b.isHome) - Number(a.isHome) ||
    a.freeUnits - one.start.units - (b.freeUnits - other.start.units) ||
    (a.id < b.id ? -1 : Number(a.id > b.id))
  )
}

function begun({ start, place, endsInMs, isInTime }: Pair, targetMs: number, more: string): Dispatched {
  const warmth = place.isWarm ? 'warm' : 'cold'
  const ends = `the path ends in ${(endsInMs + start.restMs).toFixed(0)} of ${targetMs.toFixed(0)} ms`
  const because = `${warmth} ${place.id}: ${ends}${isInTime ? '' : ', which is late'}${more}`
  return { kind: 'start', start, place, endsInMs, because }
}
