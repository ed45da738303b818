// A problem with one way to synchronise, in numbers: what each place has of data that stays, what it can train, and what every set
// of the data that may move weighs, costs and takes on its way there. Sets are bit masks over the movable data.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Coverer } from '../cover-cheaply.ts'
import { Legs } from './legs.ts'
import type { Offers } from './subsets.ts'
import type { DataRegion, Place, Problem, Wire } from '../policy.ts'

export type Terms = {
  readonly places: readonly Place[]
  readonly coverers: readonly Coverer[]
  readonly capacity: Float64Array
  readonly wire: Wire
  readonly legs: Legs
  /** Samples of all epochs that stay, by place. */
  readonly stays: Float64Array
  /** That with the most samples first. */
  readonly movable: readonly DataRegion[]
  /** Samples of all epochs, by set. */
  readonly samples: Float64Array
  /** By place and set, infinite for sets that may not go there: `[place * 2^n + set]`. */
  readonly moveUsd: Float64Array
  readonly moveSeconds: Float64Array
  /** Samples of all epochs of all data. */
  readonly total: number
  /** Of data that has to move to the one place it may be in. */
  readonly givenSeconds: number
  readonly givenUsd: number
}

/** Places that a better plan may use, and the sets of movable data that it may give them. */
export type Kept = Offers & { readonly places: Int32Array }

/** Whatever may go anywhere at all. */
export function everythingOf({ places, moveSeconds, samples, stays }: Terms): Kept {
  const size = samples.length
  const sets: number[] = []
  const kept: number[] = []
  const starts: number[] = []
  for (let p = 0; p < places.length; p++) {
    const start = sets.length
    for (let set = 1; set < size; set++) if (moveSeconds[p * size + set]! < Number.POSITIVE_INFINITY) sets.push(set)
    if (sets.length === start && stays[p] === 0) continue
    kept.push(p)
    starts.push(start)
  }
  return { places: Int32Array.from(kept), starts: Int32Array.of(...starts, sets.length), sets: Int32Array.from(sets) }
}

export function termsOf(
  problem: Problem,
  exchange: Exchange | null,
  prepared: { readonly coverers: readonly Coverer[]; readonly capacity: Float64Array },
): Terms {
  const { data, places, epochs, movement } = problem
  const at = new Map(places.map(({ region }, p) => [region, p]))
  const movable = data
    .filter((each) => each.places.length > 1)
    .toSorted((a, b) => b.samples - a.samples || (a.region < b.region ? -1 : 1))
  const stays = new Float64Array(places.length)
  let [givenSeconds, givenUsd] = [0, 0]
  for (const { region, samples, places: allowed } of data) {
    if (allowed.length > 1) continue
    const move = movement(region, allowed[0]!)
    stays[at.get(allowed[0]!)!]! += epochs * samples
    givenSeconds = Math.max(givenSeconds, move.seconds)
    givenUsd += move.usd
  }
  const size = 1 << movable.length
  const samples = new Float64Array(size)
  const moveUsd = new Float64Array(places.length * size)
  const moveSeconds = new Float64Array(places.length * size)
  for (let set = 1; set < size; set++) {
    const first = lowestOf(set)
    samples[set] = samples[set & (set - 1)]! + epochs * movable[first]!.samples
  }
  const moves = movable.map(({ region, places: allowed }) => {
    const mayGo = new Set(allowed)
    return places.map((place) => (mayGo.has(place.region) ? movement(region, place.region) : never))
  })
  for (let place = 0; place < places.length; place++) {
    const offset = place * size
    for (let set = 1; set < size; set++) {
      const { usd, seconds } = moves[lowestOf(set)]![place]!
      const rest = offset + (set & (set - 1))
      moveUsd[offset + set] = moveUsd[rest]! + usd
      moveSeconds[offset + set] = Math.max(moveSeconds[rest]!, seconds)
    }
  }
  const wire = problem.wire(exchange)
  const total = stays.reduce((sum, each) => sum + each, samples[size - 1]!)
  const legs = new Legs(places, wire)
  const known = { ...prepared, places, wire, legs, stays, movable, samples, total }
  return { ...known, moveUsd, moveSeconds, givenSeconds, givenUsd }
}

const never = { usd: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY }

function lowestOf(set: number): number {
  return 31 - Math.clz32(set & -set)
}
