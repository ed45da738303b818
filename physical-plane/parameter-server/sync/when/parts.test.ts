import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exchangeTime } from './exchange-time.ts'
import { planFixed } from './fixed-interval.ts'
import { commitsBefore, fragmentOf } from './fragment-schedule.ts'
import { movingAverage } from './link-average.ts'
import { stepsByRegion } from './proportional-steps.ts'
import { aLink, anInput, links, someSettings } from './settings.fixture.ts'

describe('a fixed interval', () => {
  const settings = someSettings({ strategy: 'streaming-diloco', interval: 100, fragments: 4 })

  test('gives each fragment its turn once per interval', () => {
    const plan = planFixed(settings, anInput({ stepsPerSecond: { a: 4, b: 1 } }), null)
    expect(plan).toEqual({
      version: 1,
      intervals: { a: 25, b: 6 },
      codec: 'int8',
      density: 0.01,
      fragments: 4,
      isFinalNext: false,
      reason:
        'the job asks for an exchange every 100 local steps in the fastest region, one of 4 fragments every 25, in int8',
    })
  })

  test('never has more fragments than steps or elements', () => {
    expect(planFixed({ ...settings, interval: 3 }, anInput(), null)).toMatchObject({
      fragments: 3,
      intervals: { a: 1 },
    })
    expect(planFixed(settings, anInput({ elements: 2 }), null)).toMatchObject({ fragments: 2, intervals: { a: 50 } })
  })

  test('keeps its plan while speeds only wobble, and follows when they change or a region comes', () => {
    const first = planFixed(settings, anInput({ stepsPerSecond: { a: 10, b: 10 } }), null)
    expect(planFixed(settings, anInput({ stepsPerSecond: { a: 10, b: 9 } }), first)).toBe(first)
    const slower = planFixed(settings, anInput({ stepsPerSecond: { a: 10, b: 7 } }), first)
    expect(slower).toMatchObject({ version: 2, intervals: { a: 25, b: 17 } })
    const three = planFixed(settings, anInput({ regions: ['a', 'b', 'c'], stepsPerSecond: { a: 10, b: 10 } }), first)
    expect(three).toMatchObject({ version: 2, intervals: { a: 25, b: 25, c: 25 } })
  })
})

describe('steps in proportion to speed', () => {
  test('the fastest makes all, everybody at least one, nobody more than its time allows', () => {
    const anySpeeds = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(anySpeeds, fc.integer({ min: 1, max: 500 }), (speeds, steps) => {
        const regions = speeds.map((_, i) => `region-${i}`)
        const speedOf = Object.fromEntries(regions.map((region, i) => [region, speeds[i]!]))
        const made = stepsByRegion(steps, regions, speedOf, 'proportional')
        const fastest = Math.max(...speeds)
        expect(Math.max(...Object.values(made))).toBe(steps)
        for (const region of regions) {
          const seconds = made[region]! / speedOf[region]!
          expect(made[region]).toBeGreaterThanOrEqual(1)
          // A single step may take longer: nobody makes less.
          const allowed = made[region] === 1 ? Number.POSITIVE_INFINITY : (steps / fastest) * (1 + 1e-12)
          expect(seconds).toBeLessThanOrEqual(allowed)
        }
      }),
    )
  })

  test('a region of unknown speed makes all, and even pacing makes all everywhere', () => {
    expect(stepsByRegion(8, ['a', 'b', 'c'], { a: 4, b: 1 }, 'proportional')).toEqual({ a: 8, b: 2, c: 8 })
    expect(stepsByRegion(8, ['a', 'b', 'c'], { a: 4, b: 1 }, 'even')).toEqual({ a: 8, b: 8, c: 8 })
    expect(stepsByRegion(8, ['a', 'b'], {}, 'proportional')).toEqual({ a: 8, b: 8 })
  })
})

describe('the turn of fragments', () => {
  test('every fragment once in as many rounds as there are fragments', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 16 }), (round, fragments) => {
        const turns = Array.from({ length: fragments }, (_, i) => fragmentOf(round + i, fragments))
        expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: fragments }, (_, i) => i))
      }),
    )
  })

  test('earlier commits of the same fragment are counted', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((round) => [fragmentOf(round, 3), commitsBefore(round, 3)])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [0, 1],
      [1, 1],
      [2, 1],
      [0, 2],
    ])
    expect(() => fragmentOf(0, 3)).toThrow('numbered from 1')
  })
})

describe('a moving average', () => {
  test('takes the first sample as it is and a fifth of each later difference', () => {
    expect(movingAverage(0, 100)).toBe(100)
    expect(movingAverage(100, 150)).toBeCloseTo(110, 12)
  })

  test('an outlier counts as three times the average, or as a third', () => {
    expect(movingAverage(100, 1e9)).toBeCloseTo(140, 12)
    expect(movingAverage(100, 1e-9)).toBeCloseTo(100 - (0.2 * 200) / 3, 9)
  })

  test('what says nothing changes nothing', () => {
    for (const sample of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(movingAverage(100, sample)).toBe(100)
  })

  test('a link that changed for good is followed', () => {
    let average = 100
    for (let i = 0; i < 20; i++) average = movingAverage(average, 1000)
    expect(average).toBeGreaterThan(900)
  })
})

describe('the time of an exchange', () => {
  const bytes = 12_500_000

  test('two regions swap at once: the slower way decides', () => {
    const topology = { regions: ['a', 'b'], hub: 'a', links: [aLink('a', 'b', 100, 30), aLink('b', 'a', 50, 30)] }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 2, 12)
    expect(exchangeTime(topology, bytes)?.slowest).toMatchObject({ from: 'b', to: 'a' })
  })

  test('three meet at the hub: in at once, out through one uplink', () => {
    const regions = ['a', 'b', 'c']
    const topology = { regions, hub: 'b', links: links(regions, 100, 30) }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 1 + 0.03 + 2, 12)
  })

  test('a slow spoke takes as long as its own link does', () => {
    const regions = ['a', 'b', 'c']
    const topology = {
      regions,
      hub: 'a',
      links: [aLink('a', 'b', 100, 30), aLink('a', 'c', 10, 30), aLink('b', 'a', 100, 30), aLink('c', 'a', 100, 30)],
    }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 1 + 0.03 + 10, 12)
  })

  test('without a hub the slowest one is expected', () => {
    const regions = ['a', 'b', 'c']
    const bad = [...links(['a', 'b'], 100, 30), ...links(['a', 'c'], 100, 30), ...links(['b', 'c'], 10, 30)]
    const times = regions.map((hub) => exchangeTime({ regions, hub, links: bad }, bytes)!.seconds)
    expect(exchangeTime({ regions, hub: null, links: bad }, bytes)?.seconds).toBe(Math.max(...times))
  })

  test('nothing is known before a link was measured, and nothing takes long alone', () => {
    expect(exchangeTime({ regions: ['a', 'b'], hub: 'a', links: [] }, bytes)).toBeNull()
    expect(exchangeTime({ regions: ['a', 'b', 'c'], hub: 'a', links: [] }, bytes)).toBeNull()
    expect(exchangeTime({ regions: ['a'], hub: 'a', links: [] }, bytes)).toEqual({ seconds: 0, slowest: null })
  })
})
