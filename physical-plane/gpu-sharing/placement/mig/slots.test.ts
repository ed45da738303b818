import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrange, fullGpus, isWithin, type SliceCounts, SlicePacking, slotsIn, slotsOf } from './slots.ts'

test('what fills a GPU is what the hardware offers', () => {
  const named = fullGpus().map((counts) =>
    counts.flatMap((count, at) => Array(count).fill([7, 4, 3, 2, 1][at])).join(''),
  )
  expect(named.toSorted()).toEqual(
    ['1111111', '211111', '22111', '2221', '31111', '3211', '322', '33', '4111', '421', '43', '7'].toSorted(),
  )
})

test('a slice of three at the front closes the fourth slot, so that two of them fill a GPU', () => {
  expect(arrange([0, 0, 2, 0, 0])).toEqual([
    { size: 3, start: 4 },
    { size: 3, start: 0 },
  ])
  expect(slotsOf({ size: 3, start: 0 })).toBe(0b1111)
  expect(slotsOf({ size: 3, start: 4 })).toBe(0b1110000)
  expect(arrange([0, 0, 2, 0, 1])).toBeNull()
})

test('whatever is arranged overlaps nowhere and begins where it may', () => {
  const counts = fc.tuple(fc.nat(1), fc.nat(1), fc.nat(2), fc.nat(3), fc.nat(7))
  fc.assert(
    fc.property(counts, (given) => {
      const taken = arrange(given) ?? []
      let closed = 0
      for (const slot of taken) {
        expect(closed & slotsOf(slot)).toBe(0)
        closed |= slotsOf(slot)
        expect([{ 7: [0], 4: [0], 3: [0, 4], 2: [0, 2, 4], 1: [0, 1, 2, 3, 4, 5, 6] }[slot.size]]).toEqual([
          expect.arrayContaining([slot.start]),
        ])
      }
      expect(closed).toBeLessThan(128)
    }),
  )
})

test('slices fit on so many GPUs if and only if some hand-out of them does, and are packed whole', () => {
  const packing = new SlicePacking()
  const full = fullGpus()
  const counts: fc.Arbitrary<SliceCounts> = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(4), fc.nat(4), fc.nat(5))
  fc.assert(
    fc.property(counts, (given) => {
      const fitting = full.some((a) => full.some((b) => isWithin(given, a.map((n, at) => n + b[at]!) as never)))
      expect(packing.fits(given, 2)).toBe(fitting)
      const packed = fitting ? packing.pack(given, 2) : []
      expect(packed.every((one) => arrange(one) !== null)).toBe(true)
      expect(packed.reduce((sum, one) => sum + slotsIn(one), 0)).toBe(fitting ? slotsIn(given) : 0)
    }),
    { numRuns: 300 },
  )
})
