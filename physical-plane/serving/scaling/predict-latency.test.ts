import { array, assert as check, constantFrom, double, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Shape } from './autoscaler.ts'
import { latencyModelOf, type ProfiledLatency } from './predict-latency.ts'

const shape = (smMilli: number, requestMilli: number): Shape => ({ smMilli, requestMilli, limitMilli: 1_000 })
const point = (fields: Partial<ProfiledLatency> = {}): ProfiledLatency => {
  return { deviceModel: 'v100', batch: 1, smMilli: 1_000, quotaMilli: 1_000, latencyMs: 10, ...fields }
}
const levels = [50, 100, 250, 500, 1_000]
const anyPoint = record({
  deviceModel: constantFrom('v100'),
  batch: constantFrom(1, 2, 8),
  smMilli: constantFrom(...levels),
  quotaMilli: constantFrom(...levels),
  latencyMs: double({ min: 0.1, max: 10_000, noNaN: true }),
})
const anyPart = record({ smMilli: integer({ min: 1, max: 1_000 }), quotaMilli: integer({ min: 1, max: 1_000 }) })

describe('latency from a profile', () => {
  const corners = latencyModelOf([
    point({ smMilli: 100, quotaMilli: 100, latencyMs: 160 }),
    point({ smMilli: 100, quotaMilli: 400, latencyMs: 40 }),
    point({ smMilli: 400, quotaMilli: 100, latencyMs: 80 }),
    point({ smMilli: 400, quotaMilli: 400, latencyMs: 20 }),
  ])

  test('lies between its neighbours in logarithms', () => {
    expect(corners('v100', 1, shape(100, 200))).toBeCloseTo(80, 9)
    expect(corners('v100', 1, shape(200, 100))).toBeCloseTo(Math.sqrt(160 * 80), 9)
    expect(corners('v100', 1, shape(200, 200))).toBeCloseTo(Math.sqrt(80 * 40), 9)
  })

  test('beyond the profile: less takes longer in proportion, more gains nothing', () => {
    expect(corners('v100', 1, shape(50, 100))).toBeCloseTo(320, 9)
    expect(corners('v100', 1, shape(100, 50))).toBeCloseTo(320, 9)
    expect(corners('v100', 1, shape(1_000, 1_000))).toBeCloseTo(20, 9)
    expect(corners('v100', 1, shape(0, 400))).toBeCloseTo(20, 9)
  })

  test('between batches in logarithms, beyond the largest in proportion, below the smallest as that', () => {
    const model = latencyModelOf([point({ batch: 2, latencyMs: 10 }), point({ batch: 8, latencyMs: 40 })])
    expect(model('v100', 4, shape(1_000, 1_000))).toBeCloseTo(20, 9)
    expect(model('v100', 16, shape(1_000, 1_000))).toBeCloseTo(80, 9)
    expect(model('v100', 1, shape(1_000, 1_000))).toBeCloseTo(10, 9)
  })

  test('nothing is known of other GPUs, unless the profile names none', () => {
    expect(corners('a100', 1, shape(100, 100))).toBe(null)
    expect(latencyModelOf([])('v100', 1, shape(100, 100))).toBe(null)
    expect(latencyModelOf([point({ deviceModel: '' })])('a100', 1, shape(0, 1_000))).toBeCloseTo(10, 9)
  })

  test('is refused by field where it can not be', () => {
    expect(() => latencyModelOf([point({ latencyMs: 0 })])).toThrow('profile[0].latencyMs: 0 is not a positive number')
    expect(() => latencyModelOf([point(), point({ batch: 1.5 })])).toThrow('profile[1].batch: 1.5')
    expect(() => latencyModelOf([point({ quotaMilli: 0 })])).toThrow('profile[0].quotaMilli')
    expect(() => latencyModelOf([point({ smMilli: 1_001 })])).toThrow('profile[0].smMilli')
    expect(() => latencyModelOf([point({ latencyMs: Number.NaN })])).toThrow('profile[0].latencyMs')
  })

  test('is positive, and never longer with more of a device, whatever was profiled', () => {
    check(
      property(array(anyPoint, { minLength: 1, maxLength: 40 }), anyPart, anyPart, (points, one, two) => {
        const model = latencyModelOf(points)
        for (const batch of [1, 2, 3, 16]) {
          const less = shape(Math.min(one.smMilli, two.smMilli), Math.min(one.quotaMilli, two.quotaMilli))
          const more = shape(Math.max(one.smMilli, two.smMilli), Math.max(one.quotaMilli, two.quotaMilli))
          const slow = model('v100', batch, less)!
          const fast = model('v100', batch, more)!
          expect(fast).toBeGreaterThan(0)
          expect(fast).toBeLessThanOrEqual(slow * (1 + 1e-9))
        }
      }),
    )
  })

  test('is what was profiled, where that never gets longer with more, also with holes', () => {
    const falls = record({
      sm: double({ min: 0.1, max: 2, noNaN: true }),
      quota: double({ min: 0.1, max: 2, noNaN: true }),
    })
    check(
      property(falls, array(anyPoint, { minLength: 1, maxLength: 20 }), ({ sm, quota }, places) => {
        const points = places.map((place) => {
          const latencyMs = place.batch * (1_000 / place.smMilli) ** sm * (1_000 / place.quotaMilli) ** quota
          return { ...place, latencyMs }
        })
        const model = latencyModelOf(points)
        for (const { batch, smMilli, quotaMilli, latencyMs } of points) {
          const predicted = model('v100', batch, shape(smMilli, quotaMilli))!
          expect(Math.abs(predicted / latencyMs - 1)).toBeLessThan(1e-9)
        }
      }),
    )
  })
})
