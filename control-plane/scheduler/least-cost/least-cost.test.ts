// The search against brute force: every plan of small random problems, forecast one by one.
import { describe, expect, test } from 'vitest'
import type { Exchange } from '#control-plane/model/plan.ts'
import { exactnessPremium } from '../config.ts'
import type { Decision } from '../policy.ts'
import type { JobProblem } from '../problem.ts'
import { isAllowed, valueOf, type Goal } from './goal.ts'
import { findPlan, leastCost } from './least-cost.ts'
import { searchLimits } from './limits.ts'
import { everyPlan, randomProblem } from './random-problem.fixture.ts'
import { worthAtLeast } from './search-times.ts'

const seeds = Array.from({ length: 300 }, (_, seed) => seed)
const small = { regions: 3, classes: 2, units: 4 }

/** The best value that any plan has with an exchange, hubs included; infinite where none is allowed. */
function bruteForce(problem: JobProblem, goal: Goal, exchange: Exchange | null): number {
  let best = Number.POSITIVE_INFINITY
  for (const partitions of everyPlan(problem)) {
    const hubs = exchange === null ? [null] : partitions.map(({ place }) => ({ ...exchange, hub: place }))
    for (const each of hubs) {
      const forecast = problem.estimate({ partitions, exchange: each })
      if (isAllowed(goal, forecast)) best = Math.min(best, valueOf(goal, forecast))
    }
  }
  return best
}

/** Infinite where there is no plan. */
function foundBy(decision: Decision, problem: JobProblem, goal: Goal) {
  const none = {
    value: Number.POSITIVE_INFINITY,
    atLeast: Number.POSITIVE_INFINITY,
    exchange: problem.exchanges.at(-1)!,
  }
  if (decision.kind === 'none') return none
  const { choices: partitions, exchange, bound } = decision
  const forecast = problem.estimate({ partitions, exchange })
  const isProved = bound?.isProvedOptimal === true && isAllowed(goal, forecast)
  return { value: isProved ? valueOf(goal, forecast) : Number.NaN, atLeast: bound?.atLeast, exchange }
}

const anything = { secondsMax: Number.POSITIVE_INFINITY, usdMax: Number.POSITIVE_INFINITY }

function goalOf(problem: JobProblem): Goal {
  const { objective } = problem
  if (objective.kind === 'least-time') return { ...anything, minimise: 'seconds' }
  if (objective.kind === 'deadline') return { ...anything, minimise: 'usd', secondsMax: objective.atMs / 1000 }
  const fastest = bruteForce(problem, { ...anything, minimise: 'seconds' }, problem.exchanges.at(-1)!)
  return { ...anything, minimise: 'usd', secondsMax: fastest * (1 + objective.slack) }
}

describe('brute force over all plans agrees', () => {
  test.each(seeds)('seed %i', (seed) => {
    const problem = randomProblem(seed, small)
    const goal = goalOf(problem)
    const found = foundBy(leastCost(problem), problem, goal)
    const best = bruteForce(problem, goal, found.exchange)
    expect(found.value).toBeCloseTo(best, 7)
    expect(found.atLeast).toBeCloseTo(best, 7)
  })
})

describe('whatever the limits', () => {
  const few = {
    branches: 3,
    boxedMax: 2,
    boxedPlaces: 2,
    boxes: 5,
    boxSteps: 1_000,
    looks: 0,
    solutions: 1,
    hubsWeighed: 1,
    hubs: 1,
    steps: 2,
    coverNodes: 2,
    near: 2,
    nearWeighed: 2,
    nearTolerances: [0.1],
    nearSearches: 1,
    fewUnits: 0,
    tolerance: 0.1,
    boxTolerances: [{ boxes: 0, tolerance: 0.1 }],
    coverTolerance: 0.1,
    choices: 0,
  }

  test('the bound is a bound, and what is chosen is allowed', () => {
    for (const seed of seeds.slice(0, 150)) {
      const problem = randomProblem(seed, small)
      const decision = findPlan(problem, few)
      if (decision.kind === 'none') continue
      // The fastest plan may be missed too, so only what does not hang on it is compared.
      if (problem.objective.kind === 'least-cost') continue
      const goal = goalOf(problem)
      const forecast = problem.estimate({ partitions: decision.choices, exchange: decision.exchange })
      expect(isAllowed(goal, forecast)).toBe(true)
      expect(decision.bound!.atLeast).toBeLessThanOrEqual(bruteForce(problem, goal, decision.exchange) * (1 + 1e-9))
    }
  })
})

describe('in boxes, where data may move', () => {
  const boxed = {
    ...searchLimits,
    tolerance: 1e-6,
    boxTolerances: [{ boxes: 0, tolerance: 1e-6 }],
    coverTolerance: 1e-7,
    boxes: 3000,
    solutions: 4000,
    hubs: 100,
  }
  // Of four places that are used one is where contributions meet.
  const sizes = [small, { regions: 4, classes: 1, units: 2 }]
  const movable = sizes.flatMap((size) =>
    seeds
      .filter((seed) => randomProblem(seed, size).data.some(({ places }) => places.length > 1))
      .slice(0, 60)
      .map((seed) => ({ seed, size, regions: size.regions })),
  )

  test.each(movable)('brute force agrees on seed $seed with up to $regions regions', ({ seed, size }) => {
    const problem = randomProblem(seed, size)
    const goal = goalOf(problem)
    const decision = findPlan(problem, boxed)
    const exchange = decision.kind === 'none' ? problem.exchanges.at(-1)! : decision.exchange
    const best = bruteForce(problem, goal, exchange)
    const isNone = decision.kind === 'none'
    const value = isNone
      ? Number.POSITIVE_INFINITY
      : valueOf(goal, problem.estimate({ partitions: decision.choices, exchange }))
    expect(value).toBeGreaterThanOrEqual(best * (1 - 1e-9))
    expect(value).toBeLessThanOrEqual(best * (1 + 2e-6))
    expect(isNone ? best : decision.bound!.atLeast).toBeLessThanOrEqual(best * (1 + 1e-9))
  })
})

test('no forecast is below its floor', () => {
  for (const seed of seeds.slice(0, 150)) {
    const problem = randomProblem(seed, small)
    for (const exchange of problem.exchanges) {
      for (const partitions of everyPlan(problem)) {
        const forecast = problem.estimate({ partitions, exchange })
        const floor = problem.floor(partitions, exchange)
        const computeSeconds = Math.max(...problem.partitionsOf({ partitions, exchange }).map(epochsTime(problem)))
        const worth = worthAtLeast(floor, usdPerHourOf(problem, partitions), computeSeconds)
        expect(forecast.seconds).toBeGreaterThanOrEqual(worth.seconds * (1 - 1e-9))
        expect(forecast.totalUsd).toBeGreaterThanOrEqual(worth.totalUsd * (1 - 1e-9))
      }
    }
  }
})

function epochsTime({ epochs }: JobProblem) {
  return ({ loadPower }: { readonly loadPower: number }): number => epochs / loadPower
}

function usdPerHourOf(problem: JobProblem, partitions: Parameters<JobProblem['estimate']>[0]['partitions']): number {
  return problem
    .partitionsOf({ partitions, exchange: null })
    .flatMap(({ allocations }) => allocations)
    .reduce((sum, { units, usdPerUnitHour }) => sum + units * usdPerUnitHour, 0)
}

test('a more exact way to synchronise is taken where it costs little more', () => {
  let refined = 0
  for (const seed of seeds) {
    const problem = randomProblem(seed, small)
    if (problem.exchanges.length === 1) continue
    const decision = leastCost(problem)
    if (decision.kind === 'none') continue
    const forecast = problem.estimate({ partitions: decision.choices, exchange: decision.exchange })
    const thrifty = leastCost(problemWith(problem, [problem.exchanges.at(-1)!]))
    if (thrifty.kind === 'none') continue
    const least = problem.estimate({ partitions: thrifty.choices, exchange: thrifty.exchange })
    const goal: Goal = { ...anything, minimise: problem.objective.kind === 'least-time' ? 'seconds' : 'usd' }
    expect(valueOf(goal, forecast)).toBeLessThanOrEqual(valueOf(goal, least) * (1 + exactnessPremium) * (1 + 1e-9))
    if (decision.exchange?.interval !== thrifty.exchange?.interval) refined += 1
  }
  expect(refined).toBeGreaterThan(10)
})

function problemWith(problem: JobProblem, exchanges: JobProblem['exchanges']): JobProblem {
  return { ...problem, exchanges }
}
