// Where each region's data is best trained on, with a given way to synchronise: branch and bound over the places that it may
// go to. Every place that is used is one partition with all the data that comes there. A branch is worth at least what its
// data costs on the cheapest units of their places, could these be divided, and what moving it costs; and it lasts at least as
// long as every unit of its places takes. Three plans are tried first, so that there is something to compare with: all data
// stays, each goes where it is cheapest, and all goes to one place.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { DataRegion, Floor, Home, Place, Problem, Together } from '../policy.ts'
import { throughputOf } from '../policy.ts'
import { Coverer } from '../cover-cheaply.ts'
import { everyUnit } from '../use-everything.ts'
import { isAllowed, mayBeBetter, valueOf, type Goal, type Worth } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import { longestTime, searchTimes, worthAtLeast, type Found } from './search-times.ts'
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

/** What is known of some of the data: what moving it costs and takes, and what its places cost and take at least. */
type Branch = {
  readonly movementUsd: number
  readonly movementSeconds: number
  /** Samples of all epochs that each place was given so far. */
  readonly loads: ReadonlyMap<string, number>
}

const nothingYet: Branch = { movementUsd: 0, movementSeconds: 0, loads: new Map() }

/** A place that a region's data may go to. */
type Option = {
  readonly place: string
  readonly movementSeconds: number
  readonly movementUsd: number
  /** Of moving it and of units at least. */
  readonly usd: number
  /** Of every unit of the place for this data alone. */
  readonly seconds: number
}

class Search {
  readonly #input: PlacesInput
  readonly #places: ReadonlyMap<string, Place>
  readonly #coverers: ReadonlyMap<string, Coverer>
  readonly #capacity: ReadonlyMap<string, number>
  readonly #together: Together
  /** What can not move first, then that with the most samples: it decides most. */
  readonly #data: readonly DataRegion[]
  readonly #options: readonly (readonly Option[])[]
  readonly #usdLeft: readonly number[]
  readonly #secondsLeft: readonly number[]
  #best: Found | null = null
  #atLeast = Number.POSITIVE_INFINITY
  #solved = new Set<string>()
  #solutions = 0
  #branches = 0

  constructor(input: PlacesInput) {
    this.#input = input
    const { problem, goal, known } = input
    this.#places = new Map(problem.places.map((place) => [place.region, place]))
    this.#coverers = new Map(problem.places.map((place) => [place.region, new Coverer(place)]))
    this.#capacity = new Map(problem.places.map((place) => [place.region, throughputOf(place, everyUnit(place))]))
    this.#data = problem.data.toSorted(byWeight)
    this.#together = problem.together(input.exchange)
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
    const tries = [
      ...this.#input.known.map((found) => this.#placesOf(found)),
      ...(home.includes(null) ? [] : [home as string[]]),
      each,
      ...together.map((place) => data.map(() => place)),
    ]
    return [...tries, ...tries.map((places) => this.#improved(places))]
  }

  #placesOf({ candidate }: Found): readonly string[] {
    return this.#data.map(
      ({ region }) => candidate.partitions.find(({ dataRegions }) => dataRegions.includes(region))!.place,
    )
  }

  /** Data goes one by one to where it is better by the branches' bound, until none is. */
  #improved(places: readonly string[]): readonly string[] {
    const { limits } = this.#input
    let best = places
    let value = this.#penalised(best)
    let looked = 0
    for (let at = 0, since = 0; since < this.#data.length && looked < limits.looks; at = (at + 1) % this.#data.length) {
      since += 1
      for (const { place } of this.#options[at]!) {
        if (place === best[at]) continue
        looked += 1
        const next = best.with(at, place)
        const nextValue = this.#penalised(next)
        if (nextValue >= value * (1 - Math.max(limits.tolerance, 1e-9))) continue
        best = next
        value = nextValue
        since = 0
      }
    }
    return best
  }

  /** What an assignment is worth at least; one that is too slow is worth less the slower it is. */
  #penalised(places: readonly string[]): number {
    const { problem, goal, exchange } = this.#input
    const groups = this.#groupsOf(places)
    const homes = groups.map(({ place, dataRegions }) => ({ place: place.region, dataRegions }))
    const { wireSeconds } = this.#together
    const best = homes.toSorted((a, b) => (wireSeconds.get(a.place) ?? 0) - (wireSeconds.get(b.place) ?? 0))[0]!
    const floor = problem.floor(homes, exchange === null ? null : { ...exchange, hub: best.place })
    const shortest = Math.max(...groups.map(({ place, samples }) => samples / this.#capacity.get(place.region)!))
    const worth = this.#leastWorth(groups, floor, shortest)
    const late = Math.max(1, worth.seconds / goal.secondsMax)
    return valueOf(goal, worth) * late ** 4
  }

  branch(chosen: readonly string[], known: Branch): void {
    const depth = chosen.length
    if (depth === this.#data.length) return this.solve(chosen)
    const { goal, limits } = this.#input
    const options = this.#options[depth]!
    const next = options
      .map((option) => this.#with(known, this.#data[depth]!, option))
      .map((branch, i) => ({ branch, place: options[i]!.place, worth: this.#worthOf(branch, depth + 1) }))
      .toSorted((a, b) => valueOf(goal, a.worth) - valueOf(goal, b.worth) || (a.place < b.place ? -1 : 1))
    for (const { branch, place, worth } of next) {
      this.#branches += 1
      if (!this.#mayHelp(worth) || this.#branches > limits.branches) this.#leaveOpen(worth)
      else this.branch([...chosen, place], branch)
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
    const staircase = new Staircase(groups, limits)
    const shortest = staircase.leastSeconds
    const hubs = this.#hubsOf(homes, groups)
      .map((exchange) => ({ exchange, floor: problem.floor(homes, exchange) }))
      .map((each) => ({ ...each, worth: this.#leastWorth(groups, each.floor, shortest) }))
      .toSorted((a, b) => valueOf(goal, a.worth) - valueOf(goal, b.worth))
    for (const [i, { exchange, floor, worth }] of hubs.entries()) {
      if (!this.#mayHelp(worth)) {
        this.#leaveOpen(worth)
        continue
      }
      if (this.#solutions >= limits.solutions || i >= limits.hubs) this.#leaveOpen(worth)
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
    this.#solutions += 1
    const weigh = (units: readonly ReadonlyMap<string, number>[]): Found => {
      const candidate = { partitions: homes.map((home, i) => ({ ...home, units: units[i]! })), exchange }
      return { candidate, forecast: problem.estimate(candidate) }
    }
    const { steps: stepsMax, tolerance } = limits
    const times = searchTimes({ goal, floor, staircase, weigh, stepsMax, tolerance, best: this.#best })
    this.#best = times.best
    const value = times.best === null ? Number.POSITIVE_INFINITY : valueOf(goal, times.best.forecast)
    if (times.atLeast >= value * (1 - Math.max(1e-9, tolerance))) {
      this.#atLeast = Math.min(this.#atLeast, times.atLeast)
      return
    }
    const choices = groups.reduce((count, { place }) => count * choicesIn(place), 1)
    if (choices > limits.choices) {
      this.#atLeast = Math.min(this.#atLeast, times.atLeast)
      return
    }
    const units = searchUnits({ goal, floor, groups, weigh, best: this.#best, weighedMax: limits.choices })
    this.#best = units.best
    if (!units.isComplete) this.#atLeast = Math.min(this.#atLeast, times.atLeast)
  }

  /** Whatever units are taken: what they cost for as long as they are needed. */
  #leastWorth(groups: readonly Group[], floor: Floor, shortest: number): Worth {
    const { seconds } = worthAtLeast(floor, 0, shortest)
    const longest = Math.max(shortest, longestTime(this.#input.goal, floor))
    return {
      seconds,
      totalUsd: floor.usd + sum(groups.map(({ coverer, samples }) => leastUsd(coverer, samples, longest))),
    }
  }

  #groupsOf(places: readonly string[]): readonly Group[] {
    const { epochs } = this.#input.problem
    const byPlace = Map.groupBy(this.#data, (_, i) => places[i]!)
    return [...byPlace]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([place, data]) => ({
        place: this.#places.get(place)!,
        coverer: this.#coverers.get(place)!,
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
      this.#leaveOpen(this.#leastWorth(groups, problem.floor(homes, null), new Staircase(groups, limits).leastSeconds))
    }
    return tried.map(({ place }) => ({ ...exchange, hub: place.region }))
  }

  #optionsOf({ region, samples, places }: DataRegion): readonly Option[] {
    const { problem, goal, exchange } = this.#input
    const all = problem.epochs * samples
    const options = places.map((name): Option => {
      const { movementSeconds, usd: movementUsd } = problem.floor([{ place: name, dataRegions: [region] }], exchange)
      const longest = this.#longestFor(all, { place: name, movementSeconds })
      const usd = movementUsd + leastUsd(this.#coverers.get(name)!, all, longest)
      return { place: name, movementSeconds, movementUsd, usd, seconds: all / this.#capacity.get(name)! }
    })
    const rank = goal.minimise === 'usd' ? rankByUsd : rankBySeconds
    return options.toSorted((a, b) => rank(a) - rank(b) || (a.place < b.place ? -1 : 1))
  }

  #with({ movementUsd, movementSeconds, loads }: Branch, { samples }: DataRegion, option: Option): Branch {
    const all = this.#input.problem.epochs * samples + (loads.get(option.place) ?? 0)
    return {
      movementUsd: movementUsd + option.movementUsd,
      movementSeconds: Math.max(movementSeconds, option.movementSeconds),
      loads: new Map(loads).set(option.place, all),
    }
  }

  /** Training begins when all data has come, so that what is moved far leaves the others less time too. */
  #worthOf({ movementUsd, movementSeconds, loads }: Branch, depth: number): Worth {
    const together = this.#together
    const wireOf = loads.size > 2 ? together.hubSeconds : together.wireSeconds
    const wireSeconds = loads.size < 2 ? 0 : Math.max(...[...loads.keys()].map((place) => wireOf.get(place) ?? 0))
    let usd = movementUsd + (this.#usdLeft[depth] ?? 0)
    let busiest = this.#secondsLeft[depth] ?? 0
    let dearest = 0
    for (const [place, samples] of loads) {
      const togetherUsd = together.usd.get(place) ?? 0
      dearest = Math.max(dearest, togetherUsd)
      const taken = movementSeconds + (together.isOverlapped ? 0 : wireSeconds)
      const longest = this.#longestFor(samples, { place, movementSeconds: taken })
      usd += togetherUsd + leastUsd(this.#coverers.get(place)!, samples, longest)
      busiest = Math.max(busiest, samples / this.#capacity.get(place)!)
    }
    const training = together.isOverlapped ? Math.max(busiest, wireSeconds) : busiest + wireSeconds
    // One of the places may be where the others meet.
    return { seconds: movementSeconds + training, totalUsd: usd - dearest }
  }

  /** The most time that so many samples may take in a place. */
  #longestFor(samples: number, { place, movementSeconds }: Pick<Option, 'place' | 'movementSeconds'>): number {
    return Math.max(samples / this.#capacity.get(place)!, this.#input.goal.secondsMax - movementSeconds)
  }

  #take(found: Found, goal: Goal): void {
    if (mayBeBetter(goal, found.forecast, this.#best?.forecast ?? null)) this.#best = found
  }

  /** Not looked at any further. Where it is not allowed it promises nothing. */
  #leaveOpen(worth: Worth): void {
    const { goal } = this.#input
    if (isAllowed(goal, worth)) this.#atLeast = Math.min(this.#atLeast, valueOf(goal, worth))
  }

  #mayHelp(worth: Worth): boolean {
    const { goal, limits } = this.#input
    return mayBeBetter(goal, worth, this.#best?.forecast ?? null, limits.tolerance)
  }
}

function byWeight(a: DataRegion, b: DataRegion): number {
  const mayMove = ({ places }: DataRegion): number => (places.length > 1 ? 1 : 0)
  return mayMove(a) - mayMove(b) || b.samples - a.samples || (a.region < b.region ? -1 : 1)
}

/** Of units that train so many samples in at most so long: the dearer ones are only needed for less time. */
function leastUsd(coverer: Coverer, samples: number, seconds: number): number {
  // Without a limit the cheapest throughput will do, however little of it there is.
  const lasting = Number.isFinite(seconds) ? seconds : samples / 1e-9
  return (coverer.coverAtLeast(samples / lasting) * lasting) / 3600
}

const rankByUsd = ({ usd }: Option): number => usd
const rankBySeconds = ({ seconds, movementSeconds }: Option): number => seconds + movementSeconds

function least(options: readonly Option[], of: (option: Option) => number): number {
  return Math.min(...options.map(of))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
