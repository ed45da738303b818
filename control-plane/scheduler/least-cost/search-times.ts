// The best units for data that is trained on in given places with a given way to synchronise. What a choice of units is worth
// hangs on two things: what the units cost in an hour, and the time of the slowest place. For each time there is a cheapest
// choice, so the search is over times: an interval of them is worth at least what its longest time costs in an hour, for its
// shortest time. Intervals are taken best first and split where a step of the staircase ends, until none can be better.
// Regions that do not end together exchange a little more than the floor says. What that leaves unproved is told by
// `atLeast`, and settled by search-units.ts where the instance is small.
import type { Forecast } from '#control-plane/model/plan.ts'
import type { Candidate, Floor } from '../policy.ts'
import { isAllowed, isBetter, mayBeBetter, valueOf, type Goal, type Worth } from './goal.ts'
import type { Staircase, Step } from './staircase.ts'

export type Found = { readonly candidate: Candidate; readonly forecast: Forecast }

export type TimesInput = {
  readonly goal: Goal
  readonly floor: Floor
  readonly staircase: Staircase
  /** The candidate with these units, in the order of the groups, and its exact forecast. */
  readonly weigh: (units: Step['units']) => Found
  /** Steps that may be looked at. */
  readonly stepsMax: number
  /** What is not better by more than this share is not looked for. */
  readonly tolerance: number
  /** The best that is known already; only what is better is looked for. */
  readonly best: Found | null
}

export type TimesResult = {
  /** The one given, unless a better one was found. */
  readonly best: Found | null
  /** No choice here is worth less; infinite where none is allowed. */
  readonly atLeast: number
}

/** Times from `from` to before `until`: whatever takes so long costs at least so much in an hour. */
type Interval = { readonly from: number; readonly until: number; readonly usdPerHour: number; readonly worth: Worth }

export function searchTimes(input: TimesInput): TimesResult {
  const { goal, floor, staircase } = input
  const shortest = staircase.leastSeconds
  const longest = Math.max(shortest, longestTime(goal, floor))
  if (!isAllowed(goal, worthAtLeast(floor, 0, shortest))) return { best: input.best, atLeast: Number.POSITIVE_INFINITY }
  const search = new Search(input)
  if (goal.minimise === 'seconds') search.look(shortest)
  const cheapest = search.look(longest)
  search.open(shortest, cheapest.seconds, cheapest.usdPerHourAtLeast)
  search.run()
  return search.result()
}

/** What remains of the longest time that is allowed. */
export function longestTime(
  { secondsMax }: Goal,
  { movementSeconds, outsideSeconds, wireSeconds, isOverlapped }: Floor,
): number {
  return secondsMax - movementSeconds - outsideSeconds - (isOverlapped ? 0 : wireSeconds)
}

export function worthAtLeast(floor: Floor, usdPerHour: number, computeSeconds: number): Worth {
  const { wireSeconds, isOverlapped, outsideSeconds, movementSeconds } = floor
  const both = isOverlapped ? Math.max(computeSeconds, wireSeconds) : computeSeconds + wireSeconds
  const training = both + outsideSeconds
  return { seconds: movementSeconds + training, totalUsd: floor.usd + (usdPerHour * training) / 3600 }
}

class Search {
  readonly #input: TimesInput
  #best: Found | null
  #open: Interval[] = []
  #steps = 0
  /** The least that was promised and not looked for, or not kept by the choice of units. */
  #unproved = Number.POSITIVE_INFINITY

  constructor(input: TimesInput) {
    this.#input = input
    this.#best = input.best
  }

  /** The cheapest units that take at most so long. */
  look(seconds: number): Step {
    const { goal, floor, staircase, weigh } = this.#input
    this.#steps += 1
    const step = staircase.at(seconds)
    const promised = worthAtLeast(floor, step.usdPerHourAtLeast, step.seconds)
    if (!mayBeBetter(goal, promised, this.#best?.forecast ?? null)) return step
    const found = weigh(step.units)
    const isTaken = isAllowed(goal, found.forecast)
    if (isTaken && (this.#best === null || isBetter(goal, found.forecast, this.#best.forecast))) this.#best = found
    if (!isTaken || valueOf(goal, found.forecast) > valueOf(goal, promised) * (1 + 1e-9)) {
      this.#leave(promised)
    }
    return step
  }

  /** Not looked at any further. Where it is not allowed it promises nothing. */
  #leave(worth: Worth): void {
    const { goal } = this.#input
    if (isAllowed(goal, worth)) this.#unproved = Math.min(this.#unproved, valueOf(goal, worth))
  }

  open(from: number, until: number, usdPerHour: number): void {
    if (until <= from * (1 + resolution)) return
    const worth = worthAtLeast(this.#input.floor, usdPerHour, from)
    if (this.#mayHelp(worth)) this.#open.push({ from, until, usdPerHour, worth })
    else this.#leave(worth)
  }

  run(): void {
    while (this.#open.length > 0 && this.#steps < this.#input.stepsMax) this.#split(this.#takeFirst())
  }

  result(): TimesResult {
    const { goal } = this.#input
    const left = this.#open.map(({ worth }) => valueOf(goal, worth))
    const known = this.#best === null ? Number.POSITIVE_INFINITY : valueOf(goal, this.#best.forecast)
    return { best: this.#best, atLeast: Math.min(known, this.#unproved, ...left) }
  }

  #split({ from, until, usdPerHour, worth }: Interval): void {
    if (!this.#mayHelp(worth)) return this.#leave(worth)
    // Wide intervals hold many steps, and most are of no use; in a narrow one the next step down is likely the last.
    const at = until > from * 1.002 ? Math.sqrt(from * until) : until * (1 - resolution)
    const step = this.look(at)
    this.open(from, step.seconds, step.usdPerHourAtLeast)
    // All times from the step's own on cost as much as it does, until a cheaper step begins.
    if (step.usdPerHour > usdPerHour) this.open(at, until, usdPerHour)
  }

  #takeFirst(): Interval {
    const { goal } = this.#input
    let first = 0
    for (const [i, { worth }] of this.#open.entries()) {
      if (valueOf(goal, worth) < valueOf(goal, this.#open[first]!.worth)) first = i
    }
    return this.#open.splice(first, 1)[0]!
  }

  #mayHelp(worth: Worth): boolean {
    return mayBeBetter(this.#input.goal, worth, this.#best?.forecast ?? null, this.#input.tolerance)
  }
}

/** Times that differ by less are the same one. */
const resolution = 4e-9
