// Where each region's data goes, by depth-first branch and bound over the places that it may go to, a region of data at a time. A
// branch is worth at least what its data costs on the cheapest units of their places, could these be divided, and what
// moving it and exchanging with others costs; and it lasts at least as long as every unit of its places takes. It goes to the
// last assignment where there are few; where there are many, it is stopped and what it left open is told.
import type { DataRegion, Problem } from '../policy.ts'
import type { Assignments } from './assignments.ts'
import { isAllowed, valueOf, type Goal, type Worth } from './goal.ts'
import type { SearchLimits } from './limits.ts'
import { leastUsd, type Prepared } from './prepared.ts'
import { togetherOf, type Together } from './together.ts'
import type { Exchange } from '#control-plane/model/plan.ts'

export type BranchInput = {
  readonly problem: Problem
  readonly prepared: Prepared
  readonly goal: Goal
  readonly exchange: Exchange | null
  readonly limits: SearchLimits
  readonly assignments: Assignments
}

/** @returns what no plan is worth less than, but for those that `assignments` has found. */
export function branchPlaces(input: BranchInput): number {
  const search = new Search(input)
  search.branch([], nothingYet)
  return search.atLeast
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
  readonly #input: BranchInput
  readonly #together: Together
  /** What can not move first, then that with the most samples: it decides most. */
  readonly #data: readonly DataRegion[]
  /** The place of each of them in the order of the problem. */
  readonly #order: readonly number[]
  readonly #options: readonly (readonly Option[])[]
  readonly #usdLeft: readonly number[]
  readonly #secondsLeft: readonly number[]
  #branches = 0
  atLeast = Number.POSITIVE_INFINITY

  constructor(input: BranchInput) {
    this.#input = input
    const { problem, exchange } = input
    this.#data = problem.data.toSorted(byWeight)
    this.#order = problem.data.map((data) => this.#data.indexOf(data))
    this.#together = togetherOf(problem, exchange)
    this.#options = this.#data.map((data) => this.#optionsOf(data))
    this.#usdLeft = this.#data.map((_, i) => sum(this.#options.slice(i).map((all) => least(all, ({ usd }) => usd))))
    this.#secondsLeft = this.#data.map((_, i) =>
      Math.max(...this.#options.slice(i).map((all) => least(all, ({ seconds }) => seconds))),
    )
  }

  branch(chosen: readonly string[], known: Branch): void {
    const depth = chosen.length
    const { goal, limits, assignments } = this.#input
    if (depth === this.#data.length) {
      const places = this.#order.map((i) => chosen[i]!)
      this.atLeast = Math.min(this.atLeast, assignments.solve(places))
      return
    }
    const options = this.#options[depth]!
    const next = options
      .map((option) => this.#with(known, this.#data[depth]!, option))
      .map((branch, i) => ({ branch, place: options[i]!.place, worth: this.#worthOf(branch, depth + 1) }))
      .toSorted((a, b) => valueOf(goal, a.worth) - valueOf(goal, b.worth) || (a.place < b.place ? -1 : 1))
    for (const { branch, place, worth } of next) {
      this.#branches += 1
      if (!assignments.mayHelp(worth) || this.#branches > limits.branches) this.#leaveOpen(worth)
      else this.branch([...chosen, place], branch)
    }
  }

  #optionsOf({ region, samples, places }: DataRegion): readonly Option[] {
    const { problem, goal, prepared } = this.#input
    const all = problem.epochs * samples
    const options = places.map((name): Option => {
      const { seconds: movementSeconds, usd: movementUsd } = problem.movement(region, name)
      const seconds = all / this.#capacityOf(name)
      const longest = Math.max(seconds, goal.secondsMax - movementSeconds)
      const usd = movementUsd + leastUsd(prepared.coverers[prepared.indexOf.get(name)!]!, all, longest)
      return { place: name, movementSeconds, movementUsd, usd, seconds }
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
    const { prepared, goal } = this.#input
    const together = this.#together
    const wireOf = loads.size > 2 ? together.hubSeconds : together.wireSeconds
    const wireSeconds = loads.size < 2 ? 0 : Math.max(...[...loads.keys()].map((place) => wireOf.get(place) ?? 0))
    const taken = movementSeconds + (together.isOverlapped ? 0 : wireSeconds)
    let usd = movementUsd + (this.#usdLeft[depth] ?? 0)
    let busiest = this.#secondsLeft[depth] ?? 0
    let dearest = 0
    for (const [place, samples] of loads) {
      const togetherUsd = together.usd.get(place) ?? 0
      dearest = Math.max(dearest, togetherUsd)
      const shortest = samples / this.#capacityOf(place)
      const longest = Math.max(shortest, goal.secondsMax - taken)
      usd += togetherUsd + leastUsd(prepared.coverers[prepared.indexOf.get(place)!]!, samples, longest)
      busiest = Math.max(busiest, shortest)
    }
    const training = together.isOverlapped ? Math.max(busiest, wireSeconds) : busiest + wireSeconds
    // One of the places may be where the others meet.
    return { seconds: movementSeconds + training, totalUsd: usd - dearest }
  }

  #capacityOf(place: string): number {
    const { capacity, indexOf } = this.#input.prepared
    return capacity[indexOf.get(place)!]!
  }

  /** Not looked at any further. Where it is not allowed it promises nothing. */
  #leaveOpen(worth: Worth): void {
    const { goal } = this.#input
    if (isAllowed(goal, worth)) this.atLeast = Math.min(this.atLeast, valueOf(goal, worth))
  }
}

function byWeight(a: DataRegion, b: DataRegion): number {
  const mayMove = ({ places }: DataRegion): number => (places.length > 1 ? 1 : 0)
  return mayMove(a) - mayMove(b) || b.samples - a.samples || (a.region < b.region ? -1 : 1)
}

const rankByUsd = ({ usd }: Option): number => usd
const rankBySeconds = ({ seconds, movementSeconds }: Option): number => seconds + movementSeconds

function least(options: readonly Option[], of: (option: Option) => number): number {
  return Math.min(...options.map(of))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
