import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyCurve, measured, measureOn, type Curve } from './curves.fixture.ts'
import { valueOf, type Goal } from './goal.ts'
import { configurationsOf, plainGrid, type Grid } from './grid.ts'
import { budgetOf, searchInference, type Answer } from './inference-search.ts'
import type { Configuration, Measure } from './measure.ts'
import { Probes } from './probes.ts'

const wideGrid: Grid = {
  smMilli: [100, 250, 500, 750, 1000],
  quotaMilli: [250, 500, 1000],
  batch: [1, 4, 16],
  processes: [1, 2],
}

const anyGoal = fc.record(
  {
    sloLatencyMs: fc.double({ min: 1, max: 500, noNaN: true }),
    ratePerSecond: fc.double({ min: 0.1, max: 2000, noNaN: true }),
  },
  { requiredKeys: ['sloLatencyMs'] },
)

function best(curve: Curve, grid: Grid, goal: Goal): number {
  return Math.max(...configurationsOf(grid).map((one) => valueOf(goal, one, measured(curve, one))))
}

function value(answer: Answer): number {
  return answer.kind === 'found' ? answer.value : 0
}

describe('search for where an inference function should run', () => {
  test('never answers a point that misses the SLO or the rate, and keeps to its budget', async () => {
    const property = fc.asyncProperty(
      anyCurve,
      anyGoal,
      fc.integer({ min: 1, max: 30 }),
      async (curve, goal, probesMax) => {
        const probes = new Probes({ measure: measureOn(curve) })
        const answer = await searchInference({ probes, grid: plainGrid, goal, probesMax })
        expect(probes.made).toBeLessThanOrEqual(probesMax)
        if (answer.kind === 'none') return
        const really = measured(curve, answer.configuration)
        expect(really.latencyMs).toBeLessThanOrEqual(goal.sloLatencyMs)
        expect(really.throughputPerSecond).toBeGreaterThanOrEqual(goal.ratePerSecond ?? 0)
      },
    )
    await fc.assert(property, { numRuns: 200 })
  })

  test('what it settles without tolerance is the exhaustive answer on curves that keep the bounds', async () => {
    const property = fc.asyncProperty(
      anyCurve,
      anyGoal,
      fc.constantFrom(plainGrid, wideGrid),
      async (curve, goal, grid) => {
        const probes = new Probes({ measure: measureOn(curve) })
        const probesMax = configurationsOf(grid).length
        const answer = await searchInference({ probes, grid, goal, probesMax, gainMin: 0 })
        expect(answer.isSettled).toBe(true)
        expect(value(answer)).toBeCloseTo(best(curve, grid, goal), 9)
      },
    )
    await fc.assert(property, { numRuns: 100 })
  })

  test('within a tenth of a larger grid it loses little', async () => {
    const grid: Grid = { ...plainGrid, quotaMilli: [200, 400, 600, 800, 1000] }
    const regrets: number[] = []
    for (const curve of fc.sample(anyCurve, { numRuns: 60, seed: 5 })) {
      const { latencyMs } = measured(curve, { smMilli: 1000, quotaMilli: 1000, batch: 1, processes: 1 })
      const goal = { sloLatencyMs: 3 * latencyMs }
      const probes = new Probes({ measure: measureOn(curve) })
      const answer = await searchInference({ probes, grid, goal })
      expect(probes.made).toBeLessThanOrEqual(budgetOf(600))
      regrets.push(1 - value(answer) / best(curve, grid, goal))
    }
    expect(Math.max(...regrets)).toBeLessThan(0.1)
    expect(regrets.filter((regret) => regret < 0.01).length).toBeGreaterThan(54)
  })

  test('noise of a few per cent does not send it astray', async () => {
    const curve: Curve = { launchMs: 4, sampleMs: 0.6, enoughMilli: 600 }
    const noisy: Measure = async (configuration) => {
      const { latencyMs } = measured(curve, configuration)
      const off = 1 + 0.03 * Math.sin(configuration.smMilli * 7 + configuration.batch * 13)
      const perSecond = (1000 * configuration.batch) / (latencyMs * off)
      return await Promise.resolve({ latencyMs: latencyMs * off, throughputPerSecond: perSecond })
    }
    const goal = { sloLatencyMs: 40 }
    const answer = await searchInference({ probes: new Probes({ measure: noisy }), grid: plainGrid, goal })
    expect(value(answer)).toBeGreaterThan(0.92 * best(curve, plainGrid, goal))
  })

  test('the least share that carries a rate is found, and a second question costs less', async () => {
    const curve: Curve = { launchMs: 2, sampleMs: 1, enoughMilli: 800 }
    const probes = new Probes({ measure: measureOn(curve) })
    const goal = { sloLatencyMs: 60, ratePerSecond: 300 }
    const answer = await searchInference({ probes, grid: plainGrid, goal })
    expect(answer).toMatchObject({ kind: 'found', configuration: { smMilli: 350, batch: 16 } })
    const first = probes.made
    expect(await searchInference({ probes, grid: plainGrid, goal })).toEqual(answer)
    expect(probes.made - first).toBeLessThanOrEqual(first)
  })

  test('where nothing does, it says how near it came', async () => {
    const probes = new Probes({ measure: measureOn({ launchMs: 30, sampleMs: 5, enoughMilli: 1000 }) })
    const slow = await searchInference({ probes, grid: plainGrid, goal: { sloLatencyMs: 20 } })
    expect(slow).toMatchObject({
      kind: 'none',
      because: expect.stringContaining('35.0 ms (SM 100 %, batch 1)') as unknown,
    })
    const much = await searchInference({ probes, grid: plainGrid, goal: { sloLatencyMs: 100, ratePerSecond: 900 } })
    expect(much).toMatchObject({
      kind: 'none',
      because: expect.stringContaining('of 900 that are asked for') as unknown,
    })
  })

  test('batches that do not fit the memory are not tried again larger, nor is it said to be slow', async () => {
    const asked: Configuration[] = []
    const curve: Curve = { launchMs: 2, sampleMs: 0.1, enoughMilli: 1000 }
    const small: Measure = async (configuration) => {
      asked.push(configuration)
      return await Promise.resolve(configuration.batch > 4 ? null : measured(curve, configuration))
    }
    const grid = { ...plainGrid, smMilli: [500, 1000] }
    const probes = new Probes({ measure: small })
    const answer = await searchInference({ probes, grid, goal: { sloLatencyMs: 50 } })
    expect(answer).toMatchObject({ kind: 'found', configuration: { batch: 4 }, isSettled: true })
    const refused = asked.filter(({ batch }) => batch > 4)
    const again = refused.filter((one, index) =>
      refused.slice(0, index).some(({ smMilli, batch }) => one.batch >= batch && one.smMilli <= smMilli),
    )
    expect(refused).not.toEqual([])
    expect(again).toEqual([])
    const never = new Probes({ measure: async () => await Promise.resolve(null) })
    expect(await searchInference({ probes: never, grid, goal: { sloLatencyMs: 50 } })).toMatchObject({
      kind: 'none',
      because: expect.stringContaining('ran in none of') as unknown,
    })
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('an SLO of %s is refused by name', async (sloLatencyMs) => {
    const probes = new Probes({ measure: measureOn({ launchMs: 1, sampleMs: 1, enoughMilli: 500 }) })
    await expect(searchInference({ probes, grid: plainGrid, goal: { sloLatencyMs } })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('slo_latency_ms') as unknown,
    })
    expect(probes.made).toBe(0)
  })

  test.each([
    [{ ...plainGrid, batch: [] }, 'grid.batch'],
    [{ ...plainGrid, smMilli: [500, 1100] }, 'grid.smMilli[1]'],
    [{ ...plainGrid, quotaMilli: [0.5] }, 'grid.quotaMilli[0]'],
    [{ ...plainGrid, batch: [4, 2] }, 'grid.batch[1]'],
    [{ ...plainGrid, batch: Array.from({ length: 5000 }, (_, index) => index + 1) }, '100000 points'],
  ])('a grid that no device can be set to is refused', async (grid, named) => {
    const probes = new Probes({ measure: measureOn({ launchMs: 1, sampleMs: 1, enoughMilli: 500 }) })
    await expect(searchInference({ probes, grid, goal: { sloLatencyMs: 9 } })).rejects.toThrow(named)
  })
})
