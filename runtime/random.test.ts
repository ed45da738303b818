import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom, systemRandom } from './random.ts'

describe('random', () => {
  test('the same seed gives the same sequence, another seed another', () => {
    const sequence = (seed: number): number[] => {
      const random = seededRandom(seed)
      return Array.from({ length: 20 }, () => random.next())
    }
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        expect(sequence(seed)).toEqual(sequence(seed))
        expect(sequence(seed)).not.toEqual(sequence(seed + 1))
      }),
    )
  })

  test('next is in [0, 1) and integers are in [0, limit)', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1_000 }), (seed, limit) => {
        const random = seededRandom(seed)
        for (let i = 0; i < 20; i++) {
          const value = random.next()
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThan(1)
          expect(random.integer(limit)).toSatisfy((n: number) => Number.isInteger(n) && n >= 0 && n < limit)
        }
      }),
    )
  })

  test('values spread evenly over ten bins', () => {
    const random = seededRandom(7)
    const bins = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 10_000; i++) bins[random.integer(10)]! += 1
    // Nine degrees of freedom: above 27.9 has a chance of one in a thousand, and the seed is fixed.
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
    expect(chiSquared).toBeLessThan(27.9)
  })

  test.each([
    ['seeded', seededRandom(1)],
    ['system', systemRandom()],
  ])('%s UUIDs are version 4 and differ', (_name, random) => {
    const ids = Array.from({ length: 200 }, () => random.uuid())
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(ids).size).toBe(200)
  })
})
