// Where data is best trained on when it may move: branch and bound over boxes. A box is all plans whose contributions meet in one
// place and whose longest move, heaviest load, time and number of places lie between bounds. With these given, what a place adds
// hangs on nothing but the data it is given, so that subsets.ts finds the best handout: no plan in the box is worth less.
// The box with the least is taken first; its handout is solved exactly, and it is split where that handout was given away
// most (split-box.ts).
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Problem } from '../policy.ts'
import type { Assignments } from './assignments.ts'
import { BoxPrices, type Box, type Prices } from './box-prices.ts'
import type { Goal } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import type { Prepared } from './prepared.ts'
import { splitBox } from './split-box.ts'
import { bestHandout, type Handout } from './subsets.ts'
import { termsOf, type Terms } from './terms.ts'

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
  return search.atLeast
}

type Open = {
  readonly box: Box
  /** No plan in it is worth less. */
  readonly value: number
  /** Null until it is looked for. */
  readonly sets: Int32Array | null
}

class Search {
  readonly #input: BoxesInput
  readonly #terms: Terms
  readonly #prices: BoxPrices
  readonly #isSum: boolean
  /** Places with data of their own. */
  readonly #counted: number
  /** Places that may be used by a better plan than the best that is known. */
  #kept: Int32Array
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
    this.#kept = Int32Array.from(this.#terms.places, (_, p) => p)
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
      if (first.sets === null) this.#look(first)
      else this.#split(first, first.sets)
    }
  }

  #with({ given }: Pick<Prices, 'given'>, value: number): number {
    return this.#isSum ? given + value : Math.max(given, value)
  }

  #push(box: Box, value: number): void {
    this.#open.push({ box, value, sets: null })
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
    this.#open.push({ box, value: Math.max(value, this.#with(prices, handout.value)), sets: handout.sets })
  }

  #split({ box, value }: Open, sets: Int32Array): void {
    this.#try(box, sets)
    if (!this.#mayHelp(value)) return this.#leave(value)
    const parts = splitBox(this.#terms, this.#prices, box, this.#kept, sets)
    if (parts.length === 0) this.#leave(value)
    for (const part of parts) this.#push(part, value)
  }

  /** All data in one place, the best by its price first. */
  #tryAlone(box: Box): void {
    const { prices, given } = this.#prices.of(box, this.#kept)
    const size = this.#terms.samples.length
    const sets = new Int32Array(this.#kept.length)
    const values = [...this.#kept.keys()]
      .map((k) => ({ k, value: this.#with({ given }, prices[k * size + size - 1]!) }))
      .filter(({ k }) => this.#counted === 0 || this.#terms.stays[this.#kept[k]!]! > 0)
      .toSorted((a, b) => a.value - b.value)
    for (const { k, value } of values) {
      if (value === Number.POSITIVE_INFINITY) return
      const isEnough = this.#input.assignments.solutions >= this.#input.limits.solutions
      if (isEnough || !this.#mayHelp(value)) return this.#leave(value)
      this.#leave(this.#input.assignments.solve(this.#placesOf(sets.with(k, size - 1))))
    }
  }

  /** With the places that are used at what they cost at least in whole units. */
  #handoutOf(box: Box, prices: Prices): Handout {
    this.#boxes += 1
    for (;;) {
      const handout = bestHandout({
        prices: prices.prices,
        places: this.#kept.length,
        n: this.#terms.movable.length,
        fold: this.#isSum ? 'sum' : 'max',
        cutoff: this.#isSum ? this.#cutoff() - prices.given : this.#cutoff(),
        placesMax: box.placesUntil - this.#counted,
        countsAnyway: (k) => this.#terms.stays[this.#kept[k]!]! > 0,
      })
      this.#steps += handout.steps
      const isFound = handout.value < Number.POSITIVE_INFINITY
      if (isFound && this.#isSum && this.#prices.strengthen(box, this.#kept, prices, handout.sets)) continue
      return handout
    }
  }

  /** The handout as a plan. */
  #try(box: Box, sets: Int32Array): void {
    const { assignments } = this.#input
    const places = this.#placesOf(sets)
    if (typeof box.hub === 'string') {
      assignments.solve(places)
      return
    }
    const hub = this.#terms.places[box.hub]!.region
    if (assignments.mayHelp(assignments.worthAtLeast(places, hub))) assignments.solveWithHub(places, hub)
  }

  /** In the order of the problem's data. */
  #placesOf(sets: Int32Array): readonly string[] {
    const { places, movable } = this.#terms
    const placeOf = new Map<string, string>()
    for (const [k, p] of this.#kept.entries()) {
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
    const { values } = first
    const { moveSeconds, stays, samples } = this.#terms
    const size = samples.length
    const kept: number[] = []
    let isLeft = false
    for (const [k, p] of this.#kept.entries()) {
      let isUsed = stays[p]! > 0
      for (let set = 1; set < size; set++) {
        const at = p * size + set
        if (moveSeconds[at] === Number.POSITIVE_INFINITY) continue
        const price = prices.prices[k * size + set]!
        const rest = values[size - 1 - set]!
        const value = this.#with(prices, this.#isSum ? price + rest : Math.max(price, rest))
        if (this.#mayHelp(value)) {
          isUsed = true
        } else {
          moveSeconds[at] = Number.POSITIVE_INFINITY
          isLeft = true
        }
      }
      if (isUsed) kept.push(p)
    }
    if (isLeft) this.#leave(this.#cutoff())
    this.#kept = Int32Array.from(kept)
  }

  /** What is not worth less does not help. */
  #cutoff(): number {
    const { limits, assignments } = this.#input
    if (assignments.best === null) return Number.POSITIVE_INFINITY
    const { seconds, totalUsd } = assignments.best.forecast
    return (this.#isSum ? totalUsd : seconds) * (1 - limits.tolerance)
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
