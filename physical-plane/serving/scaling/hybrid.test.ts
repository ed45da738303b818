import { describe, expect, test } from 'vitest'
import type { LatencyModel, ScaledInstance, Second } from './autoscaler.ts'
import { capacityOf, deviationsOf, safeRateOf } from './capacity.ts'
import { forecast, forecastRate } from './forecast.ts'
import { autoscalerOf } from './policies.ts'
import { poolRate } from './pool.ts'
import { anInstance, aSecond, aView, live, seconds, shapeOf } from './view.fixture.ts'

/** With what alone on their devices they can count on. */
const withLimits = (instances: readonly ScaledInstance[]): readonly ScaledInstance[] =>
  instances.map((one) => ({ ...one, shape: shapeOf(one.shape.smMilli, one.shape.limitMilli) }))

const constant = (count: number, load: number): readonly number[] => Array.from({ length: count }, () => load)

describe('a rate at which the objective holds', () => {
  const view = aView({ slo: { latencyMs: 100, percentile: 99 }, batchMax: 4, latency: () => 20 })

  test('leaves room for what comes at random while a request may wait', () => {
    const rate = safeRateOf(view, 'v100', shapeOf(1_000, 1_000))!
    expect(rate + (2.326 * Math.sqrt(rate)) / Math.sqrt(0.08)).toBeCloseTo(200, 6)
    expect(capacityOf(view, 'v100', shapeOf(1_000, 1_000))).toEqual({ perSecond: 200, batch: 4, latencyMs: 20 })
  })

  test('is nothing where a batch takes more than half of the objective, and unknown where nobody has measured', () => {
    expect(safeRateOf({ ...view, latency: () => 50.1 }, 'v100', shapeOf(1_000, 1_000))).toBe(0)
    expect(safeRateOf({ ...view, latency: () => 50 }, 'v100', shapeOf(1_000, 1_000))).toBeGreaterThan(0)
    expect(safeRateOf({ ...view, latency: () => null }, 'v100', shapeOf(1_000, 1_000))).toBe(null)
  })

  test('the percentile says how much room', () => {
    expect([50, 95, 97, 99, 100, 10].map(deviationsOf)).toEqual([0, 1.645, expect.closeTo(1.918, 3), 2.326, 3.09, 0])
  })
})

describe('a forecast', () => {
  test('is the mean while nothing but chance moves it', () => {
    const history = Array.from({ length: 40 }, (_, at) => aSecond({ arrived: at % 2 === 0 ? 9 : 11 }))
    expect(forecast(history)).toEqual({ rate: expect.closeTo(10, 0), slopePerSecond: 0 })
    expect(forecastRate([], 10)).toBe(0)
  })

  test('follows a burst at once, and a rise beyond it', () => {
    const burst = [...seconds(30, { arrived: 10 }), ...seconds(3, { arrived: 60 })]
    expect(forecast(burst).rate).toBeGreaterThanOrEqual(60)
    const rise = Array.from({ length: 40 }, (_, at) => aSecond({ arrived: 10 + 5 * at }))
    expect(forecastRate(rise, 10)).toBeGreaterThan(rise.at(-1)!.arrived)
  })

  test('says nothing of longer than a trend was seen', () => {
    const rise = Array.from({ length: 40 }, (_, at) => aSecond({ arrived: 10 + 5 * at }))
    expect(forecastRate(rise, 60)).toBe(forecastRate(rise, 10))
  })

  test('where requests may wait, a few seconds are no burst', () => {
    const burst = [...seconds(30, { arrived: 10 }), ...seconds(3, { arrived: 60 })]
    expect(forecast(burst, 12).rate).toBeLessThan(25)
    expect(forecast([...burst, ...seconds(9, { arrived: 60 })], 12).rate).toBeGreaterThanOrEqual(60)
  })
})

describe('hybrid', () => {
  const hybrid = autoscalerOf('hybrid')

  test('gives more time at once, before anything begins', () => {
    const { actions } = live(hybrid, [...constant(30, 8), ...constant(4, 20)])
    const first = actions.filter(({ atSecond }) => atSecond > 30)
    expect(first.length).toBeGreaterThan(0)
    expect(new Set(first.map(({ kind }) => kind))).toEqual(new Set(['resize']))
  })

  test('begins others where the row has no more, with what meets the objective', () => {
    const { instances } = live(hybrid, constant(60, 400), { instancesMax: 20 })
    expect(instances.length).toBeGreaterThan(1)
    const view = aView()
    expect(poolRate(view, withLimits(instances))).toBeGreaterThanOrEqual(400)
    for (const { shape } of withLimits(instances)) expect(view.latency('v100', 1, shape)).toBeLessThanOrEqual(100)
  })

  test('adds what answers most per share of a GPU, where no single part covers the load', () => {
    // The whole of a device answers half as much again as a quarter of it.
    const stubborn: LatencyModel = (_, batch, { smMilli, requestMilli }) =>
      ((smMilli === 1_000 ? 20 : 30) * (4 + batch) * 250_000) / (8 * Math.min(250, smMilli) * requestMilli)
    const { actions } = live(hybrid, constant(3, 900), { latency: stubborn, instancesMax: 40 })
    const begun = actions.flatMap((action) => (action.kind === 'add' ? [action.shape.smMilli] : []))
    expect(begun.slice(0, 6)).toEqual(constant(6, 250))
  })

  test('a constant load comes to rest, covered', () => {
    for (const load of [0, 1, 7, 30, 90, 300]) {
      const { actions, instances } = live(hybrid, constant(200, load), { instancesMax: 20 })
      expect(actions.filter(({ atSecond }) => atSecond > 140)).toEqual([])
      expect(poolRate(aView(), withLimits(instances))).toBeGreaterThanOrEqual(load)
    }
  })

  test('takes back lazily: a short lull changes no number', () => {
    const load = [...constant(60, 300), ...constant(15, 5), ...constant(60, 300)]
    const { actions } = live(hybrid, load, { instancesMax: 20 })
    const inLull = actions.filter(({ atSecond }) => atSecond > 60 && atSecond <= 75)
    expect(inLull.filter(({ kind }) => kind === 'remove')).toEqual([])
    const calm = live(hybrid, [...constant(60, 300), ...constant(400, 5)], { instancesMax: 20 })
    expect(calm.instances).toHaveLength(1)
  })

  test('where the objective is missed against all forecasts, more is given', () => {
    const late = (arrived: number): Partial<Second> => ({ arrived, overSlo: arrived / 2, latencyMs: 400 })
    const area = (load: readonly (number | Partial<Second>)[]): number =>
      live(hybrid, load).instances.reduce((sum, { shape }) => sum + shape.smMilli * shape.requestMilli, 0)
    expect(area(Array.from({ length: 30 }, () => late(20)))).toBeGreaterThan(area(constant(30, 20)))
  })

  test('keeps within the bounds of the file', () => {
    expect(live(hybrid, constant(60, 1_000), { instancesMax: 3 }).instances).toHaveLength(3)
    expect(live(hybrid, constant(200, 0), { instancesMin: 2 }).instances).toHaveLength(2)
    const five = [1, 2, 3, 4, 5].map((at) => anInstance({ id: `i-${at}` }))
    expect(live(hybrid, constant(2, 50), { instances: five, instancesMax: 2 }).instances).toHaveLength(2)
  })
})

describe('hybrid without shares', () => {
  const hybrid = autoscalerOf('hybrid')
  // 10 a second, by its profile.
  const counted = { latency: () => 100, batchMax: 1, canReshape: false, slo: { latencyMs: 1_000, percentile: 99 } }

  test('begins another one start ahead of the load that its profile says to be too much', () => {
    const climb = Array.from({ length: 40 }, (_, at) => 2 + at * 0.25)
    const { actions } = live(hybrid, climb, counted)
    expect(actions.map(({ kind }) => kind)).toEqual(['add'])
    expect(climb[actions[0]!.atSecond - 1]).toBeLessThan(9.5)
    expect(live(hybrid, constant(60, 6), counted).actions).toEqual([])
  })
})

describe('hybrid without a profile', () => {
  const hybrid = autoscalerOf('hybrid')
  const unknown: LatencyModel = () => null
  const instances = [anInstance({ measuredPerSecond: 10 })]

  test('adds as soon as it shows that there are too few', () => {
    const pressed = { arrived: 25, queued: 20, latencyMs: 300 }
    const { actions } = live(
      hybrid,
      Array.from({ length: 2 }, () => pressed),
      { latency: unknown, instances },
    )
    expect(actions.map(({ kind, atSecond }) => [kind, atSecond])).toEqual([
      ['add', 2],
      ['add', 2],
      ['add', 2],
    ])
  })

  test('a low measure alone, with requests answered quickly, adds nothing', () => {
    expect(live(hybrid, constant(10, 25), { latency: unknown, instances }).actions).toEqual([])
  })

  test('adds one where the objective stays missed and nothing was measured', () => {
    const missed = { arrived: 5, overSlo: 5, latencyMs: 900 }
    const { actions } = live(
      hybrid,
      Array.from({ length: 4 }, () => missed),
      {
        latency: unknown,
        instances: [anInstance()],
      },
    )
    expect(actions.map(({ kind, atSecond }) => [kind, atSecond])).toEqual([['add', 3]])
    expect(actions[0]!.because).toMatch('the objective was missed for 3 s')
  })
})
