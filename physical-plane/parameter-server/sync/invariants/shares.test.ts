import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inShares, reduce } from '../apply/reduce.ts'
import { stalenessFactor } from '../apply/staleness.ts'
import { distance, inFloat64 } from './laboratory.ts'

const { kernels } = inFloat64
type Member = { readonly region: string; readonly weight: number; readonly values: Float64Array }

const anyMember = fc.record({
  weight: fc.nat({ max: 1000 }),
  values: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 }),
})
const anyMembers = fc.array(anyMember, { minLength: 1, maxLength: 6 }).map((members) => {
  return members.map(({ weight, values }, r): Member => ({
    region: `region-${r}`,
    weight,
    values: Float64Array.from(values),
  }))
})

describe('I17: shares of those who arrived', () => {
  test('sum to 1, in ascending region id, whatever order they came in', () => {
    fc.assert(
      fc.property(anyMembers, fc.integer(), (members, seed) => {
        const shares = inShares(members)
        expect(Math.abs(shares.reduce((sum, { weight }) => sum + weight, 0) - 1)).toBeLessThan(1e-12)
        const shuffled = [...members].sort((a, b) => ((a.weight * seed) % 7) - ((b.weight * seed) % 7))
        expect(inShares(shuffled)).toEqual(shares)
      }),
    )
  })

  test('an absent region contributes nothing, not a vector of zeros', () => {
    fc.assert(
      fc.property(anyMembers, (members) => {
        const all = inShares(members)
        const here = members.slice(1)
        fc.pre(here.some(({ weight }) => weight > 0))
        const without = mean(inShares(here))
        const total = here.reduce((sum, { weight }) => sum + weight, 0)
        const expected = [0, 1, 2].map((i) =>
          here.reduce((sum, { values, weight }) => sum + (weight / total) * values[i]!, 0),
        )
        expect(distance(without, expected)).toBeLessThan(1e-12)
        // Zeros in its place would pull the mean towards 0.
        const zeroed = mean(all.map((member, i) => (i === 0 ? { ...member, values: new Float64Array(3) } : member)))
        const pulled = expected.map((value) => value * (1 - all[0]!.weight))
        expect(distance(zeroed, pulled)).toBeLessThan(1e-11)
      }),
    )
  })

  test('equal contributions give the same result for any quorum, to the bit', () => {
    const anyWeights = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        anyWeights,
        fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 5 }),
        (weights, values) => {
          const contribution = Float32Array.from(values)
          const members = weights.map((weight, r) => ({
            region: `region-${r}`,
            weight,
            values: Float64Array.from(contribution),
          }))
          expect(Float32Array.from(mean(inShares(members)))).toEqual(contribution)
        },
      ),
    )
  })

  test('who has no weight adds nothing, unless nobody has any: then all count the same', () => {
    const one = { region: 'a', weight: 0, values: Float64Array.of(1, 1, 1) }
    const other = { region: 'b', weight: 0, values: Float64Array.of(3, 3, 3) }
    expect(Array.from(mean(inShares([one, { ...other, weight: 5 }])))).toEqual([3, 3, 3])
    expect(Array.from(mean(inShares([one, other])))).toEqual([2, 2, 2])
  })

  test('a region twice, a negative weight and nobody at all are refused', () => {
    const one = { region: 'a', weight: 1, values: new Float64Array(1) }
    expect(() => inShares([one, one])).toThrow('region a contributes twice')
    expect(() => inShares([{ ...one, weight: -1 }])).toThrow('weight -1')
    expect(() => inShares([{ ...one, weight: Number.NaN }])).toThrow('weight NaN')
    expect(() => reduce(kernels, new Float64Array(1), [])).toThrow('a round of nobody')
    expect(() => reduce(kernels, new Float64Array(1), [{ ...one, region: 'b' }, one])).toThrow('members must ascend')
  })
})

describe('staleness', () => {
  test('makes an update count less, and nothing beyond the limit', () => {
    const factor = (steps: number, stalenessExponent: number, stalenessMax = 0): number | null =>
      stalenessFactor(steps, { stalenessExponent, stalenessMax })
    expect([0, 1, 3].map((steps) => factor(steps, 1))).toEqual([1, 0.5, 0.25])
    expect([0, 3, 8].map((steps) => factor(steps, 0.5))).toEqual([1, 0.5, 1 / 3])
    expect([0, 100].map((steps) => factor(steps, 0))).toEqual([1, 1])
    expect([10, 11].map((steps) => factor(steps, 0, 10))).toEqual([1, null])
    expect(factor(-1, 1)).toBe(1)
  })
})

function mean(members: readonly Member[]): Float64Array {
  const target = new Float64Array(members[0]!.values.length)
  reduce(kernels, target, members)
  return target
}
