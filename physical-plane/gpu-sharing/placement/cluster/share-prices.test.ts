import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sharePrices, worthByFree } from './share-prices.ts'

const sizes = fc.uniqueArray(
  fc.record({ milli: fc.integer({ min: 5, max: 100 }).map((n) => n * 10), count: fc.integer({ min: 1, max: 500 }) }),
  { selector: ({ milli }) => milli, minLength: 1, maxLength: 12 },
)

test('where few small shares come, a large one costs a whole GPU and they cost nothing', () => {
  const prices = sharePrices([
    { milli: 810, count: 1_000 },
    { milli: 160, count: 70 },
    { milli: 50, count: 7 },
  ])
  expect(prices).toEqual([
    { milli: 810, gpus: 1 },
    { milli: 160, gpus: 0 },
    { milli: 50, gpus: 0 },
  ])
  const worth = worthByFree(prices)
  expect([worth[1_000], worth[810], worth[809], worth[190]]).toEqual([1, 1, 0, 0])
})

test('where many small shares come, they carry their part of the GPU', () => {
  const [large, small] = sharePrices([
    { milli: 700, count: 10 },
    { milli: 300, count: 1_000 },
  ])
  expect(large!.gpus).toBeCloseTo(2 / 3)
  expect(small!.gpus).toBeCloseTo(1 / 3)
})

test('halves that lose little are worth more than pairs that lose much', () => {
  const worth = worthByFree(
    sharePrices([
      { milli: 470, count: 750 },
      { milli: 320, count: 75 },
    ]),
  )
  // 470 beside 470 uses all that is worth anything; 320 in its place strands a sixth of a GPU.
  expect(worth[530]).toBeCloseTo(0.5)
  expect(worth[530]! - worth[210]!).toBeGreaterThan(1 / 3)
})

test('no GPU can be cut into more than one GPU is worth, and whole ones cost what they are', () => {
  fc.assert(
    fc.property(sizes, (demands) => {
      const prices = sharePrices(demands)
      expect(worthByFree(prices)[1_000]).toBeCloseTo(1, 6)
      for (const whole of prices.filter(({ milli }) => milli === 1_000)) expect(whole.gpus).toBeCloseTo(1, 9)
    }),
  )
})

test('the prices of all shares add up to at least their size, and to no more GPUs than first fit needs', () => {
  fc.assert(
    fc.property(sizes, (demands) => {
      const prices = new Map(sharePrices(demands).map(({ milli, gpus }) => [milli, gpus]))
      const total = demands.reduce((sum, { milli, count }) => sum + count * prices.get(milli)!, 0)
      const size = demands.reduce((sum, { milli, count }) => sum + (count * milli) / 1_000, 0)
      expect(total).toBeGreaterThanOrEqual(size - 1e-6)
      expect(total).toBeLessThanOrEqual(firstFit(demands) + 1e-6)
    }),
    { numRuns: 50 },
  )
})

function firstFit(demands: readonly { readonly milli: number; readonly count: number }[]): number {
  const free: number[] = []
  for (const { milli, count } of demands.toSorted((a, b) => b.milli - a.milli))
    for (let left = count; left > 0; left -= 1) {
      const at = free.findIndex((one) => one >= milli)
      if (at < 0) free.push(1_000 - milli)
      else free[at]! -= milli
    }
  return free.length
}
