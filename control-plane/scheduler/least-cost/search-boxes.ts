// Where data is best trained on when it may move: branch and bound over boxes. A box is all plans whose contributions meet in one
// place and whose longest move, heaviest load, time and number of places lie between bounds. With these given, what a place adds
// hangs on nothing but the data it is given, so that subsets.ts finds the best handout: no plan in the box is worth less.
// The box with the least is taken first; its handout is solved exactly, and it is split where that handout was given away
// most (split-box.ts).
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Problem } from '../policy.ts'
import type { Assignments } from './assignments.ts'
import { BoxPrices, type Box, type Prices } from './box-prices.ts'
import { firstTries } from './first-tries.ts'
import { isAllowed, valueOf, type Goal } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import type { Prepared } from './prepared.ts'
import { splitBox } from './split-box.ts'
import { bestHandout, type Handout } from './subsets.ts'
import { everythingOf, termsOf, type Kept, type Terms } from './terms.ts'

export type BoxesInput = {
  readonly problem: Problem
  readonly prepared: Prepared
  readonly goal: Goal
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  readonly assignments: Assignments
  readonly secondsAtLeast: number
}

/** @returns what no plan is worth less than, but for those that `assignments` has found. */
export function searchBoxes(input: BoxesInput): number {
  const search = new Search(input)
  search.begin()
  search.run()
  if (search.isFarOff) search.improve()
  return search.atLeast
}

/** A promise that is lower by more than this share is not believed until it was looked for elsewhere. */
const farOff = 0.97

type Open = {
  readonly box: Box
  /** No plan in it is worth less. */
  readonly value: number
  /** The best handout, and by set the value of the best one of that alone. Null until it is looked for. */
  readonly found: Found | null
}

type Found = Pick<Handout, 'sets' | 'values'> & { readonly prices: Prices }

class Search {
  readonly #input: BoxesInput
  readonly #terms: Terms
  readonly #prices: BoxPrices
  readonly #isSum: boolean
  /** Places with data of their own. */
  readonly #counted: number
  /** Places that may be used by a better plan than the best that is known. */
  #kept: Kept
  #open: Open[] = []
  #boxes = 0
  #steps = 0
  atLeast = Number.POSITIVE_INFINITY

  constructor(input: BoxesInput) {
    this.#input = input
    const { problem, exchange, prepared, goal, limits } = input
    this.#terms = termsOf(problem, exchange, prepared)
    this.#isSum = goal.minimise === 'usd'
    this.#counted = this.#terms.stays.reduce((count, samples) => count + (samples > 0 ? 1 : 0), 0)
    this.#kept = everythingOf(this.#terms)
    this.#prices = new BoxPrices(this.#terms, goal, limits)
  }

  begin(): void {
    const { goal, secondsAtLeast, exchange } = this.#input
    const { givenSeconds, stays, samples, wire } = this.#terms
    const all: Box = {
      hub: 'nowhere',
      moveFrom: givenSeconds,
      moveUntil: Number.POSITIVE_INFINITY,
      loadFrom: Math.max(...stays, ...singles(samples)),
      loadUntil: Number.POSITIVE_INFINITY,
      secondsFrom: secondsAtLeast,
      secondsUntil: goal.secondsMax,
      outsideFrom: 0,
      outsideUntil: Number.POSITIVE_INFINITY,
      placesFrom: Math.max(1, this.#counted),
      placesUntil: Number.POSITIVE_INFINITY,
      sent: [],
      kept: [],
    }
    this.#lookAndReduce(all)
    if (exchange === null || wire.modelBytes === 0) {
      this.#push(all, 0)
      return
    }
    if (this.#counted <= 1) this.#tryAlone(all)
    const together = { ...all, hub: 'somewhere' as const, placesFrom: Math.max(2, this.#counted) }
    this.#lookAndReduce(together)
    this.#push(together, 0)
  }

  run(): void {
    const { limits } = this.#input
    while (this.#open.length > 0) {
      const first = this.#takeFirst()
      const isEnough = this.#boxes >= limits.boxes || this.#steps >= limits.boxSteps
      if (isEnough || !this.#mayHelp(first.value)) {
        // All others are worth more.
        this.#leave(first.value)
        return
      }
      if (first.found === null) this.#look(first)
      else this.#split(first, first.found)
    }
  }

  #with({ given }: Pick<Prices, 'given'>, value: number): number {
    return this.#isSum ? given + value : Math.max(given, value)
  }

  /** Boxes were too many, though not the places, and what is known is not nearly as good as what they promise. */
  get isFarOff(): boolean {
    const { problem, limits } = this.#input
    return problem.places.length <= 2 * limits.boxedPlaces && this.atLeast < this.#cutoff() * farOff
  }

  /** Region by region from the best plan that is known, and others. */
  improve(): void {
    const { assignments } = this.#input
    const known = assignments.best === null ? [] : [assignments.best]
    for (const places of firstTries({ ...this.#input, known })) assignments.solve(places)
  }

  #push(box: Box, value: number): void {
    this.#open.push({ box, value, found: null })
  }

  #leave(value: number): void {
    this.atLeast = Math.min(this.atLeast, value)
  }

  #look({ box, value }: Open): void {
    const prices = this.#prices.of(box, this.#kept)
    const handout = this.#handoutOf(box, prices)
    if (handout.value === Number.POSITIVE_INFINITY) {
      // There may be plans that are worth no less than those that are not looked for.
      this.#leave(this.#cutoff())
      return
    }
    const found = { sets: handout.sets, values: handout.values, prices }
    this.#open.push({ box, value: Math.max(value, this.#with(prices, handout.value)), found })
  }

  #split({ box, value }: Open, found: Found): void {
    const { sets } = found
    this.#try(box, sets)
    if (!this.#mayHelp(value)) return this.#leave(value)
    const parts = splitBox(this.#terms, this.#prices, box, this.#kept, sets)
    // There is only this one handout in it.
    if (parts.length === 0) this.#leave(Math.max(value, this.#try(box, sets, true)))
    for (const part of parts) {
      const atLeast = box.hub === 'somewhere' && typeof part.hub === 'number' ? this.#withHub(found, part.hub) : value
      this.#push(part, Math.max(value, atLeast))
    }
  }

  /** What a plan is worth at least that uses a place, as the one where contributions meet. */
  #withHub({ prices, values }: Found, hub: number): number {
    const k = this.#kept.places.indexOf(hub)
    const own = prices.prices[k]!
    const full = values.length - 1
    // With data of its own it may be given nothing else.
    let least = prices.isForced[k] === 1 || this.#terms.stays[hub] === 0 ? Number.POSITIVE_INFINITY : values[full]!
    for (const [i, set] of this.#kept.sets[k]!.entries()) {
      const rest = values[full & ~set]!
      least = Math.min(least, this.#isSum ? own[i]! + rest : Math.max(own[i]!, rest))
    }
    if (!this.#isSum) return this.#with(prices, least)
    // Now that it is known which place exchanges nothing with the hub.
    return this.#with(prices, least) + prices.spokes.usdOfHub - prices.spokes.usdOf(k, 0)
  }

  /** All data in one place, the best by its price first. */
  #tryAlone(box: Box): void {
    const prices = this.#prices.of(box, this.#kept)
    const all = this.#terms.samples.length - 1
    const sets = new Int32Array(this.#kept.places.length)
    const values = [...this.#kept.places.keys()]
      .filter((k) => this.#counted === 0 || this.#terms.stays[this.#kept.places[k]!]! > 0)
      .flatMap((k) => {
        const price = prices.prices[k]![this.#kept.sets[k]!.indexOf(all)]
        return price === undefined ? [] : [{ k, value: this.#with(prices, price) }]
      })
      .toSorted((a, b) => a.value - b.value)
    for (const { k, value } of values) {
      if (value === Number.POSITIVE_INFINITY) return
      const isEnough = this.#input.assignments.solutions >= this.#input.limits.solutions
      if (isEnough || !this.#mayHelp(value)) return this.#leave(value)
      this.#leave(this.#input.assignments.solve(this.#placesOf(sets.with(k, all))))
    }
  }

  /** With the places that are used at what they cost at least in whole units. */
  #handoutOf(box: Box, prices: Prices): Handout {
    this.#boxes += 1
    for (;;) {
      const handout = bestHandout({
        sets: this.#kept.sets,
        prices: prices.prices,
        isForced: prices.isForced,
        n: this.#terms.movable.length,
        fold: this.#isSum ? 'sum' : 'max',
        cutoff: this.#isSum ? this.#cutoff() - prices.given : this.#cutoff(),
        placesMax: box.placesUntil - this.#counted,
        countsAnyway: (k) => this.#terms.stays[this.#kept.places[k]!]! > 0,
      })
      this.#steps += handout.steps
      const isFound = handout.value < Number.POSITIVE_INFINITY
      if (isFound && this.#isSum && this.#prices.strengthen(box, this.#kept, prices, handout.sets)) continue
      return handout
    }
  }

  /** The handout as a plan: what none with it is worth less than. */
  #try(box: Box, sets: Int32Array, isThorough = false): number {
    const { assignments } = this.#input
    const places = this.#placesOf(sets)
    if (typeof box.hub === 'string') {
      return assignments.solve(places)
    }
    const hub = this.#terms.places[box.hub]!.region
    const worth = assignments.worthAtLeast(places, hub)
    if (assignments.mayHelp(worth)) return assignments.solveWithHub(places, hub, isThorough)
    const { goal } = this.#input
    return isAllowed(goal, worth) ? valueOf(goal, worth) : Number.POSITIVE_INFINITY
  }

  /** In the order of the problem's data. */
  #placesOf(sets: Int32Array): readonly string[] {
    const { places, movable } = this.#terms
    const placeOf = new Map<string, string>()
    for (const [k, p] of this.#kept.places.entries()) {
      for (const [d, { region }] of movable.entries()) {
        if (((sets[k]! >> d) & 1) === 1) placeOf.set(region, places[p]!.region)
      }
    }
    return this.#input.problem.data.map(({ region, places: only }) => placeOf.get(region) ?? only[0]!)
  }

  /** Leaves out what no better plan does: giving a set to a place where that costs too much, whatever becomes of the rest. */
  #lookAndReduce(box: Box): void {
    const prices = this.#prices.of(box, this.#kept)
    const first = this.#handoutOf(box, prices)
    if (first.value < Number.POSITIVE_INFINITY) this.#try(box, first.sets)
    const { stays, samples } = this.#terms
    /** By place: no better plan that uses it is worth less. */
    const least = new Float64Array(this.#kept.places.length).fill(Number.POSITIVE_INFINITY)
    const left = this.#kept.sets.map((sets, k) =>
      sets.filter((set, i) => {
        const price = prices.prices[k]![i]!
        const rest = first.values[samples.length - 1 - set]!
        const value = this.#with(prices, this.#isSum ? price + rest : Math.max(price, rest))
        if (!this.#mayHelp(value)) return false
        least[k] = Math.min(least[k]!, value)
        return true
      }),
    )
    if (left.some((sets, k) => sets.length < this.#kept.sets[k]!.length)) this.#leave(this.#cutoff())
    const isNeeded = (k: number): boolean => stays[this.#kept.places[k]!]! > 0
    const useful = [...left.keys()].filter((k) => left[k]!.length > 0 || isNeeded(k))
    // Of very many places only the most promising ones are looked at; what the others promise is told by the bound.
    const ranked = useful.toSorted(
      (a, b) => Number(isNeeded(b)) - Number(isNeeded(a)) || least[a]! - least[b]! || a - b,
    )
    for (const k of ranked.slice(this.#input.limits.boxedPlaces)) this.#leave(least[k]!)
    const kept = ranked.slice(0, this.#input.limits.boxedPlaces).sort((a, b) => a - b)
    this.#kept = { places: Int32Array.from(kept, (k) => this.#kept.places[k]!), sets: kept.map((k) => left[k]!) }
  }

  /** What is not worth less does not help. */
  #cutoff(): number {
    const { limits, assignments } = this.#input
    if (assignments.best === null) return Number.POSITIVE_INFINITY
    const { seconds, totalUsd } = assignments.best.forecast
    return (this.#isSum ? totalUsd : seconds) * (1 - limits.boxTolerance)
  }

  #mayHelp(value: number): boolean {
    return value < this.#cutoff()
  }

  #takeFirst(): Open {
    let first = 0
    for (let i = 1; i < this.#open.length; i++) if (this.#open[i]!.value < this.#open[first]!.value) first = i
    const [open] = this.#open.splice(first, 1)
    return open!
  }
}

function singles(samples: Float64Array): readonly number[] {
  const all: number[] = []
  for (let set = 1; set < samples.length; set *= 2) all.push(samples[set]!)
  return all
}
