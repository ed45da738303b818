// What each place adds to a plan of a box for every set of movable data that it may be given: the least that any such plan pays for
// moving it, for its exchanges with the hub and for units, could these be divided; or the least time that it takes. Where
// a handout is of interest, its places are priced in whole units too.
import type { Goal } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import type { Coverer } from '../cover-cheaply.ts'
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

export type Prices = {
  /** Of the sets that are kept; sums less what places with data of their own cost anyway. */
  readonly prices: Float64Array
  /** 1 for places that have to be given something. */
  readonly isForced: Uint8Array
  /** What all plans of the box cost besides. */
  readonly given: number
  readonly own: Float64Array
  readonly spokes: Spokes
}

/** A place in a box. */
type PlaceIn = {
  readonly box: Box
  readonly spokes: Spokes
  readonly k: number
  /** Where its sets begin. */
  readonly first: number
  readonly isHub: boolean
  readonly stays: number
  readonly capacity: number
  readonly coverer: Coverer
  readonly perModel: number
  readonly outside: number
  readonly isTooFar: boolean
  readonly paidSeconds: number
}

export class BoxPrices {
  readonly #terms: Terms
  readonly #goal: Goal
  readonly #size: number
  readonly #limits: SearchLimits
  /** Of sets that were priced in whole units: for at most so many seconds they cost at least so much in an hour. */
  readonly #whole = new Map<number, { readonly seconds: number; readonly usdPerHour: number }[]>()
  /** 1 for those: of most sets nothing is known, and this is asked for every price. */
  readonly #isWhole: Uint8Array
  readonly #longestMove: number
  readonly #spokes: SpokesOf

  constructor(terms: Terms, goal: Goal, limits: SearchLimits) {
    this.#terms = terms
    this.#goal = goal
    this.#size = terms.samples.length
    this.#isWhole = new Uint8Array(terms.places.length * this.#size)
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
    const prices = new Float64Array(kept.sets.length)
    for (let k = 0; k < kept.places.length; k++) {
      const { sent, barred } = setsFor(box, kept.places[k]!)
      const place = this.#placeIn(box, spokes, k, kept.places[k]!)
      const alone = sent === 0 ? this.#priceIn(place, 0) : Number.POSITIVE_INFINITY
      if (alone === Number.POSITIVE_INFINITY) isForced[k] = 1
      else given = isSum ? given + alone : Math.max(given, alone)
      const less = isSum && isForced[k] === 0 ? alone : 0
      own[k] = less
      for (let i = kept.starts[k]!; i < kept.starts[k + 1]!; i++) {
        const set = kept.sets[i]!
        const isAllowed = (set & sent) === sent && (set & barred) === 0
        prices[i] = isAllowed ? this.#priceIn(place, set) - less : Number.POSITIVE_INFINITY
      }
    }
    return { prices, isForced, given, own, spokes }
  }

  /**
   * What a hub makes of prices that did not know it, for sums: no more than `of` makes of the box, for a fraction of the work.
   * `base`: of sets that are kept, of a box that this one is part of.
   */
  withHub(box: Box, kept: Kept, base: Prices): Prices {
    const { stays, moveSeconds, wire } = this.#terms
    const spokes = this.#spokes.of(box, kept.places, true)
    const isForced = base.isForced.slice()
    const prices = new Float64Array(kept.sets.length)
    const models = wire.models(box.loadFrom)
    let given = base.given + base.spokes.usdOfHub
    for (let k = 0; k < kept.places.length; k++) {
      const p = kept.places[k]!
      const more = spokes.usdOf(k, box.loadFrom) - base.spokes.usdOf(k, box.loadFrom)
      const perModel = Math.max(spokes.secondsPerModel[k]!, spokes.givenPerModel)
      const movingMax = box.secondsUntil * (1 + 1e-9) - models * perModel - box.outsideFrom
      const isTooFar = movingMax < box.moveFrom
      const isCounted = stays[p]! > 0
      if (p === box.hub && !isCounted) isForced[k] = 1
      if (isCounted) given += isTooFar ? Number.POSITIVE_INFINITY : more
      const each = isTooFar ? Number.POSITIVE_INFINITY : isCounted ? 0 : more
      for (let i = kept.starts[k]!; i < kept.starts[k + 1]!; i++) {
        const isTooLong = moveSeconds[p * this.#size + kept.sets[i]!]! > movingMax
        prices[i] = isTooLong ? Number.POSITIVE_INFINITY : base.prices[i]! + each
      }
    }
    return { ...base, prices, isForced, given, spokes }
  }

  /** Of the place `p`, which is the `k`-th of those that are kept. */
  price(box: Box, spokes: Spokes, k: number, p: number, set: number): number {
    return this.#priceIn(this.#placeIn(box, spokes, k, p), set)
  }

  /** What is the same for all sets. */
  #placeIn(box: Box, spokes: Spokes, k: number, p: number): PlaceIn {
    const { stays, capacity, coverers } = this.#terms
    return {
      box,
      spokes,
      k,
      first: p * this.#size,
      isHub: p === box.hub,
      stays: stays[p]!,
      capacity: capacity[p]!,
      coverer: coverers[p]!,
      perModel: Math.max(spokes.secondsPerModel[k]!, spokes.givenPerModel),
      outside: Math.max(box.outsideFrom, spokes.outsideSeconds[k]!, spokes.givenOutside),
      isTooFar: spokes.outsideSeconds[k]! > box.outsideUntil,
      paidSeconds: this.#paidSeconds(box),
    }
  }

  #priceIn(place: PlaceIn, set: number): number {
    const { box, first, stays, perModel, outside } = place
    const { samples, moveSeconds, moveUsd, wire } = this.#terms
    const load = stays + samples[set]!
    if (load === 0) return place.isHub ? Number.POSITIVE_INFINITY : 0
    const at = first + set
    const moving = moveSeconds[at]!
    if (!(moving <= box.moveUntil) || load > box.loadUntil || place.isTooFar) return Number.POSITIVE_INFINITY
    const begin = moving > box.moveFrom ? moving : box.moveFrom
    const shortest = load / place.capacity
    const most = load > box.loadFrom ? load : box.loadFrom
    const wireSeconds = perModel === 0 ? 0 : wire.models(most) * perModel
    const training = wire.isOverlapped ? Math.max(shortest, wireSeconds) : shortest + wireSeconds
    const seconds = begin + training + outside
    if (seconds > box.secondsUntil * (1 + 1e-9)) return Number.POSITIVE_INFINITY
    if (this.#goal.minimise === 'seconds') return Math.max(seconds, box.secondsFrom)
    const left = Math.max(shortest, box.secondsUntil - begin - outside - (wire.isOverlapped ? 0 : wireSeconds))
    const units = Math.max(leastUsd(place.coverer, load, left), this.#wholeUsd(place.paidSeconds, at, left))
    return moveUsd[at]! + units + place.spokes.usdOf(place.k, most)
  }

  #wholeUsd(paidSeconds: number, at: number, seconds: number): number {
    if (this.#isWhole[at] === 0) return 0
    let usdPerHour = 0
    for (const known of this.#whole.get(at)!) {
      if (known.seconds >= seconds * (1 - 1e-12)) usdPerHour = Math.max(usdPerHour, known.usdPerHour)
    }
    return usdPerHour === 0 ? 0 : (usdPerHour * paidSeconds) / 3600
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
      this.#isWhole[at] = 1
      this.#whole.set(at, [...known, { seconds, usdPerHour: cover.usdPerHourAtLeast }])
      const price = this.price(box, spokes, k, p, set) - own[k]!
      const i = kept.sets.indexOf(set, kept.starts[k])
      if (price <= prices[i]! * (1 + 1e-9)) continue
      prices[i] = price
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

  /** Seconds of one model between the hub and whoever exchanges soonest with it. */
  leastPerModel(box: Box, places: Int32Array): number {
    const { secondsPerModel, givenPerModel } = this.#spokes.of(box, places, false)
    let least = Number.POSITIVE_INFINITY
    for (let k = 0; k < places.length; k++) {
      if (places[k] !== box.hub) least = Math.min(least, secondsPerModel[k]!)
    }
    return Math.max(least, givenPerModel)
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
