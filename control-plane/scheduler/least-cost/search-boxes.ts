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
import { tightened } from './tighten-box.ts'

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
  /** Places that are kept, and what a better plan in it may give them. */
  readonly kept: Kept
  /** Of a box that it is part of and that was open about the hub: the prices of what is kept. Null where it is of no use. */
  readonly base: Prices | null
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
      this.#push(all, 0, this.#kept)
      return
    }
    if (this.#counted <= 1) this.#tryAlone(all)
    const together = { ...all, hub: 'somewhere' as const, placesFrom: Math.max(2, this.#counted) }
    this.#lookAndReduce(together)
    // Two places swap; of more, all have come in before anything goes out, which may take twice as long.
    this.#push({ ...together, placesUntil: 2 }, 0, this.#kept)
    this.#push({ ...together, placesFrom: Math.max(3, this.#counted) }, 0, this.#kept)
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

  #push(given: Box, value: number, kept: Kept, base: Prices | null = null): void {
    const box = tightened(this.#terms, this.#prices, given, kept, this.#counted)
    if (box !== null) this.#open.push({ box, value, kept, base, found: null })
  }

  #leave(value: number): void {
    this.atLeast = Math.min(this.atLeast, value)
  }

  #look({ box, value, kept, base }: Open): void {
    if (base !== null) {
      // Nearly all are done with by this.
      const atLeast = Math.max(value, this.#roughly(box, kept, base))
      if (this.#mayHelp(atLeast)) this.#open.push({ box, value: atLeast, kept, base: null, found: null })
      else this.#leave(this.#cutoff())
      return
    }
    const prices = this.#prices.of(box, kept)
    const handout = this.#handoutOf(box, kept, prices)
    if (handout.value === Number.POSITIVE_INFINITY) {
      // There may be plans that are worth no less than those that are not looked for.
      this.#leave(this.#cutoff())
      return
    }
    const found = { sets: handout.sets, values: handout.values, prices }
    this.#open.push({ box, value: Math.max(value, this.#with(prices, handout.value)), kept, base: null, found })
  }

  /** What no plan in a box with a hub is worth less than, by what was known without it. */
  #roughly(box: Box, kept: Kept, base: Prices): number {
    const prices = this.#prices.withHub(box, kept, base)
    return this.#with(prices, this.#bestOf(box, kept, prices).value)
  }

  #split({ box, value, kept }: Open, found: Found): void {
    const { sets } = found
    this.#try(box, sets)
    if (!this.#mayHelp(value)) return this.#leave(value)
    const parts = splitBox(this.#terms, this.#prices, box, kept, sets)
    const { kept: left, prices: base } = this.#reduced(kept, found.prices, found.values)
    // There is only this one handout in it.
    if (parts.length === 0) this.#leave(Math.max(value, this.#try(box, sets, true)))
    for (const part of parts) {
      if (box.hub !== 'somewhere' || typeof part.hub === 'string') this.#push(part, value, left)
      else this.#push(part, Math.max(value, this.#leastWithHub(kept, found, part.hub)), left, this.#isSum ? base : null)
    }
  }

  /** What a plan is worth at least that uses a place, as the one where contributions meet. */
  #leastWithHub(kept: Kept, { prices, values }: Found, hub: number): number {
    const k = kept.places.indexOf(hub)
    const full = values.length - 1
    // With data of its own it may be given nothing else.
    let least = prices.isForced[k] === 1 || this.#terms.stays[hub] === 0 ? Number.POSITIVE_INFINITY : values[full]!
    for (let i = kept.starts[k]!; i < kept.starts[k + 1]!; i++) {
      const [own, rest] = [prices.prices[i]!, values[full & ~kept.sets[i]!]!]
      least = Math.min(least, this.#isSum ? own + rest : Math.max(own, rest))
    }
    if (!this.#isSum) return this.#with(prices, least)
    // Now that it is known which place exchanges nothing with the hub.
    return this.#with(prices, least) + prices.spokes.usdOfHub - prices.spokes.usdOf(k, 0)
  }

  /** All data in one place, the best by its price first. */
  #tryAlone(box: Box): void {
    const { starts, sets: kept } = this.#kept
    const prices = this.#prices.of(box, this.#kept)
    const all = this.#terms.samples.length - 1
    const sets = new Int32Array(this.#kept.places.length)
    const values = [...this.#kept.places.keys()]
      .filter((k) => this.#counted === 0 || this.#terms.stays[this.#kept.places[k]!]! > 0)
      .flatMap((k) => {
        const last = starts[k + 1]! - 1
        const isAll = last >= starts[k]! && kept[last] === all
        return isAll ? [{ k, value: this.#with(prices, prices.prices[last]!) }] : []
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
  #handoutOf(box: Box, kept: Kept, prices: Prices): Handout {
    for (;;) {
      const handout = this.#bestOf(box, kept, prices)
      const isFound = handout.value < Number.POSITIVE_INFINITY
      if (isFound && this.#isSum && this.#prices.strengthen(box, kept, prices, handout.sets)) continue
      return handout
    }
  }

  #bestOf(box: Box, { places, starts, sets }: Kept, { prices, isForced, given }: Prices): Handout {
    this.#boxes += 1
    const handout = bestHandout({
      starts,
      sets,
      prices,
      isForced,
      n: this.#terms.movable.length,
      fold: this.#isSum ? 'sum' : 'max',
      cutoff: this.#isSum ? this.#cutoff() - given : this.#cutoff(),
      placesMax: box.placesUntil - this.#counted,
      countsAnyway: (k) => this.#terms.stays[places[k]!]! > 0,
    })
    this.#steps += handout.steps
    return handout
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

  /** Of all places and sets, those that may be part of a better plan. */
  #lookAndReduce(box: Box): void {
    const prices = this.#prices.of(box, this.#kept)
    const first = this.#handoutOf(box, this.#kept, prices)
    if (first.value < Number.POSITIVE_INFINITY) this.#try(box, first.sets)
    const { stays } = this.#terms
    const { kept: left, least } = this.#reduced(this.#kept, prices, first.values)
    const isNeeded = (k: number): boolean => stays[left.places[k]!]! > 0
    const useful = [...left.places.keys()].filter((k) => left.starts[k + 1]! > left.starts[k]! || isNeeded(k))
    // Of very many places only the most promising ones are looked at; what the others promise is told by the bound.
    const ranked = useful.toSorted(
      (a, b) => Number(isNeeded(b)) - Number(isNeeded(a)) || least[a]! - least[b]! || a - b,
    )
    for (const k of ranked.slice(this.#input.limits.boxedPlaces)) this.#leave(least[k]!)
    this.#kept = ofPlaces(
      left,
      ranked.slice(0, this.#input.limits.boxedPlaces).toSorted((a, b) => a - b),
    )
  }

  /**
   * Leaves out what no better plan of a box does: giving a set to a place where that costs too much, whatever becomes of the
   * rest. `values`: of the best handouts of the rest. `least`: by place, no better plan that gives it something is worth less.
   */
  #reduced(
    { places, starts: startsBefore, sets: before }: Kept,
    prices: Prices,
    values: Float64Array,
  ): { readonly kept: Kept; readonly prices: Prices; readonly least: Float64Array } {
    const all = values.length - 1
    const cutoff = this.#cutoff()
    const least = new Float64Array(places.length).fill(Number.POSITIVE_INFINITY)
    const starts = new Int32Array(places.length + 1)
    const sets = new Int32Array(before.length)
    const left = new Float64Array(before.length)
    let count = 0
    for (let k = 0; k < places.length; k++) {
      starts[k] = count
      // Of the rest a place that has to be given something would have to be given more.
      const isForced = prices.isForced[k] === 1
      for (let i = startsBefore[k]!; i < startsBefore[k + 1]!; i++) {
        const set = before[i]!
        const [price, rest] = [prices.prices[i]!, values[all & ~set]!]
        const value = this.#with(prices, this.#isSum ? price + rest : Math.max(price, rest))
        if (!isForced && !(value < cutoff)) continue
        if (value < least[k]!) least[k] = value
        sets[count] = set
        left[count++] = price
      }
    }
    starts[places.length] = count
    if (count < before.length) this.#leave(cutoff)
    const kept = { places, starts, sets: sets.subarray(0, count) }
    return { kept, prices: { ...prices, prices: left.subarray(0, count) }, least }
  }

  get #tolerance(): number {
    const reached = this.#input.limits.boxTolerances.findLast(({ boxes }) => boxes <= this.#boxes)
    return reached?.tolerance ?? 0
  }

  /** What is not worth less does not help. */
  #cutoff(): number {
    const { assignments } = this.#input
    if (assignments.best === null) return Number.POSITIVE_INFINITY
    const { seconds, totalUsd } = assignments.best.forecast
    return (this.#isSum ? totalUsd : seconds) * (1 - this.#tolerance)
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

function ofPlaces({ places, starts, sets }: Kept, which: readonly number[]): Kept {
  const own = which.map((k) => sets.subarray(starts[k], starts[k + 1]))
  const all = new Int32Array(own.reduce((sum, { length }) => sum + length, 0))
  const startsOfAll = new Int32Array(which.length + 1)
  for (const [i, each] of own.entries()) {
    all.set(each, startsOfAll[i])
    startsOfAll[i + 1] = startsOfAll[i]! + each.length
  }
  return { places: Int32Array.from(which, (k) => places[k]!), starts: startsOfAll, sets: all }
}
