// What must hold of the default policy whatever the numbers are: order and scale do not matter, nothing is taken in vain, and data
// of no samples is no data.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, aShard, aSnapshot, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { Job, JobSpec, Objective } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { plan } from '../plan.ts'
import { throughputOf } from '../policy.ts'
import type { JobProblem } from '../problem.ts'
import { isAllowed, isBetter, type Goal } from './goal.ts'
import { leastCost } from './least-cost.ts'
import { randomProblem } from './random-problem.fixture.ts'

type World = {
  readonly regions: readonly {
    readonly name: string
    readonly samples: number
    readonly cpu: number
    readonly t4: number
    readonly cpuUsd: number
    readonly t4Usd: number
  }[]
  readonly mayMove: boolean
  readonly slack: number
}

const worlds: fc.Arbitrary<World> = fc.record({
  regions: fc
    .array(
      fc.record({
        samples: fc.integer({ min: 1, max: 40 }).map((n) => 1000 * n),
        cpu: fc.integer({ min: 1, max: 6 }),
        t4: fc.integer({ min: 0, max: 3 }),
        cpuUsd: fc.double({ min: 0.05, max: 1, noNaN: true }),
        t4Usd: fc.double({ min: 0.05, max: 2, noNaN: true }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) => all.map((region, i) => ({ ...region, name: `r${i}` }))),
  mayMove: fc.boolean(),
  slack: fc.constantFrom(0, 0.05, 0.5),
})

/** With the names that `rename` gives. */
function given({ regions, mayMove, slack }: World, scale: number, rename: (name: string) => string): [Snapshot, Job] {
  const named = regions.map((region) => ({ ...region, name: rename(region.name) }))
  const prices = Object.fromEntries(named.map(({ name, cpuUsd, t4Usd }) => [name, { cpu: cpuUsd, t4: t4Usd }]))
  const spec = aSpec({
    shards: named.map(({ name, samples }) =>
      aShard(name, scale * samples, { bytes: mayMove ? 1e6 * samples : 0, mayMoveTo: mayMove ? ['*'] : [] }),
    ),
    sync: aSync({ strategy: 'model-averaging', interval: 16 }, named.length),
    policy: 'least-cost',
    objective: { kind: 'least-cost', slack },
    resources: { ...aSpec().resources, samplesPerSecond: { cpu: 20, t4: 130 } },
  })
  const agents = named
    .map(({ name, cpu, t4 }) => anAgent(name, t4 === 0 ? { cpu } : { cpu, t4 }))
    .sort((a, b) => (a.region < b.region ? -1 : 1))
  const catalogue = aCatalogue(prices, { cpu: 1, t4: 10 })
  return [aSnapshot({ catalogue, agents }), aJob({ spec })]
}

const same = (name: string): string => name
const unitsOf = (of: Plan, rename = same): object =>
  Object.fromEntries(
    of.partitions
      .map(({ place, dataRegions, allocations }) => {
        const units = Object.fromEntries(allocations.map(({ deviceModel, units: count }) => [deviceModel, count]))
        return [rename(place), { from: dataRegions.map(rename).sort(), units }] as const
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

describe('without a wire to think of', () => {
  test('permuting the regions permutes the plan', () => {
    const reversed = (name: string): string => `r${9 - Number(name.slice(1))}`
    fc.assert(
      fc.property(worlds, (world) => {
        const one = plan(...given(world, 1, same))
        const other = plan(...given(world, 1, reversed))
        expect(other.forecast!.totalUsd).toBeCloseTo(one.forecast!.totalUsd, 9)
        expect(other.forecast!.seconds).toBeCloseTo(one.forecast!.seconds, 6)
        expect(unitsOf(other, reversed)).toEqual(unitsOf(one))
      }),
      { numRuns: 60 },
    )
  })

  test('scaling all data leaves the units as they are where none of it moves', () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom(2, 10), (world, scale) => {
        const stays = { ...world, mayMove: false }
        const one = plan(...given(stays, 1, same))
        const other = plan(...given(stays, scale, same))
        expect(unitsOf(other)).toEqual(unitsOf(one))
        expect(other.forecast!.totalUsd / one.forecast!.totalUsd).toBeCloseTo(scale, 6)
      }),
      { numRuns: 60 },
    )
  })

  test('it is in time, and costs no more than every unit does', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { forecast, forecastUseEverything, bound } = plan(...given(world, 1, same))
        const limit = forecastUseEverything!.seconds * (1 + world.slack) * (1 + 1e-9)
        expect(forecast!.seconds).toBeLessThanOrEqual(limit)
        expect(forecast!.totalUsd).toBeLessThanOrEqual(forecastUseEverything!.totalUsd * (1 + 1e-9))
        expect(bound!.isProvedOptimal).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('a region without samples is not in the plan, whatever it has', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const [snapshot, job] = given({ ...world, mayMove: false }, 1, same)
        const extra: JobSpec['shards'] = [...job.spec.shards, aShard('r0', 0), aShard('zero', 0)]
        const other = plan(snapshot, { ...job, spec: { ...job.spec, shards: extra } })
        expect(unitsOf(other)).toEqual(unitsOf(plan(snapshot, job)))
      }),
      { numRuns: 30 },
    )
  })
})

/** What the search went for, as far as the objective says it. */
function goalOf({ objective }: { readonly objective: Objective }, seconds: number): Goal {
  const anything = { secondsMax: Number.POSITIVE_INFINITY, usdMax: Number.POSITIVE_INFINITY }
  switch (objective.kind) {
    case 'least-time':
      return { ...anything, minimise: 'seconds' }
    case 'deadline':
      return { ...anything, minimise: 'usd', secondsMax: objective.atMs / 1000 }
    case 'least-cost':
      return { ...anything, minimise: 'usd', secondsMax: seconds }
  }
}

describe('with a wire, data that moves, every objective', () => {
  const seeds = Array.from({ length: 150 }, (_, seed) => seed)

  /** The plans with one unit less in one place. */
  function* withOneLess(problem: JobProblem, { choices, exchange }: Chosen) {
    for (const [i, choice] of choices.entries()) {
      const place = problem.places.find(({ region }) => region === choice.place)!
      for (const [key, count] of choice.units) {
        const units = new Map(choice.units).set(key, count - 1)
        if (count === 0 || throughputOf(place, units) === 0) continue
        yield problem.estimate({ partitions: choices.with(i, { ...choice, units }), exchange })
      }
    }
  }
  type Chosen = ReturnType<typeof leastCost> & { readonly kind: 'chosen' }

  test('no unit is to spare: with any one less it is too slow, or no better', () => {
    for (const seed of seeds) {
      const problem = randomProblem(seed, { regions: 3, classes: 2, units: 5 })
      const decision = leastCost(problem)
      if (decision.kind === 'none') continue
      const forecast = problem.estimate({ partitions: decision.choices, exchange: decision.exchange })
      const goal = goalOf(problem, forecast.seconds)
      for (const other of withOneLess(problem, decision)) {
        const isOne = isAllowed(goal, other) && isBetter(goal, other, forecast)
        expect(isOne, `seed ${seed}`).toBe(false)
      }
    }
  })

  test('every region of data is trained on once, where it may be, on no more than there is', () => {
    for (const seed of seeds) {
      const problem = randomProblem(seed, { regions: 4, classes: 3, units: 6 })
      const decision = leastCost(problem)
      if (decision.kind === 'none') continue
      const taken = decision.choices.flatMap(({ place, dataRegions }) => dataRegions.map((of) => ({ of, place })))
      expect(new Set(taken.map(({ of }) => of)).size).toBe(taken.length)
      expect(taken.map(({ of }) => of).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
        problem.data.map(({ region }) => region),
      )
      for (const { of, place } of taken) {
        expect(problem.data.find(({ region }) => region === of)!.places).toContain(place)
      }
      for (const { place, units } of decision.choices) {
        const { devices, unitsMax } = problem.places.find(({ region }) => region === place)!
        expect([...units.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(unitsMax)
        for (const { key, unitsFree } of devices) expect(units.get(key) ?? 0).toBeLessThanOrEqual(unitsFree)
      }
    }
  })
})
