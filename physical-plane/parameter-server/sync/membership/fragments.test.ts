import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { piecesOf } from '../apply/pieces.ts'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { elementsIn, fragmentsOf } from './fragments.ts'

const anyLengths = fc
  .array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 12 })
  .filter((lengths) => lengths.some((length) => length > 0))
const layoutOf = (lengths: readonly number[]) =>
  aLayout(lengths.map((length, i) => aTensor({ name: `tensor-${i}`, shape: [length] })))

describe('fragments', () => {
  test('have every element exactly once, in even shares', () => {
    fc.assert(
      fc.property(anyLengths, fc.integer({ min: 1, max: 16 }), (lengths, count) => {
        const elements = lengths.reduce((sum, length) => sum + length, 0)
        const fragments = fragmentsOf(layoutOf(lengths), count)
        expect(fragments.length).toBe(Math.min(count, elements))
        const seen = new Uint8Array(elements)
        for (const ranges of fragments) {
          for (const { start, end } of ranges) for (let i = start; i < end; i++) seen[i]! += 1
          expect(Math.abs(elementsIn(ranges) - elements / fragments.length)).toBeLessThan(1)
          for (const [i, { start, end }] of ranges.entries()) {
            expect(start).toBeLessThan(end)
            // Ranges that touch would be one.
            expect(start).toBeGreaterThan(ranges[i - 1]?.end ?? -1)
          }
        }
        expect(seen.every((times) => times === 1)).toBe(true)
      }),
    )
  })

  test('one fragment is the whole model', () => {
    expect(fragmentsOf(layoutOf([10, 20, 5]), 1)).toEqual([[{ start: 0, end: 35 }]])
  })

  test('take layers in turn, and pieces of a layer that is larger than all others', () => {
    const even = fragmentsOf(layoutOf(Array.from({ length: 32 }, () => 10)), 4)
    expect(even[1]!.map(({ start }) => start)).toEqual([10, 50, 90, 130, 170, 210, 250, 290])
    const huge = fragmentsOf(layoutOf([8000, 8, 8]), 2)
    for (const ranges of huge) expect(ranges.length).toBeGreaterThan(4)
  })

  test('of nothing, and none at all, are refused', () => {
    for (const count of [0, -1, 1.5, Number.NaN]) expect(() => fragmentsOf(layoutOf([4]), count)).toThrow('1 or more')
  })
})

describe('pieces of a fragment', () => {
  test('lie end to end in its own vector and know buffers from parameters', () => {
    const ranges = [
      { start: 2, end: 5 },
      { start: 8, end: 12 },
      { start: 15, end: 16 },
    ]
    expect(piecesOf(ranges, 10)).toEqual([
      { start: 2, end: 5, at: 0, isBuffer: false },
      { start: 8, end: 10, at: 3, isBuffer: false },
      { start: 10, end: 12, at: 5, isBuffer: true },
      { start: 15, end: 16, at: 7, isBuffer: true },
    ])
  })

  test('cover the fragment, whatever it is cut into', () => {
    fc.assert(
      fc.property(
        anyLengths,
        fc.integer({ min: 1, max: 8 }),
        fc.nat({ max: 60_000 }),
        (lengths, count, parameterCount) => {
          for (const ranges of fragmentsOf(layoutOf(lengths), count)) {
            let at = 0
            for (const piece of piecesOf(ranges, parameterCount)) {
              expect(piece.at).toBe(at)
              expect(piece.isBuffer ? piece.start >= parameterCount : piece.end <= parameterCount).toBe(true)
              at += piece.end - piece.start
            }
            expect(at).toBe(elementsIn(ranges))
          }
        },
      ),
    )
  })
})
