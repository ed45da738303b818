// What each place adds to a plan of a box for every set of movable data that it may be given: the least that any such plan pays for
// moving it, for its exchanges with the hub and for units, could these be divided; or the least time that it takes. Where
// a handout is of interest, its places are priced in whole units too.
import type { Goal } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import { leastUsd } from './prepared.ts'
import { SpokesOf, type Spokes } from './spokes.ts'
import type { Kept, Terms } from './terms.ts'

/** Where contributions meet: a place by number, any of them, or nothing is exchanged. */
export type Hub = number | 'somewhere' | 'nowhere'

export type Box = {
  readonly hub: Hub
  /** Seconds that the longest move takes. */
  readonly moveFrom: number
  readonly moveUntil: number
  /** Samples of all epochs in the place that has most. */
  readonly loadFrom: number
  readonly loadUntil: number
  /** Of the whole plan. */
  readonly secondsFrom: number
  readonly secondsUntil: number
  /** Seconds of the place with the longest transfers before and after training. */
  readonly outsideFrom: number
  readonly outsideUntil: number
  /** Places that are used. */
  readonly placesFrom: number
  readonly placesUntil: number
  /** Movable data, by number, and the places that it does and does not go to. */
  readonly sent: readonly Way[]
  readonly kept: readonly Way[]
}

type Way = { readonly data: number; readonly place: number }

/** By place and set, in the order of those that are kept; sums less what places with data of their own cost anyway. */
export type Prices = {
  readonly prices: readonly Float64Array[]
  /** 1 for places that have to be given something. */
  readonly isForced: Uint8Array
  /** What all plans of the box cost besides. */
  readonly given: number
  readonly own: Float64Array
  readonly spokes: Spokes
}

export class BoxPrices {
  readonly #terms: Terms
  readonly #goal: Goal
  readonly #size: number
  readonly #limits: SearchLimits
  /** Of sets that were priced in whole units: for at most so many seconds they cost at least so much in an hour. */
  readonly #whole = new Map<number, { readonly seconds: number; readonly usdPerHour: number }[]>()
  readonly #longestMove: number
  readonly #spokes: SpokesOf

  constructor(terms: Terms, goal: Goal, limits: SearchLimits) {
    this.#terms = terms
    this.#goal = goal
    this.#size = terms.samples.length
    this.#limits = limits
    this.#spokes = new SpokesOf(terms)
    this.#longestMove = terms.moveSeconds.reduce(
      (most, seconds) => (seconds < Number.POSITIVE_INFINITY ? Math.max(most, seconds) : most),
      terms.givenSeconds,
    )
  }

  of(box: Box, kept: Kept): Prices {
    const own = new Float64Array(kept.places.length)
    const isForced = new Uint8Array(kept.places.length)
    const isSum = this.#goal.minimise === 'usd'
    const spokes = this.#spokes.of(box, kept.places, isSum)
    let given = isSum ? this.#terms.givenUsd - spokes.usdOfHub : 0
    const prices = kept.sets.map((sets, k) => {
      const p = kept.places[k]!
      const { sent, barred } = setsFor(box, p)
      const alone = sent === 0 ? this.price(box, spokes, k, p, 0) : Number.POSITIVE_INFINITY
      if (alone === Number.POSITIVE_INFINITY) isForced[k] = 1
      else given = isSum ? given + alone : Math.max(given, alone)
      if (isSum && isForced[k] === 0) own[k] = alone
      const all = new Float64Array(sets.length)
      for (let i = 0; i < sets.length; i++) {
        const set = sets[i]!
        const isAllowed = (set & sent) === sent && (set & barred) === 0
        all[i] = isAllowed ? this.price(box, spokes, k, p, set) - own[k]! : Number.POSITIVE_INFINITY
      }
      return all
    })
    return { prices, isForced, given, own, spokes }
  }

  /** Of the place `p`, which is the `k`-th of those that are kept. */
  price(box: Box, spokes: Spokes, k: number, p: number, set: number): number {
    const { stays, samples, capacity, coverers, moveSeconds, moveUsd, wire } = this.#terms
    const load = stays[p]! + samples[set]!
    if (load === 0) return p === box.hub ? Number.POSITIVE_INFINITY : 0
    const at = p * this.#size + set
    const moving = moveSeconds[at]!
    if (!(moving <= box.moveUntil) || load > box.loadUntil) return Number.POSITIVE_INFINITY
    const begin = Math.max(box.moveFrom, moving)
    const shortest = load / capacity[p]!
    const most = Math.max(box.loadFrom, load)
    if (spokes.outsideSeconds[k]! > box.outsideUntil) return Number.POSITIVE_INFINITY
    const wireSeconds = wire.models(most) * Math.max(spokes.secondsPerModel[k]!, spokes.givenPerModel)
    const outside = Math.max(box.outsideFrom, spokes.outsideSeconds[k]!, spokes.givenOutside)
    const training = wire.isOverlapped ? Math.max(shortest, wireSeconds) : shortest + wireSeconds
    const seconds = begin + training + outside
    if (seconds > box.secondsUntil * (1 + 1e-9)) return Number.POSITIVE_INFINITY
    if (this.#goal.minimise === 'seconds') return Math.max(seconds, box.secondsFrom)
    const left = Math.max(shortest, box.secondsUntil - begin - outside - (wire.isOverlapped ? 0 : wireSeconds))
    const units = Math.max(leastUsd(coverers[p]!, load, left), this.#wholeUsd(box, at, left))
    return moveUsd[at]! + units + spokes.usdOf(k, most)
  }

  #wholeUsd(box: Box, at: number, seconds: number): number {
    let usdPerHour = 0
    for (const known of this.#whole.get(at) ?? []) {
      if (known.seconds >= seconds * (1 - 1e-12)) usdPerHour = Math.max(usdPerHour, known.usdPerHour)
    }
    return usdPerHour === 0 ? 0 : (usdPerHour * this.#paidSeconds(box)) / 3600
  }

  /** Units are paid from when all data has come. */
  #paidSeconds({ secondsFrom, moveUntil, secondsUntil }: Box): number {
    return Math.max(0, secondsFrom - Math.min(moveUntil, this.#longestMove, secondsUntil))
  }

  /** Prices what is used in whole units. False where that changes nothing. */
  strengthen(box: Box, kept: Kept, { prices, own, spokes }: Prices, sets: Int32Array): boolean {
    const { stays, samples, coverers } = this.#terms
    if (this.#paidSeconds(box) <= 0 || box.secondsUntil === Number.POSITIVE_INFINITY) return false
    let isStronger = false
    for (let k = 0; k < kept.places.length; k++) {
      const [p, set] = [kept.places[k]!, sets[k]!]
      if (set === 0) continue
      const at = p * this.#size + set
      const seconds = this.#secondsLeft(box, spokes, k, p, set)
      const known = this.#whole.get(at) ?? []
      if (known.some((each) => each.seconds === seconds)) continue
      const { coverNodes: nodesMax, coverTolerance: tolerance } = this.#limits
      const cover = coverers[p]!.cover((stays[p]! + samples[set]!) / seconds, { nodesMax, tolerance })
      this.#whole.set(at, [...known, { seconds, usdPerHour: cover.usdPerHourAtLeast }])
      const price = this.price(box, spokes, k, p, set) - own[k]!
      const i = kept.sets[k]!.indexOf(set)
      if (price <= prices[k]![i]! * (1 + 1e-9)) continue
      prices[k]![i] = price
      isStronger = true
    }
    return isStronger
  }

  /** The most time that units may take. */
  #secondsLeft(box: Box, spokes: Spokes, k: number, p: number, set: number): number {
    const { stays, samples, capacity, moveSeconds, wire } = this.#terms
    const load = stays[p]! + samples[set]!
    const begin = Math.max(box.moveFrom, moveSeconds[p * this.#size + set]!)
    const most = Math.max(box.loadFrom, load)
    const perModel = Math.max(spokes.secondsPerModel[k]!, spokes.givenPerModel)
    const outside = Math.max(box.outsideFrom, spokes.outsideSeconds[k]!, spokes.givenOutside)
    const wireSeconds = wire.isOverlapped ? 0 : wire.models(most) * perModel
    return Math.max(load / capacity[p]!, box.secondsUntil - begin - outside - wireSeconds)
  }

  /** The longest transfers before and after training of a handout. */
  outsideOf(box: Box, { places }: Kept, sets: Int32Array): number {
    const { outsideSeconds } = this.#spokes.of(box, places, false)
    return places.reduce((most, p, k) => {
      return sets[k] !== 0 || this.#terms.stays[p]! > 0 ? Math.max(most, outsideSeconds[k]!) : most
    }, 0)
  }

  /** What a handout is worth at least in a box. */
  valueOf(box: Box, { places }: Kept, sets: Int32Array): number {
    const isSum = this.#goal.minimise === 'usd'
    const spokes = this.#spokes.of(box, places, isSum)
    let value = isSum ? this.#terms.givenUsd - spokes.usdOfHub : 0
    for (let k = 0; k < places.length; k++) {
      const price = this.price(box, spokes, k, places[k]!, sets[k]!)
      value = isSum ? value + price : Math.max(value, price)
    }
    return value
  }
}

/** What a place is given in any case, and what it is not given. */
function setsFor({ sent, kept }: Box, place: number): { readonly sent: number; readonly barred: number } {
  let [here, barred] = [0, 0]
  for (const way of sent) {
    if (way.place === place) here |= 1 << way.data
    else barred |= 1 << way.data
  }
  for (const way of kept) if (way.place === place) barred |= 1 << way.data
  return { sent: here, barred }
}
