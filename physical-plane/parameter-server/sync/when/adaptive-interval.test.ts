import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delaySteps } from '#proto/sync/choose-exchange.ts'
import { staleSparseMax } from '#proto/sync/config.ts'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { exchangeTime } from '#proto/sync/exchange-time.ts'
import { aLink, links } from '#proto/sync/links.fixture.ts'
import { codecNames, type SyncSettings } from '#proto/sync/settings.ts'
import type { RoundPlan } from '../../rounds/types.ts'
import { planAdaptively, type AdaptiveInput } from './adaptive-interval.ts'
import { anInput, someSettings } from './settings.fixture.ts'

const overlapped = true
const blocking = false

function plan(
  settings: Partial<SyncSettings>,
  input: Partial<AdaptiveInput> = {},
  previous: RoundPlan | null = null,
  isOverlapped = overlapped,
): RoundPlan {
  return planAdaptively(someSettings(settings), isOverlapped, anInput(input), previous)
}

describe('an interval for ResNet-18 at 100 Mbit/s and 30 ms, 0.15 s per step', () => {
  // The published table of this project's reference: fp32 25 and 457, int8 7 and 119.
  test.each([
    ['fp32', overlapped, 0.9999, 25],
    ['int8', overlapped, 0.9999, 7],
    ['fp32', blocking, 0.95, 457],
    ['int8', blocking, 0.95, 119],
  ] as const)('%s, overlapped: %s, at a utilisation of %d', (codec, isOverlapped, utilisation, interval) => {
    expect(plan({ codec, utilisation }, {}, null, isOverlapped).intervals).toEqual({ a: interval, b: interval })
  })

  test('the reason has the numbers', () => {
    expect(plan({ codec: 'int8' }).reason).toBe(
      'a round every 7 local steps: 11.3 MB in int8 take 0.938 s (a to b at 100 Mbit/s and 30 ms), 6.25 steps of 0.15 s; 7 would do',
    )
  })
})

describe('I16: the interval', () => {
  test('does not rise with bandwidth, nor fall with bytes', () => {
    const anyRate = fc.double({ min: 1, max: 10_000, noNaN: true })
    const anyElements = fc.integer({ min: 1000, max: 50_000_000 })
    const anyFragments = fc.integer({ min: 1, max: 4 })
    fc.assert(
      fc.property(
        anyRate,
        anyRate,
        anyElements,
        anyElements,
        anyFragments,
        fc.boolean(),
        (rate, other, elements, more, fragments, isOverlapped) => {
          // One codec and no ladder: intervals of different codecs cannot be compared.
          const settings = { codec: 'sparse-loco', fragments, intervalMax: 1e9, density: 0.5 } as const
          const steps = (mbit: number, count: number): number => {
            const input = { links: links(['a', 'b'], mbit, 0), elements: count }
            return Object.values(plan(settings, input, null, isOverlapped && fragments === 1).intervals)[0]!
          }
          expect(steps(Math.max(rate, other), elements)).toBeLessThanOrEqual(steps(Math.min(rate, other), elements))
          expect(steps(rate, Math.max(elements, more))).toBeGreaterThanOrEqual(steps(rate, Math.min(elements, more)))
        },
      ),
    )
  })

  const anySettings = fc.record({
    codec: fc.constantFrom(...codecNames),
    fragments: fc.integer({ min: 1, max: 8 }),
    intervalMin: fc.integer({ min: 1, max: 50 }),
    intervalMax: fc.integer({ min: 50, max: 500 }),
    interval: fc.integer({ min: 0, max: 700 }),
    pacing: fc.constantFrom('proportional' as const, 'even' as const),
  })
  const anyWorld = fc.record({
    mbit: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
    roundTripMs: fc.double({ min: 0, max: 500, noNaN: true }),
    elements: fc.integer({ min: 1, max: 20_000_000 }),
    speeds: fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 4 }),
  })
  const inputOf = ({
    mbit,
    roundTripMs,
    elements,
    speeds,
  }: typeof anyWorld extends fc.Arbitrary<infer T> ? T : never): AdaptiveInput => {
    const regions = speeds.map((_, i) => `region-${i}`)
    const stepsPerSecond = Object.fromEntries(regions.map((region, i) => [region, speeds[i]!]))
    return { regions, hub: 'region-0', elements, stepsPerSecond, links: links(regions, mbit, roundTripMs) }
  }

  test('stays inside its bounds, in every region and for every fragment', () => {
    fc.assert(
      fc.property(anySettings, anyWorld, fc.boolean(), (settings, world, isOverlapped) => {
        const { intervals, fragments } = plan(settings, inputOf(world), null, isOverlapped)
        const fastest = Math.max(...Object.values(intervals))
        // Rounds come after whole steps, so a few steps of the interval may be left over.
        expect(fastest * fragments).toBeGreaterThan(settings.intervalMin - fragments)
        expect(fastest * fragments).toBeLessThanOrEqual(Math.max(settings.intervalMax, fragments))
        for (const steps of Object.values(intervals)) expect(Number.isInteger(steps) && steps >= 1).toBe(true)
      }),
    )
  })

  test('keeps its plan while nothing changes, and by a fifth of the interval at most', () => {
    fc.assert(
      fc.property(anySettings, anyWorld, anyWorld, fc.boolean(), (settings, world, later, isOverlapped) => {
        const first = plan(settings, inputOf(world), null, isOverlapped)
        expect(plan(settings, inputOf(world), first, isOverlapped)).toBe(first)
        const next = plan(settings, inputOf({ ...later, speeds: world.speeds }), first, isOverlapped)
        if (next === first) return
        expect(next.version).toBe(first.version + 1)
        const moved = Object.keys(next.intervals).some((region) => {
          return Math.abs(next.intervals[region]! - first.intervals[region]!) > 0.2 * first.intervals[region]!
        })
        expect(moved || next.codec !== first.codec || next.fragments !== first.fragments).toBe(true)
      }),
    )
  })

  test('does not change inside the hysteresis band, and does outside', () => {
    const first = plan({ codec: 'fp32' })
    expect(first.intervals['a']).toBe(26)
    expect(plan({ codec: 'fp32' }, { links: links(['a', 'b'], 86, 30) }, first)).toBe(first)
    const slower = plan({ codec: 'fp32' }, { links: links(['a', 'b'], 75, 30) }, first)
    expect(slower).toMatchObject({ version: 2, intervals: { a: 34, b: 34 } })
  })

  test('leaves time for each fragment to come back before the next one leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), anyWorld, (fragments, world) => {
        const input = inputOf(world)
        const made = plan({ fragments, intervalMax: 1e9 }, input)
        if (input.regions.length < 2 || made.fragments === 1 || world.speeds.every((speed) => speed === 0)) return
        const bytes = encodedBytes(made.codec, Math.ceil(world.elements / made.fragments), made.density)
        const stepSeconds = 1 / Math.max(...world.speeds)
        const tau = delaySteps(exchangeTime(input, bytes)!.seconds, stepSeconds)
        expect(Math.max(...Object.values(made.intervals))).toBeGreaterThan(tau)
      }),
    )
  })
})

describe('the codec', () => {
  const at = (mbit: number, settings: Partial<SyncSettings> = {}, previous: RoundPlan | null = null): RoundPlan => {
    return plan({ intervalMax: 64, ...settings }, { links: links(['a', 'b'], mbit, 30) }, previous)
  }

  test('goes down the ladder when the interval would exceed its maximum', () => {
    expect([1000, 30, 15, 8, 6, 1].map((mbit) => at(mbit, { codec: 'fp32' }).codec)).toEqual([
      'fp32',
      'fp16',
      'int8',
      'int4',
      'int4',
      'top-k',
    ])
  })

  test('begins at the one asked for and is never finer', () => {
    expect([500, 100, 15].map((mbit) => at(mbit, { codec: 'int8' }).codec)).toEqual(['int8', 'int8', 'int8'])
  })

  test('is exact where even that fits into the minimal interval', () => {
    expect(at(1000, { intervalMin: 16 })).toMatchObject({ codec: 'fp32', intervals: { a: 16, b: 16 } })
    expect(at(100, { intervalMin: 16 })).toMatchObject({ codec: 'int8', intervals: { a: 16, b: 16 } })
  })

  test('stays sparse where the job asks for a sparse one', () => {
    expect(at(10_000, { codec: 'sparse-loco' }).codec).toBe('sparse-loco')
    expect(at(0.01, { codec: 'top-k' }).codec).toBe('top-k')
  })

  test('goes back up only with room to spare', () => {
    const coarse = at(9, { codec: 'int8' })
    expect(coarse.codec).toBe('int4')
    const barely = at(10, { codec: 'int8' })
    expect(barely.codec).toBe('int8')
    expect(at(10, { codec: 'int8' }, coarse).codec).toBe('int4')
    expect(at(13, { codec: 'int8' }, coarse).codec).toBe('int8')
  })

  test('takes fewer fragments before a coarser one', () => {
    // Four fragments need 4 × 12 steps for their delays alone.
    const slow = links(['a', 'b'], 1000, 1500)
    const made = plan({ codec: 'int8', fragments: 4, intervalMax: 40 }, { links: slow })
    expect(made.codec).toBe('int8')
    expect(made.fragments).toBe(3)
  })

  test('is never sparse and much delayed at once', () => {
    const anyLink = fc.record({
      mbit: fc.double({ min: 0.05, max: 5, noNaN: true }),
      delayMs: fc.integer({ min: 0, max: 3000 }),
    })
    fc.assert(
      fc.property(anyLink, fc.integer({ min: 1, max: 4 }), ({ mbit, delayMs }, fragments) => {
        const input = anInput({ links: links(['a', 'b'], mbit, delayMs) })
        const made = planAdaptively(someSettings({ intervalMax: 64, fragments }), overlapped, input, null)
        if (made.codec !== 'top-k') return
        const bytes = encodedBytes('top-k', Math.ceil(input.elements / made.fragments), made.density)
        const tau = delaySteps(exchangeTime(input, bytes)!.seconds, 0.15)
        expect((tau + 1) * (1 - made.density)).toBeLessThanOrEqual(staleSparseMax)
      }),
    )
  })

  test('says so where steps will wait for the link', () => {
    const made = plan({ intervalMax: 64 }, { links: links(['a', 'b'], 0.5, 3000) })
    expect(made).toMatchObject({ codec: 'int4', intervals: { a: 64, b: 64 } })
    expect(made.reason).toMatch(/more than interval_max 64 allows, so steps wait$/)
  })
})

describe('what is not known', () => {
  test('begins with what the job asks for, or with 16', () => {
    const unknown = { links: [], stepsPerSecond: {} }
    expect(plan({}, unknown)).toMatchObject({ version: 1, codec: 'int8', intervals: { a: 16, b: 16 } })
    expect(plan({ interval: 40, fragments: 4 }, unknown).intervals).toEqual({ a: 10, b: 10 })
    expect(plan({}, unknown).reason).toBe('a round every 16 local steps until links and steps have been measured')
  })

  test('a link back stands for a link there', () => {
    const [there] = links(['a', 'b'], 100, 30)
    expect(plan({}, { links: [there!] }).intervals).toEqual({ a: 7, b: 7 })
  })

  test('a link without a bandwidth is no link', () => {
    expect(plan({}, { links: [{ from: 'a', to: 'b', bytesPerSecond: 0, roundTripMs: 30 }] }).intervals['a']).toBe(16)
  })

  test('a plan stays when measurements go', () => {
    const first = plan({})
    expect(plan({}, { links: [] }, first)).toBe(first)
    expect(plan({}, { regions: ['a', 'c'], links: [] }, first)).toMatchObject({
      version: 2,
      intervals: { a: 16, c: 16 },
    })
  })

  test('a region alone waits for nobody', () => {
    const alone = plan({ intervalMin: 4 }, { regions: ['a'] })
    expect(alone.intervals).toEqual({ a: 4 })
    expect(alone.reason).toBe('a round every 4 local steps: there is no other region')
  })
})

test('the slowest link of the topology decides', () => {
  const uneven = [...links(['a', 'b'], 100, 30), ...links(['a', 'c'], 100, 30)]
  const withSlow = [...uneven.filter(({ from }) => from !== 'c'), aLink('c', 'a', 20, 80)]
  const input = { regions: ['a', 'b', 'c'], hub: 'a' }
  expect(plan({}, { ...input, links: withSlow }).reason).toContain('c to a at 20 Mbit/s and 80 ms')
  expect(plan({}, { ...input, links: withSlow }).intervals['a']).toBeGreaterThan(
    plan({}, { ...input, links: uneven }).intervals['a']!,
  )
})

test('regions make steps in proportion to their speed', () => {
  const stepsPerSecond = { a: 10, b: 5 }
  const proportional = plan({ codec: 'fp32' }, { stepsPerSecond })
  expect(proportional.intervals).toEqual({ a: 38, b: 19 })
  expect(plan({ codec: 'fp32', pacing: 'even' }, { stepsPerSecond }).intervals).toEqual({ a: 19, b: 19 })
})
