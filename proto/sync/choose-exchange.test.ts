import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseExchange, delaySteps, stepsNeeded, type Choice, type Situation } from './choose-exchange.ts'
import { staleSparseMax } from './config.ts'
import { resolveSync, type GivenSync } from './resolve-sync.ts'
import { codecNames, type SyncSettings } from './settings.ts'

const settingsOf = (given: GivenSync): SyncSettings => {
  const { settings, violations } = resolveSync({ strategy: 'auto', ...given }, { regions: 2 })
  expect(violations).toEqual([])
  return settings
}

const over = (bytesPerSecond: number, delaySeconds = 0.03) => {
  return (bytes: number): number => delaySeconds + bytes / bytesPerSecond
}

const choose = (given: GivenSync, situation: Partial<Situation> = {}): Choice =>
  chooseExchange(settingsOf(given), {
    isOverlapped: true,
    elements: 11_000_000,
    stepSeconds: 0.15,
    exchangeSeconds: over(12.5e6),
    standing: null,
    ...situation,
  })

const anySeconds = fc.double({ min: 1e-4, max: 1e3, noNaN: true })
const anyUtilisation = fc.double({ min: 0.05, max: 0.99, noNaN: true })

describe('I16: the steps of an interval', () => {
  const share = (steps: number, seconds: number, step: number): number => (steps * step) / (steps * step + seconds)

  test('where they wait, take their share of the time, and one step less does not', () => {
    fc.assert(
      fc.property(anySeconds, anySeconds, anyUtilisation, (seconds, step, utilisation) => {
        const steps = stepsNeeded(seconds, step, { isOverlapped: false, utilisation })
        expect(share(steps, seconds, step)).toBeGreaterThanOrEqual(utilisation - 1e-12)
        expect(share(steps - 1, seconds, step)).toBeLessThan(utilisation)
      }),
    )
  })

  test('where they go on, leave the exchange its share of the interval, and one step less does not', () => {
    fc.assert(
      fc.property(anySeconds, anySeconds, anyUtilisation, (seconds, step, utilisation) => {
        const steps = stepsNeeded(seconds, step, { isOverlapped: true, utilisation })
        expect(seconds).toBeLessThanOrEqual(utilisation * steps * step * (1 + 1e-12))
        expect(seconds).toBeGreaterThan(utilisation * (steps - 1) * step)
      }),
    )
  })

  test('rise as overlapped exchanges shall take less of the link', () => {
    const steps = [0.95, 0.5, 0.25].map((utilisation) => choose({ fragments: 1, intervalMin: 1, utilisation }).steps)
    expect(steps).toEqual([7, 13, 25])
    fc.assert(
      fc.property(anyUtilisation, anyUtilisation, (one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)]
        // One codec, so that only the interval can answer.
        const at = (utilisation: number): Choice => choose({ codec: 'top-k', fragments: 1, utilisation })
        expect(at(low).needed).toBeGreaterThanOrEqual(at(high).needed)
      }),
    )
  })
})

describe('the choice', () => {
  test('of one fragment leaves the exchange its share of the interval', () => {
    // 11.2 MB at 12.5 MB/s and 30 ms take 6.2 steps of 0.15 s.
    expect(choose({ fragments: 1, intervalMin: 1 })).toMatchObject({ codec: 'int8', fragments: 1, steps: 7 })
  })

  test('of several leaves each of them time to come back', () => {
    // 2.8 MB take 1.7 steps, so one leaves every third step.
    expect(choose({ intervalMin: 4 })).toMatchObject({ codec: 'int8', fragments: 4, steps: 3 })
  })

  test('stays within its bounds: first fewer fragments, then fewer bytes', () => {
    const at = (rate: number): Choice => choose({ intervalMin: 20, intervalMax: 40 }, { exchangeSeconds: over(rate) })
    expect(at(12.5e6)).toMatchObject({ codec: 'int8', fragments: 4, steps: 5 })
    expect(at(2.1e6)).toMatchObject({ codec: 'int8', fragments: 2, steps: 19 })
    expect(at(1.2e6).codec).toBe('int4')
    expect(at(2e5).codec).toBe('top-k')
  })

  test('says by how much steps will wait, where nothing fits that is fresh enough', () => {
    const stalling = choose({ intervalMin: 20, intervalMax: 40 }, { exchangeSeconds: over(1e3) })
    expect(stalling).toMatchObject({ codec: 'int4', fragments: 1, steps: 40 })
    expect(stalling.needed).toBeGreaterThan(40)
  })

  test('is the shortest interval allowed, with exact messages, on links that carry these', () => {
    const good = { exchangeSeconds: over(1e9, 0.001) }
    expect(choose({}, good)).toMatchObject({ codec: 'fp32', fragments: 4, steps: 4 })
    expect(choose({ codec: 'top-k' }, good)).toMatchObject({ codec: 'top-k', fragments: 4, steps: 4 })
  })
})

describe('on a link that wobbles', () => {
  const anyGiven = fc.record({
    codec: fc.constantFrom(...codecNames.filter((name) => name !== 'sparse-loco')),
    fragments: fc.integer({ min: 1, max: 8 }),
    intervalMin: fc.integer({ min: 8, max: 60 }),
    intervalMax: fc.integer({ min: 60, max: 300 }),
    density: fc.constantFrom(0.01, 0.1),
  })
  const anyLink = fc.record({
    bytesPerSecond: fc.double({ min: 3, max: 8, noNaN: true }).map((exponent) => 10 ** exponent),
    delaySeconds: fc.constantFrom(0, 0.03, 0.3, 3),
  })
  const anyWobble = fc.array(fc.double({ min: 1, max: 1.19, noNaN: true }), { minLength: 2, maxLength: 30 })

  test('nothing that was left for something else is taken again', () => {
    fc.assert(
      fc.property(anyGiven, anyLink, anyWobble, (given, { bytesPerSecond, delaySeconds }, wobble) => {
        const seconds = over(bytesPerSecond, delaySeconds)
        let standing: Choice | null = null
        const kinds: string[] = []
        for (const factor of wobble) {
          standing = choose(given, { exchangeSeconds: (bytes) => factor * seconds(bytes), standing })
          const kind = `${standing.fragments} × ${standing.codec}`
          if (kinds.at(-1) !== kind) kinds.push(kind)
        }
        expect(new Set(kinds).size).toBe(kinds.length)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    {
      fact: 'near the longest interval the number of fragments stays',
      given: { intervalMax: 64 },
      exchangeSeconds: over(1e9, 2.25),
      kinds: ['4 × int8', '3 × int8'],
    },
    {
      fact: 'near what staleness allows the codec stays',
      given: { intervalMax: 60, fragments: 1 },
      exchangeSeconds: over(95_000, 0),
      kinds: ['1 × top-k', '1 × int4'],
    },
  ])('$fact', ({ given, exchangeSeconds, kinds }) => {
    const at = (slowness: number, standing: Choice | null): Choice =>
      choose(given, { exchangeSeconds: (bytes) => slowness * exchangeSeconds(bytes), standing })
    const kindOf = ({ fragments, codec }: Choice): string => `${fragments} × ${codec}`
    expect([at(0.9, null), at(1.1, null)].map(kindOf)).toEqual(kinds)
    const [good, bad] = [at(0.9, null), at(1.1, null)]
    expect(kindOf(at(1.1, good))).toBe(kinds[1])
    expect(kindOf(at(0.9, bad))).toBe(kinds[1])
    expect(kindOf(at(0.7, bad))).toBe(kinds[0])
  })

  test('sparse messages are never much delayed', () => {
    fc.assert(
      fc.property(anyGiven, anyLink, anyLink, (given, before, { bytesPerSecond, delaySeconds }) => {
        const density = given.density
        const first = choose(given, { exchangeSeconds: over(before.bytesPerSecond, before.delaySeconds) })
        const next = choose(given, { exchangeSeconds: over(bytesPerSecond, delaySeconds), standing: first })
        if (next.codec !== 'top-k' || given.codec === 'top-k') return
        expect((delaySteps(next.seconds, 0.15) + 1) * (1 - density)).toBeLessThanOrEqual(staleSparseMax)
      }),
    )
  })
})
