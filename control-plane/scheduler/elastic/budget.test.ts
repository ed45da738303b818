// What is done about a job whose forecast passes its budget.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, anAgent, aSync, perGb } from '#control-plane/model/builders.ts'
import { budgetActions, type BudgetAction } from '#control-plane/model/job.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { longerExchanges } from './budget.ts'
import { meteringSeconds } from './config.ts'
import { live, type FluidEnd, type FluidWorld } from './fluid-job.fixture.ts'
import { later, observed, planOf, progressed, running, step, unitsOf } from './running-job.fixture.ts'

// Nine tenths of four million samples at 600 samples/s, nine units at $1 an hour: 6,000 s and $15.
const world: FluidWorld = {
  tickMs: 5_000,
  ticksMax: 5_000,
  windowMs: 10_000,
  speedOf: (_, model) => (model === 't4' ? 2_000 : 100),
}

function withBudget(usd: number, actions: readonly BudgetAction[]): Snapshot {
  const agents = [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 3 }), anAgent('c', {})]
  return { ...running({ spec: { budget: { usd, actions } } }), agents }
}

const told = ({ events }: FluidEnd): readonly string[] => events.map(({ kind, text }) => `${kind}: ${text}`)

describe('a budget', () => {
  test('that is kept is not spoken of', () => {
    const end = live(withBudget(20, budgetActions), world)
    expect(end).toMatchObject({ state: 'running', events: [] })
    expect(end.usedUsd).toBeCloseTo(15, 0)
  })

  test('that will not be kept is warned of, once, with its figures, and the job goes on', () => {
    const end = live(withBudget(10, ['warn']), world)
    expect(end.state).toBe('running')
    expect(told(end)).toHaveLength(1)
    expect(told(end)[0]).toMatch(/^budget: warning: the forecast is \$1[45][.\d]* \(paid \$0\.0\d+, .*the budget \$10$/)
    expect(end.job.warning).toMatch(/^the forecast is /)
  })

  test('that no plan keeps stops the job as soon as that is measured, and says that it can be resumed', () => {
    const end = live(withBudget(10, ['warn', 'stop']), world)
    expect(end.state).toBe('cancelling')
    expect(end.usedUsd).toBeLessThan(0.5)
    expect(end.job.reason).toMatch(
      /^stopped: no way to go on .* the budget \$10; it can be resumed from its checkpoints$/,
    )
    expect(told(end)).toHaveLength(2)
  })

  test('brings cheaper devices though they are slower, and leaves it at that', () => {
    const start = withBudget(9, budgetActions)
    const catalogue = aCatalogue({ a: { cpu: 1, slow: 0.2 }, b: { cpu: 1, slow: 0.2 } }, { cpu: 1, slow: 0.5 })
    const agents = [anAgent('a', { cpu: 6, slow: 8 }), anAgent('b', { cpu: 3, slow: 4 })]
    const end = live(
      { ...start, catalogue, agents },
      { ...world, speedOf: (_, model) => (model === 'slow' ? 50 : 100) },
    )
    expect(end.state).toBe('running')
    expect(end.usedUsd).toBeLessThan(9)
    expect(end.plans).toHaveLength(2)
    expect(end.plans[1]!.cause).toMatch(/^the forecast is \$1\d[^;]* the budget \$9; .* other devices in place takes/)
    expect(end.plans[1]!.partitions.flatMap(({ allocations }) => allocations[0]!.deviceModel)).toEqual(['slow', 'slow'])
    expect(told(end).at(-1)).toMatch(/^budget: the forecast is within the budget again/)
    expect(end.job.warning).toBe('')
  })

  test('is not overspent for a faster plan that the objective would prefer', () => {
    const start = {
      ...withBudget(16, ['warn']),
      agents: [anAgent('a', { cpu: 6, t4: 1 }), anAgent('b', { cpu: 6, t4: 1 })],
    }
    expect(live(start, world).usedUsd).toBeLessThan(16)
  })

  test('brings a longer interval first, where egress is what costs', () => {
    const start = running({
      spec: { sync: aSync({ strategy: 'asgd-ga', interval: 4 }), budget: { usd: 60, actions: budgetActions } },
    })
    const modelSizes = new Map([
      [start.jobs[0]!.spec.function.bundleDigest, { updateBytes: 2e6, samplesPerStep: 1_000 }],
    ])
    const job = start.jobs[0]!
    const forecast = { ...planWithEgress, egressUsd: 150 }
    const links = start.catalogue.links.map((link) => ({ ...link, mbitPerSecond: 10_000, egress: perGb(50) }))
    const dear = {
      ...start,
      catalogue: { ...start.catalogue, links },
      modelSizes,
      jobs: [{ ...job, plan: { ...job.plan!, forecast } }],
    }
    const agents = [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 3 }), anAgent('c', {})]
    let now = observed({ ...dear, agents }, 3, { a: {}, b: {} })
    for (let n = 0; n < 10; n++)
      now = step(later(progressed(now, { a: { rounds: 20 + n }, b: { rounds: 20 + n } }), 10_000))
    expect(planOf(now)).toMatchObject({ version: 2, exchange: { interval: 16 } })
    expect(planOf(now).cause).toMatch(/exchanging less often takes/)
    expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '3 cpu' })
  })
})

const planWithEgress = {
  seconds: 6_667,
  movementSeconds: 0,
  computeUsd: 16.7,
  egressUsd: 0,
  movementUsd: 0,
  storageUsd: 0,
  spotLossUsd: 0,
  totalUsd: 160,
  wanBytes: 0,
  throughputSource: 'declared',
} as const

test('with `stop` allowed no job costs more than its budget and one window of accounting, whatever its speed does', () => {
  const cases = fc.record({
    usd: fc.double({ min: 0.2, max: 18, noNaN: true }),
    windowMs: fc.constantFrom(5_000, 10_000, 15_000),
    slowAt: fc.integer({ min: 0, max: 1_000 }),
    slowTo: fc.double({ min: 0.05, max: 1.5, noNaN: true }),
    actions: fc.subarray(['warn', 'lengthen', 'move'] as const),
  })
  fc.assert(
    fc.property(cases, ({ usd, windowMs, slowAt, slowTo, actions }) => {
      const speedOf: FluidWorld['speedOf'] = (place, _, tick) => (place === 'b' && tick >= slowAt ? 100 * slowTo : 100)
      const end = live(withBudget(usd, [...actions, 'stop']), { ...world, windowMs, speedOf })
      const windowUsd = (9 * Math.max(windowMs / 1000, meteringSeconds)) / 3600
      expect(end.usedUsd).toBeLessThanOrEqual(usd + windowUsd)
      const why = end.state === 'cancelling' ? end.job.reason : 'stopped: the budget $'
      expect(why).toMatch(/^stopped: .*the budget \$/)
    }),
    { numRuns: 40 },
  )
})

test('a fixed interval is doubled as long as its strategy takes it, an adaptive one has its own steps', () => {
  const size = { updateBytes: 4e6, samplesPerStep: 32 }
  const intervals = (sync: ReturnType<typeof aSync>) =>
    longerExchanges(null, sync, size).map(({ interval }) => interval)
  expect(intervals(aSync({ strategy: 'asgd-ga', interval: 4 }))).toEqual([8, 16, 32])
  expect(intervals(aSync({ strategy: 'asgd' }))).toEqual([])
  const auto = longerExchanges(null, aSync({ strategy: 'auto' }), size)
  expect(auto.length).toBeGreaterThan(2)
  const next = longerExchanges(auto[1]!, aSync({ strategy: 'auto' }), size)
  expect(next).toEqual(auto.slice(2))
  expect(auto.every(({ codec }) => codec === auto[0]!.codec)).toBe(true)
})
