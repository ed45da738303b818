import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodedBytes, kept } from './encoded-bytes.ts'
import { codecNames } from './settings.ts'

describe('whole models', () => {
  // Megabytes, as the literature on WAN training gives them.
  test.each([
    ['LeNet-5', 61_706, [0.25, 0.12, 0.063, 0.032], 2],
    ['ResNet-18', 11_173_962, [44.7, 22.3, 11.3, 5.8], 1],
    ['GPT-2 small', 124_439_808, [498, 249, 126, 64], 0],
  ] as const)('%s', (_, elements, megabytes, digits) => {
    const found = (['fp32', 'fp16', 'int8', 'int4'] as const).map((codec) => encodedBytes(codec, elements, 1) / 1e6)
    for (const [index, wanted] of megabytes.entries()) expect(found[index]).toBeCloseTo(wanted, digits - 0.3)
  })

  test('top-k of 1 % of ResNet-18 weighs less than with 32-bit indices', () => {
    expect(encodedBytes('top-k', 11_173_962, 0.01)).toBeLessThan(0.67e6)
  })
})

test('pieces are counted to the byte', () => {
  expect(codecNames.map((codec) => encodedBytes(codec, 0, 0.01))).toEqual([0, 0, 0, 0, 0, 0, 0])
  expect(codecNames.map((codec) => encodedBytes(codec, 1, 0.01))).toEqual([4, 2, 2, 5, 5, 4, 7])
  expect(codecNames.map((codec) => encodedBytes(codec, 257, 0.01))).toEqual([1028, 514, 514, 265, 137, 12, 11])
  // 41 of a whole chunk and 1 of the element behind it.
  expect(codecNames.map((codec) => encodedBytes(codec, 4097, 0.01))).toEqual([16_388, 8194, 8194, 4165, 2117, 168, 104])
})

test('at least one element and at most all of them are kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.double({ min: 1e-6, max: 1, noNaN: true }), (length, density) => {
      const k = kept(length, density)
      expect(k).toBeGreaterThanOrEqual(1)
      expect(k).toBeLessThanOrEqual(length)
      expect(k).toBeGreaterThanOrEqual(density * length)
    }),
  )
})
