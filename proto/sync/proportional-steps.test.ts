import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paceSeconds, stepsByRegion } from './proportional-steps.ts'

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
          const allowed = made[region] === 1 ? Number.POSITIVE_INFINITY : (steps / fastest) * (1 + 1e-8)
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

  test('a speed that is a hundredth makes its whole step, whatever the division makes of it', () => {
    // 100 × (29 / 100) is 28.999999999999996.
    expect(stepsByRegion(100, ['a', 'b'], { a: 100, b: 29 }, 'proportional')).toEqual({ a: 100, b: 29 })
    const whole = fc.integer({ min: 1, max: 1000 })
    fc.assert(
      fc.property(whole, whole, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (one, other, unit) => {
        const [slow, fast] = [Math.min(one, other), Math.max(one, other)]
        const made = stepsByRegion(fast, ['fast', 'slow'], { fast: fast * unit, slow: slow * unit }, 'proportional')
        expect(made).toEqual({ fast, slow })
      }),
    )
  })
})

test('the fastest sets the pace where the others make fewer steps, else the slowest', () => {
  expect(paceSeconds([0, 4, 1], 'proportional')).toBe(1 / 4)
  expect(paceSeconds([0, 4, 1], 'even')).toBe(1)
  expect(paceSeconds([0, 0], 'even')).toBeNull()
})
