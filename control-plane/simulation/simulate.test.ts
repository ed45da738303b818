import { assert, asyncProperty, integer } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aPrice } from '#control-plane/model/builders.ts'
import { silentLog } from '#runtime/log.ts'
import { memoryStore } from '#control-plane/store/open-store.ts'
import { withHash } from '#regions/catalogue-content.ts'
import { arrivalsOf } from './arrivals.ts'
import { capacityOf } from './capacity.ts'
import { PlainStore } from './plain-store.ts'
import { parseScenario } from './read-scenario.ts'
import { runReport } from './run-report.ts'
import type { Scenario } from './scenario-schema.ts'
import { simulate } from './simulate.ts'
import type { RunReport, SimulationReport } from './simulation-report.ts'
import { World } from './world.ts'

const base = aCatalogue(
  { 'onprem/a': { t4: 0.5, v100: 2 }, 'onprem/b': { t4: 0.6 }, 'onprem/c': { t4: 0.4, v100: 1.5 } },
  { cpu: 1, t4: 100, v100: 280 },
)
/** Spot is a third of the price. */
const catalogue = {
  ...base,
  regions: base.regions.map((region) => ({
    ...region,
    prices: [
      ...region.prices,
      ...region.prices.map(({ deviceModel, usdPerUnitHour }) =>
        aPrice(deviceModel, usdPerUnitHour / 3, { market: 'spot', lossesPerHour: 0.1 }),
      ),
    ],
  })),
}

const text = `
name: test
length: 6h
regions: ["*"]
capacity:
  - { regions: ["*"], device: t4, units: 8 }
  - { regions: [onprem/a, onprem/c], device: v100, market: spot, units: 6, availability: { losses_per_hour: 0.3, away: 20m } }
arrivals: { kind: poisson, jobs: 25 }
jobs:
  - name: stays
    weight: 2
    samples_per_second: { t4: 100, v100: 250 }
    data_regions: [1, 3]
    device_hours: [0.5, 6]
    markets: [on-demand, spot]
    workers_max_per_region: 6
  - name: moves
    samples_per_second: { t4: 50, v100: 200 }
    bytes_per_sample: 10kB
    may_move_to: ["onprem/*"]
    data_regions: [1, 2]
    device_hours: [0.5, 6]
    markets: [on-demand, spot]
    objective: { kind: deadline, within: [2, 6] }
agents: { crashes_per_hour: 0.05, outages_per_week: 14, outage: 15m, speed_spread: 0.2 }
`

function aScenario(change: Partial<Scenario> = {}): Scenario {
  return { ...parseScenario(text, 'test.yaml'), ...change }
}

const unread = (name: string): string => {
  throw new Error(`${name} is not to be read`)
}

function run(scenario: Scenario, seed = 1): Promise<SimulationReport> {
  return simulate({ scenario, catalogue, seed, log: silentLog, readText: unread, onProgress: () => {} })
}

function only({ runs }: SimulationReport): RunReport {
  expect(runs).toHaveLength(1)
  return runs[0]!
}

function total(shares: Readonly<Record<string, number>>): number {
  return Object.values(shares).reduce((sum, value) => sum + value, 0)
}

describe('a simulation', () => {
  test('gives the same bytes for the same seed, and others for another one', async () => {
    const [first, again, other] = [await run(aScenario()), await run(aScenario()), await run(aScenario(), 2)]
    expect(JSON.stringify(again)).toBe(JSON.stringify(first))
    expect(only(other).cost.totalUsd).not.toBe(only(first).cost.totalUsd)
  })

  test('comes to the same on a database', async () => {
    const scenario = aScenario({ arrivals: { kind: 'poisson', jobs: 8 } })
    const seed = 3
    const pools = capacityOf(scenario, catalogue, seed, unread)
    const arrivals = arrivalsOf(scenario, seed, unread)
    const reports = []
    for (const store of [memoryStore(), new PlainStore()]) {
      const world = new World({
        scenario,
        catalogue: withHash(catalogue),
        pools,
        arrivals,
        specs: new Map(),
        policy: 'least-cost',
        seed,
        log: silentLog,
        store,
        onProgress: () => {},
      })
      await world.run()
      reports.push(await runReport(world, 'least-cost'))
    }
    expect(reports[1]).toEqual(reports[0])
  })

  test('of every policy meets the same jobs', async () => {
    const { runs } = await run(aScenario({ policies: ['least-cost', 'load-power', 'use-everything'] }))
    expect(runs.map(({ policy }) => policy)).toEqual(['least-cost', 'load-power', 'use-everything'])
    for (const { jobs } of runs) expect(jobs.submitted).toBe(25)
    const [best, , everything] = runs
    expect(best!.cost.totalUsd).toBeLessThan(everything!.cost.totalUsd)
  })

  // That what is metered, what is billed and what units were in use agree, and that no unit is used twice, is asserted in
  // every run: it fails where they do not.
  test('with crashes, outages and spot losses conserves every device second, and every job ends once faults stop', async () => {
    await assert(
      asyncProperty(integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const report = only(await run(aScenario({ arrivals: { kind: 'poisson', jobs: 12 } }), seed))
        const ended = ['succeeded', 'failed'].reduce((sum, state) => sum + (report.jobs.byState[state] ?? 0), 0)
        expect(ended + report.jobs.refused).toBe(12)
        // A deadline may have become impossible; nothing else may fail.
        for (const refusal of report.jobs.refusals) expect(refusal).toMatch(/deadline|until/)
        const busy = report.utilisation.byClass.reduce((sum, row) => sum + row.busyHours, 0)
        const billed = report.cost.byRegion.reduce((sum, row) => sum + row.computeUsd, 0)
        expect(busy > 0).toBe(billed > 0)
        expect(total(report.cost.byPurpose)).toBeCloseTo(report.cost.computeUsd, 6)
      }),
      { numRuns: 6 },
    )
  })

  test('takes as long and costs as much as was forecast, where nothing is left to chance', async () => {
    const calm = { ...aScenario().agents, crashes_per_hour: 0, outages_per_week: 0, speed_spread: 0, start: 1 }
    const [stays] = aScenario().jobs
    const scenario = aScenario({
      agents: { ...calm, start_spread: 1 },
      control: { step: 1, tick: 60, replan: 3600 },
      arrivals: { kind: 'at-once', jobs: 1 },
      jobs: [{ ...stays!, device_hours: [20, 20], data_regions: [3, 3], markets: ['on-demand'] }],
    })
    const report = only(await run(scenario))
    expect(report.jobs.byState).toEqual({ succeeded: 1 })
    // Starting and the last evaluation are not in the forecast.
    expect(report.forecast.seconds.p50).toBeGreaterThan(1)
    expect(report.forecast.seconds.p50).toBeLessThan(1.01)
    expect(report.forecast.usd.p50).toBeCloseTo(1, 1)
  })

  test('brings data first that has to move, and pays for it', async () => {
    const [, moves] = aScenario().jobs
    const [onDemand] = aScenario().capacity
    const hours = 4
    const scenario = aScenario({
      capacity: [{ ...onDemand!, regions: ['onprem/a'] }],
      arrivals: { kind: 'at-once', jobs: 1 },
      jobs: [{ ...moves!, regions: ['onprem/b'], data_regions: [1, 1], device_hours: [hours, hours] }],
      agents: { ...aScenario().agents, crashes_per_hour: 0, outages_per_week: 0, speed_spread: 0 },
    })
    const report = only(await run(scenario))
    expect(report.jobs.byState).toEqual({ succeeded: 1 })
    const bytes = hours * 3600 * 50 * 10_000
    expect(report.cost.egressBytes).toBe(bytes)
    expect(report.cost.egressUsd).toBeCloseTo((bytes / 1e9) * 0.1)
    // 7.2 GB at 100 Mbit/s take ten minutes, in which no unit is paid for.
    expect(report.makespanSeconds).toBeGreaterThan((hours * 3600) / 8 + 576)
    expect(report.utilisation.byClass[0]!.busyHours).toBeLessThan(hours * 1.1)
  })

  test('of spot capacity on a trace loses and gains all units together', async () => {
    const capacity: Scenario['capacity'] = [
      {
        regions: ['onprem/a'],
        device: 'v100',
        market: 'spot',
        zone: '',
        instance_type: '',
        units: [4, 4],
        availability: { trace: 'zone.json', away: 60, notice: 0 },
      },
    ]
    const [stays] = aScenario().jobs
    const scenario = aScenario({
      capacity,
      arrivals: { kind: 'at-once', jobs: 1 },
      jobs: [{ ...stays!, data_regions: [1, 1], device_hours: [20, 20] }],
      agents: { ...aScenario().agents, crashes_per_hour: 0, outages_per_week: 0, speed_spread: 0 },
    })
    const trace = JSON.stringify({
      gap_seconds: 600,
      rle: [
        [1, 3],
        [0, 3],
      ],
    })
    const options = { scenario, catalogue, seed: 1, log: silentLog, onProgress: () => {} }
    const report = only(await simulate({ ...options, readText: () => trace }))
    expect(report.jobs.byState).toEqual({ succeeded: 1 })
    // Two hours of work on four units that are there half of the time.
    expect(report.makespanSeconds / 3600).toBeGreaterThan(3.3)
    expect(report.makespanSeconds / 3600).toBeLessThan(5)
    expect(report.spot.unitsLost % 4).toBe(0)
    expect(report.spot.workersHit).toBe(report.spot.unitsLost)
    await expect(simulate({ ...options, readText: () => '{"gap_seconds": 1}' })).rejects.toThrow(
      /trace: zone.json: rle/,
    )
  })
})
