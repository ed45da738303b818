// Data in given places: what that is worth at least, and the best units and hub for it. Keeps the best plan that was found.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { DataRegion, Floor, Home, Problem } from '../policy.ts'
import { isAllowed, mayBeBetter, valueOf, type Goal, type Worth } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import { leastUsd, type Prepared } from './prepared.ts'
import { longestTime, searchTimes, worthAtLeast, type Found } from './search-times.ts'
import { leastTraining, nearUnits } from './near-units.ts'
import { choicesIn, searchUnits, type UnitsInput } from './search-units.ts'
import { Staircase, type Group } from './staircase.ts'

export type AssignmentsInput = {
  readonly problem: Problem
  readonly prepared: Prepared
  readonly goal: Goal
  /** Without a hub: the best one is looked for. */
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  /** Plans that are known already. */
  readonly known: readonly Found[]
  /** No plan takes less. */
  readonly secondsAtLeast: number
}

export class Assignments {
  readonly #input: AssignmentsInput
  #best: Found | null = null
  /** By places and hub: no units are worth less. */
  readonly #solved = new Map<string, number>()
  readonly #staircases = new Map<string, Staircase>()
  #solutions = 0
  #searchedNear = 0

  constructor(input: AssignmentsInput) {
    this.#input = input
    for (const found of input.known) {
      if (mayBeBetter(input.goal, found.forecast, this.#best?.forecast ?? null)) this.#best = found
    }
  }

  get best(): Found | null {
    return this.#best
  }

  get solutions(): number {
    return this.#solutions
  }

  /** Whether something that is worth at least this is worth looking at. */
  mayHelp(worth: Worth): boolean {
    const { goal, limits } = this.#input
    return mayBeBetter(goal, worth, this.#best?.forecast ?? null, limits.tolerance)
  }

  /**
   * Looks for the best units and hub with each region's data, in the order of the problem, in these places.
   * @returns what no plan with these places is worth less than; infinite where none is allowed.
   */
  solve(places: readonly string[]): number {
    const { problem, goal, limits } = this.#input
    const groups = this.#groupsOf(places)
    const homes = homesOf(groups)
    const staircase = this.#staircaseOf(places, groups)
    const shortest = staircase.leastSeconds
    let atLeast = Number.POSITIVE_INFINITY
    const leave = (worth: Worth): void => {
      if (isAllowed(goal, worth)) atLeast = Math.min(atLeast, valueOf(goal, worth))
    }
    const { hubs, others } = this.#hubsOf(homes, groups)
    if (others) leave(this.#leastWorth(groups, problem.floor(homes, null), shortest))
    const ranked = hubs
      .map((exchange) => ({ exchange, floor: problem.floor(homes, exchange) }))
      .map((each) => ({ ...each, worth: this.#leastWorth(groups, each.floor, shortest) }))
      .toSorted((a, b) => valueOf(goal, a.worth) - valueOf(goal, b.worth))
    for (const [i, { exchange, floor, worth }] of ranked.entries()) {
      const isLeft = !this.mayHelp(worth) || this.#solutions >= limits.solutions || i >= limits.hubs
      if (isLeft) leave(worth)
      else atLeast = Math.min(atLeast, this.#solveWith(places, groups, staircase, exchange, floor, true))
    }
    return atLeast
  }

  /** The same with the place where contributions meet given. */
  solveWithHub(places: readonly string[], hub: string, isThorough = false): number {
    const { problem, exchange } = this.#input
    const groups = this.#groupsOf(places)
    const withHub = exchange === null ? null : { ...exchange, hub }
    const floor = problem.floor(homesOf(groups), withHub)
    return this.#solveWith(places, groups, this.#staircaseOf(places, groups), withHub, floor, isThorough)
  }

  /** What no units are worth less than, with the hub or, without one, with the one that is nearest to the others. */
  worthAtLeast(places: readonly string[], hub: string): Worth {
    const { problem, exchange } = this.#input
    const groups = this.#groupsOf(places)
    const floor = problem.floor(homesOf(groups), exchange === null ? null : { ...exchange, hub })
    return this.#leastWorth(groups, floor, this.#staircaseOf(places, groups).leastSeconds)
  }

  /** Where the data of a plan is, in the order of the problem. */
  placesOf({ candidate }: Found): readonly string[] {
    return this.#input.problem.data.map(
      ({ region }) => candidate.partitions.find(({ dataRegions }) => dataRegions.includes(region))!.place,
    )
  }

  #solveWith(
    places: readonly string[],
    groups: readonly Group[],
    staircase: Staircase,
    exchange: Exchange | null,
    floor: Floor,
    isThorough: boolean,
  ): number {
    const key = `${exchange?.hub ?? ''} ${places.join(' ')}`
    const { problem, goal, limits } = this.#input
    const homes = homesOf(groups)
    const weigh = (units: readonly ReadonlyMap<string, number>[]): Found => {
      const candidate = { partitions: homes.map((home, i) => ({ ...home, units: units[i]! })), exchange }
      return { candidate, forecast: problem.estimate(candidate) }
    }
    const known = this.#solved.get(key)
    if (known !== undefined) {
      if (!isThorough) return known
      const near = this.#solveNear({ goal, floor, groups, weigh }, staircase.leastSeconds, known)
      this.#solved.set(key, near)
      return near
    }
    this.#solutions += 1
    const { steps: stepsMax, tolerance } = limits
    const times = searchTimes({ goal, floor, staircase, weigh, stepsMax, tolerance, best: this.#best })
    this.#best = times.best
    let { atLeast } = times
    const value = times.best === null ? Number.POSITIVE_INFINITY : valueOf(goal, times.best.forecast)
    const choices = groups.reduce((count, { place }) => count * choicesIn(place), 1)
    if (atLeast < value * (1 - Math.max(1e-9, tolerance)) && choices <= limits.choices) {
      const units = searchUnits({ goal, floor, groups, weigh, best: this.#best, weighedMax: limits.choices })
      this.#best = units.best
      if (units.isComplete) atLeast = units.best === null ? atLeast : valueOf(goal, units.best.forecast)
      if (units.isComplete && units.best === null) atLeast = Number.POSITIVE_INFINITY
    } else if (isThorough) {
      atLeast = this.#solveNear({ goal, floor, groups, weigh }, staircase.leastSeconds, atLeast)
    }
    this.#solved.set(key, atLeast)
    return atLeast
  }

  /** Through all choices of units that may be better than the best, where these are few. */
  #solveNear(
    given: Pick<UnitsInput, 'goal' | 'floor' | 'groups' | 'weigh'>,
    leastSeconds: number,
    atLeast: number,
  ): number {
    const { secondsAtLeast, limits } = this.#input
    // Where it is too much to look for all that is better, what is better by more is looked for.
    for (const tolerance of limits.nearTolerances) {
      if (this.#searchedNear >= limits.nearSearches) return atLeast
      if (this.#best === null || valueOf(given.goal, this.#best.forecast) * (1 - tolerance) <= atLeast) return atLeast
      const { near: optionsMax, coverNodes } = limits
      const near = { ...given, leastSeconds, secondsAtLeast, best: this.#best, tolerance, coverNodes, optionsMax }
      this.#searchedNear += 1
      const options = nearUnits(near)
      if (options === null) continue
      const trainingAtLeast = leastTraining(near)
      const units = searchUnits({ ...near, options, trainingAtLeast, weighedMax: limits.nearWeighed })
      this.#best = units.best
      if (!units.isComplete || units.best === null) continue
      return Math.max(atLeast, valueOf(given.goal, units.best.forecast) * (1 - tolerance))
    }
    return atLeast
  }

  /** Whatever units are taken: what they cost for as long as they are needed. */
  #leastWorth(groups: readonly Group[], floor: Floor, shortest: number): Worth {
    const { seconds } = worthAtLeast(floor, 0, shortest)
    const longest = Math.max(shortest, longestTime(this.#input.goal, floor))
    const units = groups.map(({ coverer, samples }) => leastUsd(coverer, samples, longest))
    return { seconds, totalUsd: floor.usd + units.reduce((sum, usd) => sum + usd, 0) }
  }

  #groupsOf(places: readonly string[]): readonly Group[] {
    const { problem, prepared } = this.#input
    const byPlace = Map.groupBy(problem.data, (_, i) => places[i]!)
    return [...byPlace]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([place, data]: [string, readonly DataRegion[]]) => {
        const at = prepared.indexOf.get(place)!
        const samples = data.reduce((sum, each) => sum + each.samples, 0)
        return {
          place: problem.places[at]!,
          coverer: prepared.coverers[at]!,
          dataRegions: data.map(({ region }) => region).sort(),
          samples: problem.epochs * samples,
        }
      })
  }

  #staircaseOf(places: readonly string[], groups: readonly Group[]): Staircase {
    const key = places.join(' ')
    const staircase = this.#staircases.get(key) ?? new Staircase(groups, this.#input.limits)
    this.#staircases.set(key, staircase)
    return staircase
  }

  /** Two regions swap; of more, each may be where contributions meet; of very many, those with most data are tried. */
  #hubsOf(
    homes: readonly Home[],
    groups: readonly Group[],
  ): { readonly hubs: readonly (Exchange | null)[]; readonly others: boolean } {
    const { exchange, limits } = this.#input
    if (exchange === null) return { hubs: [null], others: false }
    if (homes.length <= 2) return { hubs: [{ ...exchange, hub: homes[0]!.place }], others: false }
    const tried = groups.toSorted((a, b) => b.samples - a.samples).slice(0, limits.hubsWeighed)
    return {
      hubs: tried.map(({ place }) => ({ ...exchange, hub: place.region })),
      others: tried.length < groups.length,
    }
  }
}

function homesOf(groups: readonly Group[]): readonly Home[] {
  return groups.map(({ place, dataRegions }) => ({ place: place.region, dataRegions }))
}
