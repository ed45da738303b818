import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planFixed } from './fixed-interval.ts'
import { fragmentOf } from './fragment-schedule.ts'
import { movingAverage } from './link-average.ts'
import { anInput, someSettings } from './settings.fixture.ts'

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

describe('the turn of fragments', () => {
  test('every fragment once in as many rounds as there are fragments', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 16 }), (round, fragments) => {
        const turns = Array.from({ length: fragments }, (_, i) => fragmentOf(round + i, fragments))
        expect(turns.toSorted((a, b) => a - b)).toEqual(Array.from({ length: fragments }, (_, i) => i))
      }),
    )
  })

  test('the first round has the first fragment', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((round) => fragmentOf(round, 3))).toEqual([0, 1, 2, 0, 1, 2, 0])
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
