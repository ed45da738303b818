import { array, assert as check, boolean, double, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scaleLazily, type Sample, type Scaling } from './dilu-lazy.ts'
import { FunctionScaler, type ServingFunction } from './function-scaler.ts'
import { idleWindows, isWarm } from './idle-windows.ts'

const bounds = { min: 1, max: 4 }
const start = (wanted: number): Scaling => ({ wanted, samples: [], because: '' })
const sample = (fields: Partial<Sample> = {}): Sample => ({
  requestsPerSecond: 0,
  instances: 1,
  capacityPerSecond: 10,
  isSloMissed: false,
  isVerticalExhausted: false,
  ...fields,
})

/** After so many seconds of this load, with as many instances as are wanted. */
function after(seconds: number, load: number, from = start(1), within = bounds): Scaling {
  let scaling = from
  for (let i = 0; i < seconds; i++)
    scaling = scaleLazily(scaling, sample({ requestsPerSecond: load, instances: scaling.wanted }), within)
  return scaling
}

describe('numbers change lazily', () => {
  test('20 of 40 seconds over what the instances answer add one, 19 do not', () => {
    expect(after(19, 11).wanted).toBe(1)
    expect(after(20, 11)).toMatchObject({ wanted: 2, samples: [] })
    expect(after(20, 11).because).toBe('20 of 20 seconds had more requests than 1 instances answer')
    expect(after(100, 10).wanted).toBe(1)
  })

  test('30 of 40 seconds that one less could have answered take one away, 29 do not', () => {
    expect(after(29, 9, start(2)).wanted).toBe(2)
    expect(after(30, 9, start(2)).wanted).toBe(1)
    expect(after(100, 10, start(2)).wanted).toBe(2)
  })

  test('a burst of less than 20 seconds in any 40 changes nothing', () => {
    let scaling = start(1)
    for (let i = 0; i < 400; i++)
      scaling = scaleLazily(scaling, sample({ requestsPerSecond: i % 40 < 19 ? 99 : 5 }), bounds)
    expect(scaling.wanted).toBe(1)
  })

  test('a change forgets what was seen before it', () => {
    const grown = after(20, 99)
    expect(after(19, 99, grown).wanted).toBe(2)
    expect(after(20, 99, grown).wanted).toBe(3)
  })

  test('while one begins nothing is counted', () => {
    let scaling = start(2)
    for (let i = 0; i < 100; i++) scaling = scaleLazily(scaling, sample({ requestsPerSecond: 99 }), bounds)
    expect(scaling).toEqual(start(2))
  })

  test('three seconds of a missed objective with every quota at its limit add one, without the limit none', () => {
    const missed = { isSloMissed: true, isVerticalExhausted: true }
    let scaling = start(1)
    for (let i = 0; i < 2; i++) scaling = scaleLazily(scaling, sample(missed), bounds)
    expect(scaling.wanted).toBe(1)
    expect(scaleLazily(scaling, sample(missed), bounds).wanted).toBe(2)
    expect(scaleLazily(scaling, sample({ isSloMissed: true }), bounds).wanted).toBe(1)
  })

  test('whatever is seen, the bounds hold, and one at a time', () => {
    const samples = record({
      requestsPerSecond: double({ min: 0, max: 1e6, noNaN: true }),
      instances: integer({ min: 0, max: 6 }),
      capacityPerSecond: double({ min: 0, max: 100, noNaN: true }),
      isSloMissed: boolean(),
      isVerticalExhausted: boolean(),
    })
    check(
      property(array(samples, { maxLength: 200 }), integer({ min: 0, max: 4 }), (seen, min) => {
        let scaling = start(Math.max(1, min))
        for (const each of seen) {
          const next = scaleLazily(scaling, each, { min, max: 4 })
          expect(next.wanted).toBeGreaterThanOrEqual(min)
          expect(next.wanted).toBeLessThanOrEqual(4)
          expect(Math.abs(next.wanted - scaling.wanted)).toBeLessThanOrEqual(1)
          expect(next.samples.length).toBeLessThanOrEqual(40)
          scaling = next
        }
      }),
    )
  })
})

describe('windows of idle time', () => {
  test('are the means of what the long and the short window say', () => {
    const gaps = [
      { endedAtMs: 400_000, ms: 100_000 },
      { endedAtMs: 950_000, ms: 40_000 },
    ]
    expect(idleWindows(gaps, 1_000_000)).toEqual({ preWarmMs: 40_000, keepAliveMs: (100_000 + 40_000) / 2 })
    expect(idleWindows(gaps, 2_000_000)).toEqual({ preWarmMs: 0, keepAliveMs: 200_000 })
  })

  test('an instance goes only for an absence that is worth a start, and is back before the next request', () => {
    const rare = { preWarmMs: 100_000, keepAliveMs: 150_000 }
    expect([10_000, 50_000, 100_000, 150_000, 150_001].map((idleMs) => isWarm(idleMs, rare))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
    const often = { preWarmMs: 5_000, keepAliveMs: 60_000 }
    expect([10_000, 50_000, 60_000, 60_001].map((idleMs) => isWarm(idleMs, often))).toEqual([true, true, true, false])
  })
})

describe('a region', () => {
  const serving = (requests: number, count = 1, fields: Partial<ServingFunction> = {}): ServingFunction => ({
    functionId: 'f-1',
    bounds,
    sloMs: 100,
    instances: Array.from({ length: count }, (_, i) => ({
      instanceId: `f-1/a/${i}`,
      attempt: 1,
      isReady: true,
      requests: requests / count,
      latencyMs: 10,
      requestsPerSecond: 1,
      capacityPerSecond: 10,
      isVerticalExhausted: false,
    })),
    ...fields,
  })

  test('asks for more where requests stay above what is answered, and for fewer later', () => {
    const scaler = new FunctionScaler()
    let requests = 0
    let at = 0
    const run = (seconds: number, load: number): void => {
      for (let i = 0; i < seconds; i++)
        scaler.sample([serving((requests += load), scaler.wanted()['f-1'] ?? 1, { autoscaler: 'dilu' })], (at += 1_000))
    }
    run(1, 0)
    run(21, 15)
    expect(scaler.wanted()).toEqual({ 'f-1': 2 })
    run(40, 0)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
    expect(scaler.because('f-1')).toContain('fewer requests than 1 instances answer')
  })

  test('by default is no later with more, and longer sure before there are fewer', () => {
    const scaler = new FunctionScaler()
    let requests = 0
    let at = 0
    const run = (seconds: number, load: number): void => {
      for (let i = 0; i < seconds; i++)
        scaler.sample([serving((requests += load), scaler.wanted()['f-1'] ?? 1)], (at += 1_000))
    }
    run(1, 0)
    run(20, 15)
    expect(scaler.wanted()).toEqual({ 'f-1': 2 })
    run(40, 0)
    expect(scaler.wanted()).toEqual({ 'f-1': 2 })
    // The new one tells a hundred requests at once, as this test shares them out.
    run(20, 0)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
    expect(scaler.because('f-1')).toMatch(/requests a second at most in 40 s, which 1 cover/)
  })

  test('goes on from the instances that it finds, so that an agent that starts again changes nothing', () => {
    const scaler = new FunctionScaler()
    scaler.sample([serving(0, 3)], 1_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 3 })
  })

  test('keeps the last one for a while without requests, where none is allowed', () => {
    const scaler = new FunctionScaler()
    const none = { bounds: { min: 0, max: 2 } }
    for (let at = 0; at <= 200_000; at += 1_000) scaler.sample([serving(0, 1, none)], at)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
    scaler.sample([serving(0, 1, none)], 201_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 0 })
  })

  test('a run that begins anew counts from nothing, not below it', () => {
    const scaler = new FunctionScaler()
    scaler.sample([serving(100)], 1_000)
    scaler.sample([serving(5)], 2_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
  })
})
