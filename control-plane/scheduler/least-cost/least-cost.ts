// The default policy: the best plan for the job's objective, with a bound that says how far from the best it can be.
//   least-cost: of the plans that take at most (1 + slack) times as long as the fastest, the cheapest
//   deadline:   of those that end in time, the cheapest
//   least-time: of those within the budget, the fastest
// It weighs what units cost and how fast they are, moving data (where the job allows it), what crosses the WAN and how long
// that takes, storage and the loss of spot capacity, all as forecast.ts reckons them. Where the strategy leaves the choice,
// the way to synchronise is the most exact one that costs little more than the cheapest: accuracy comes first when it is
// nearly free. The search itself is in search-places.ts.
import type { Alternative, Bound, Exchange, Forecast, Reason } from '#control-plane/model/plan.ts'
import { exactnessPremium } from '../config.ts'
import type { Decision, Policy, Problem } from '../policy.ts'
import { alternativesTo } from './alternatives.ts'
import { isAllowed, valueOf, type Goal } from './goal.ts'
import { limitsFor, type SearchLimits } from './limits.ts'
import { choicesOf, notTaken } from './reasons.ts'
import { prepare } from './prepared.ts'
import { searchPlaces, type PlacesResult } from './search-places.ts'
import type { Found } from './search-times.ts'
import { withKnownFloors } from './known-floors.ts'
import { withSpotLosses } from './spot-losses.ts'

export const leastCost: Policy = (problem) => findPlan(problem, limitsFor(problem))

export function findPlan(given: Problem, limits: SearchLimits): Decision {
  const problem = withKnownFloors(withSpotLosses(given))
  // The way that sends least is the fastest and the cheapest of them.
  const thriftiest = problem.exchanges.at(-1) ?? null
  const prepared = prepare(problem)
  let secondsAtLeast = 0
  const search = (goal: Goal, exchange: Exchange | null, known: readonly Found[]): PlacesResult =>
    searchPlaces({ problem, prepared, goal, exchange, limits, known, secondsAtLeast })

  const fastest = search(anyFastest, thriftiest, [])
  secondsAtLeast = fastest.atLeast
  if (fastest.best === null) throw new Error('every place has units, so there is a fastest plan')
  const goal = goalOf(problem, fastest.best.forecast)
  const first = search(goal, thriftiest, [fastest.best])
  if (first.best === null) return missed(problem, goal, fastest.best, search)
  const exchange = mostExact(problem, goal, first.best)
  const exact = reweighed(problem, first.best, exchange)
  // What sends more is worth no less, so that what is as good as the bound of the thriftiest need not be looked for again.
  const isGoodEnough =
    exchange === thriftiest || valueOf(goal, exact.forecast) <= first.atLeast * (1 + limits.tolerance)
  const { best, atLeast } = isGoodEnough ? { ...first, best: exact } : search(goal, exchange, [exact])
  const found = best ?? first.best
  return {
    kind: 'chosen',
    choices: choicesOf(problem, found),
    exchange: found.candidate.exchange,
    refused: notTaken(problem, found),
    alternatives: alternativesTo(problem, found, fastest.best),
    bound: boundOf(goal, found.forecast, best === null ? first.atLeast : atLeast),
  }
}

const anyFastest: Goal = { minimise: 'seconds', secondsMax: Number.POSITIVE_INFINITY, usdMax: Number.POSITIVE_INFINITY }

function goalOf({ objective, budget, nowMs }: Problem, fastest: Forecast): Goal {
  const usdMax = budget?.usd ?? Number.POSITIVE_INFINITY
  switch (objective.kind) {
    case 'least-cost':
      return { minimise: 'usd', secondsMax: fastest.seconds * (1 + objective.slack), usdMax }
    case 'deadline':
      return { minimise: 'usd', secondsMax: Math.max(0, objective.atMs - nowMs) / 1000, usdMax }
    case 'least-time':
      return { minimise: 'seconds', secondsMax: Number.POSITIVE_INFINITY, usdMax }
  }
}

/** The most exact way with which these units cost little more, and that is still allowed. */
function mostExact(problem: Problem, goal: Goal, found: Found): Exchange | null {
  const dearest = valueOf(goal, found.forecast) * (1 + exactnessPremium)
  const fits = (exchange: Exchange | null): boolean => {
    const { forecast } = reweighed(problem, found, exchange)
    return isAllowed(goal, forecast) && valueOf(goal, forecast) <= dearest
  }
  return problem.exchanges.find(fits) ?? problem.exchanges.at(-1) ?? null
}

/** The same places, units and hub with another way to synchronise. */
function reweighed({ estimate }: Problem, { candidate }: Found, exchange: Exchange | null): Found {
  const same = exchange === null ? null : { ...exchange, hub: candidate.exchange?.hub ?? '' }
  const next = { ...candidate, exchange: same }
  return { candidate: next, forecast: estimate(next) }
}

function boundOf(goal: Goal, forecast: Forecast, atLeast: number): Bound {
  const value = valueOf(goal, forecast)
  const gap = value <= 0 ? 0 : Math.max(0, (value - atLeast) / Math.max(atLeast, Number.MIN_VALUE))
  return { atLeast: Math.min(atLeast, value), gap, isProvedOptimal: gap <= 1e-9 }
}

type Search = (goal: Goal, exchange: Exchange | null, known: readonly Found[]) => PlacesResult

/** Why no plan will do: what the nearest ones take and cost. */
function missed(problem: Problem, goal: Goal, fastest: Found, search: Search): Decision {
  const exchange = problem.exchanges.at(-1) ?? null
  const cheapest = search({ ...anyFastest, minimise: 'usd' }, exchange, [fastest]).best ?? fastest
  const alternatives: readonly Alternative[] = [
    { name: 'fastest', forecast: fastest.forecast, text: missedText(goal, fastest.forecast) },
    { name: 'cheapest', forecast: cheapest.forecast, text: missedText(goal, cheapest.forecast) },
  ]
  const isTooDear = cheapest.forecast.totalUsd > goal.usdMax
  const rule = isTooDear
    ? 'over-budget'
    : fastest.forecast.seconds > goal.secondsMax
      ? 'too-slow'
      : 'over-budget-in-time'
  const text = whyMissed[rule](limitText(problem, goal), goal, fastest.forecast, cheapest.forecast)
  const figures = {
    fastestSeconds: fastest.forecast.seconds,
    fastestUsd: fastest.forecast.totalUsd,
    cheapestSeconds: cheapest.forecast.seconds,
    cheapestUsd: cheapest.forecast.totalUsd,
    ...(Number.isFinite(goal.secondsMax) ? { secondsLeft: goal.secondsMax } : {}),
    ...(Number.isFinite(goal.usdMax) ? { budgetUsd: goal.usdMax } : {}),
  }
  const reasons = problem.data.map(({ region }): Reason => ({ region, chosen: false, rule, text, figures }))
  return { kind: 'none', reasons, alternatives }
}

/** Nothing that changes while a job waits. */
function limitText({ objective }: Problem, { secondsMax }: Goal): string {
  return objective.kind === 'deadline'
    ? `the deadline is ${new Date(objective.atMs).toISOString()}`
    : `${seconds(secondsMax)} are allowed`
}

const whyMissed = {
  'over-budget': (_limit: string, goal: Goal, _: Forecast, cheapest: Forecast): string =>
    `the cheapest plan costs ${usd(cheapest.totalUsd)} and takes ${seconds(cheapest.seconds)}; the budget is ${usd(goal.usdMax)}`,
  'too-slow': (limit: string, _: Goal, fastest: Forecast): string =>
    `the fastest plan takes ${seconds(fastest.seconds)} and costs ${usd(fastest.totalUsd)}; ${limit}`,
  'over-budget-in-time': (limit: string, goal: Goal, fastest: Forecast, cheapest: Forecast): string =>
    `no plan is both within ${usd(goal.usdMax)} and in time (${limit}): the fastest costs ${usd(fastest.totalUsd)}, ` +
    `the cheapest takes ${seconds(cheapest.seconds)}`,
} as const

function missedText({ secondsMax, usdMax }: Goal, forecast: Forecast): string {
  const late = forecast.seconds - secondsMax
  const dear = forecast.totalUsd - usdMax
  const misses = [...(late > 0 ? [`${seconds(late)} too slow`] : []), ...(dear > 0 ? [`${usd(dear)} too dear`] : [])]
  return misses.join(' and ')
}

function usd(value: number): string {
  return `$${value.toFixed(value < 1 ? 4 : 2)}`
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(4))} s`
}
