// Where each region's data is best trained on, with a given way to synchronise: branch and bound over the places that it may
// go to. Every place that is used is one partition with all the data that comes there. A branch is worth at least what its
// data costs on the cheapest units of their places, could these be divided, and what moving it costs; and it lasts at least as
// long as every unit of its places takes. Three plans are tried first, so that there is something to compare with: all data
// stays, each goes where it is cheapest, and all goes to one place.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { DataRegion, Floor, Home, Place, Problem } from '../policy.ts'
import { throughputOf } from '../policy.ts'
import { everyUnit } from '../use-everything.ts'
import { coverAtLeast } from './cover-at-least.ts'
import { mayBeBetter, valueOf, type Goal, type Worth } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import { searchTimes, worthAtLeast, type Found } from './search-times.ts'
import { choicesIn, searchUnits } from './search-units.ts'
import { Staircase, type Group } from './staircase.ts'

export type PlacesInput = {
  readonly problem: Problem
  readonly goal: Goal
  /** Without a hub: the best one is looked for. */
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  /** Plans that are known already. */
  readonly known: readonly Found[]
}

export type PlacesResult = {
  /** Null where no plan is allowed, as far as was looked. */
  readonly best: Found | null
  /** No allowed plan is worth less; infinite where there is none. */
  readonly atLeast: number
}

export function searchPlaces(input: PlacesInput): PlacesResult {
  const search = new Search(input)
  for (const places of search.firstTries()) search.solve(places)
  search.branch([], nothingYet)
  return search.result()
}

/** What is known of some of the data: their costs, and how long the places take that they were given to. */
type Branch = { readonly usd: number; readonly movementSeconds: number; readonly samples: ReadonlyMap<string, number> }

const nothingYet: Branch = { usd: 0, movementSeconds: 0, samples: new Map() }

/** A place that a region's data may go to. */
type Option = {
  readonly place: string
  readonly movementSeconds: number
  /** Of moving it and of units at least. */
  readonly usd: number
  /** Of every unit of the place for this data alone. */
  readonly seconds: number
}

class Search {
  readonly #input: PlacesInput
  readonly #places: ReadonlyMap<string, Place>
  readonly #capacity: ReadonlyMap<string, number>
  /** The data with the most samples first: it decides most. */
  readonly #data: readonly DataRegion[]
  readonly #options: readonly (readonly Option[])[]
  readonly #usdLeft: readonly number[]
  readonly #secondsLeft: readonly number[]
  #best: Found | null = null
  #atLeast = Number.POSITIVE_INFINITY
  #solved = new Set<string>()
  #branches = 0

  constructor(input: PlacesInput) {
    this.#input = input
    const { problem, goal, known } = input
    this.#places = new Map(problem.places.map((place) => [place.region, place]))
    this.#capacity = new Map(problem.places.map((place) => [place.region, throughputOf(place, everyUnit(place))]))
    this.#data = problem.data.toSorted((a, b) => b.samples - a.samples || (a.region < b.region ? -1 : 1))
    this.#options = this.#data.map((data) => this.#optionsOf(data))
    this.#usdLeft = this.#data.map((_, i) => sum(this.#options.slice(i).map((all) => least(all, ({ usd }) => usd))))
    this.#secondsLeft = this.#data.map((_, i) =>
      Math.max(...this.#options.slice(i).map((all) => least(all, ({ seconds }) => seconds))),
    )
    for (const found of known) this.#take(found, goal)
  }

  /** Places in the order of the data. */
  firstTries(): readonly (readonly string[])[] {
    const data = this.#data
    const home = data.map(({ region, places }) => (places.includes(region) ? region : null))
    const each = this.#options.map(([first]) => first!.place)
    const shared = data[0]!.places.filter((place) => data.every(({ places }) => places.includes(place)))
    const usdIn = (place: string): number =>
      sum(this.#options.map((all) => all.find((option) => option.place === place)!.usd))
    const together = shared.toSorted((a, b) => usdIn(a) - usdIn(b) || (a < b ? -1 : 1)).slice(0, 3)
    return [...(home.includes(null) ? [] : [home as string[]]), each, ...together.map((place) => data.map(() => place))]
  }

  branch(chosen: readonly string[], { usd, movementSeconds, samples }: Branch): void {
    const depth = chosen.length
    if (depth === this.#data.length) return this.solve(chosen)
    const data = this.#data[depth]!
    for (const option of this.#options[depth]!) {
      const count = (samples.get(option.place) ?? 0) + data.samples
      const next: Branch = {
        usd: usd + option.usd,
        movementSeconds: Math.max(movementSeconds, option.movementSeconds),
        samples: new Map(samples).set(option.place, count),
      }
      const worth = this.#worthOf(next, depth + 1)
      if (!this.#mayHelp(worth)) continue
      this.#branches += 1
      if (this.#branches > this.#input.limits.branches) this.#leaveOpen(worth)
      else this.branch([...chosen, option.place], next)
    }
  }

  /** The best units and hub with the data in these places. */
  solve(places: readonly string[]): void {
    const key = places.join(' ')
    if (this.#solved.has(key)) return
    this.#solved.add(key)
    const { problem, goal, limits } = this.#input
    const groups = this.#groupsOf(places)
    const homes = groups.map(({ place, dataRegions }) => ({ place: place.region, dataRegions }))
    const staircase = new Staircase(groups, limits.coverNodes)
    const shortest = staircase.leastSeconds
    const hubs = this.#hubsOf(homes, groups)
      .map((exchange) => ({ exchange, floor: problem.floor(homes, exchange) }))
      .map((each) => ({ ...each, worth: worthAtLeast(each.floor, 0, shortest) }))
      .toSorted((a, b) => valueOf(goal, a.worth) - valueOf(goal, b.worth))
    for (const [i, { exchange, floor, worth }] of hubs.entries()) {
      if (!this.#mayHelp(worth)) continue
      if (this.#solved.size > limits.solutions || i >= limits.hubs) this.#leaveOpen(worth)
      else this.#solveWith(groups, homes, staircase, exchange, floor)
    }
  }

  result(): PlacesResult {
    const known = this.#best === null ? Number.POSITIVE_INFINITY : valueOf(this.#input.goal, this.#best.forecast)
    return { best: this.#best, atLeast: Math.min(known, this.#atLeast) }
  }

  #solveWith(
    groups: readonly Group[],
    homes: readonly Home[],
    staircase: Staircase,
    exchange: Exchange | null,
    floor: Floor,
  ): void {
    const { problem, goal, limits } = this.#input
    const weigh = (units: readonly ReadonlyMap<string, number>[]): Found => {
      const candidate = { partitions: homes.map((home, i) => ({ ...home, units: units[i]! })), exchange }
      return { candidate, forecast: problem.estimate(candidate) }
    }
    const times = searchTimes({ goal, floor, staircase, weigh, stepsMax: limits.steps, best: this.#best })
    this.#best = times.best
    const value = times.best === null ? Number.POSITIVE_INFINITY : valueOf(goal, times.best.forecast)
    if (times.atLeast >= value * (1 - 1e-9)) return
    const choices = groups.reduce((count, { place }) => count * choicesIn(place), 1)
    if (choices > limits.choices) {
      this.#atLeast = Math.min(this.#atLeast, times.atLeast)
      return
    }
    const units = searchUnits({ goal, floor, groups, weigh, best: this.#best, weighedMax: limits.choices })
    this.#best = units.best
    if (!units.isComplete) this.#atLeast = Math.min(this.#atLeast, times.atLeast)
  }

  #groupsOf(places: readonly string[]): readonly Group[] {
    const { epochs } = this.#input.problem
    const byPlace = Map.groupBy(this.#data, (_, i) => places[i]!)
    return [...byPlace]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([place, data]) => ({
        place: this.#places.get(place)!,
        dataRegions: data.map(({ region }) => region).sort(),
        samples: epochs * sum(data.map(({ samples }) => samples)),
      }))
  }

  /** Two regions swap; of more, each may be where contributions meet; of very many, those with most data are tried. */
  #hubsOf(homes: readonly Home[], groups: readonly Group[]): readonly (Exchange | null)[] {
    const { exchange, limits, problem } = this.#input
    if (exchange === null) return [null]
    if (homes.length <= 2) return [{ ...exchange, hub: homes[0]!.place }]
    const tried = groups.toSorted((a, b) => b.samples - a.samples).slice(0, limits.hubsWeighed)
    if (tried.length < groups.length) {
      this.#leaveOpen(worthAtLeast(problem.floor(homes, null), 0, new Staircase(groups, 0).leastSeconds))
    }
    return tried.map(({ place }) => ({ ...exchange, hub: place.region }))
  }

  #optionsOf({ region, samples, places }: DataRegion): readonly Option[] {
    const { problem, goal, exchange } = this.#input
    const all = problem.epochs * samples
    const options = places.map((name): Option => {
      const place = this.#places.get(name)!
      const { movementSeconds, usd } = problem.floor([{ place: name, dataRegions: [region] }], exchange)
      const seconds = all / this.#capacity.get(name)!
      const longest = Math.max(seconds, goal.secondsMax - movementSeconds)
      return { place: name, movementSeconds, usd: usd + leastUsd(place, all, longest), seconds }
    })
    const rank = goal.minimise === 'usd' ? rankByUsd : rankBySeconds
    return options.toSorted((a, b) => rank(a) - rank(b) || (a.place < b.place ? -1 : 1))
  }

  #worthOf({ usd, movementSeconds, samples }: Branch, depth: number): Worth {
    const { epochs } = this.#input.problem
    const busiest = Math.max(...[...samples].map(([place, count]) => (epochs * count) / this.#capacity.get(place)!))
    const seconds = movementSeconds + Math.max(busiest, this.#secondsLeft[depth] ?? 0)
    return { seconds, totalUsd: usd + (this.#usdLeft[depth] ?? 0) }
  }

  #take(found: Found, goal: Goal): void {
    if (mayBeBetter(goal, found.forecast, this.#best?.forecast ?? null)) this.#best = found
  }

  #leaveOpen(worth: Worth): void {
    this.#atLeast = Math.min(this.#atLeast, valueOf(this.#input.goal, worth))
  }

  #mayHelp(worth: Worth): boolean {
    return mayBeBetter(this.#input.goal, worth, this.#best?.forecast ?? null)
  }
}

/** Of units that train so many samples in at most so long: the dearer ones are only needed for less time. */
function leastUsd(place: Place, samples: number, seconds: number): number {
  // Without a limit the cheapest throughput will do, however little of it there is.
  const lasting = Number.isFinite(seconds) ? seconds : samples / 1e-9
  return (coverAtLeast(place, samples / lasting) * lasting) / 3600
}

const rankByUsd = ({ usd }: Option): number => usd
const rankBySeconds = ({ seconds, movementSeconds }: Option): number => seconds + movementSeconds

function least(options: readonly Option[], of: (option: Option) => number): number {
  return Math.min(...options.map(of))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
