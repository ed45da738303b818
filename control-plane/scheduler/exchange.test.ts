import { describe, expect, test } from 'vitest'
import { aCatalogue, aSync } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { allPairs, commitsPerInterval, exchangeBytes, roundPairs, roundSeconds, sendsPerRound } from './exchange.ts'

// Links: 100 Mbit/s, 50 ms.
const { link } = indexCatalogue(aCatalogue({ a: {}, b: {}, c: {}, d: {} }))
const parts = (strategy: string, mode = '') => strategies.get(strategy)!.parts(aSync({ strategy, mode }))
const sends = (strategy: string, regions: number, mode = '', given: GivenSync = {}): number =>
  sendsPerRound(parts(strategy, mode), aSync({ strategy, mode, ...given }, Math.max(1, regions)), regions)

describe('who sends to whom in a round', () => {
  test('two regions swap, more meet at the lowest', () => {
    expect(roundPairs(['a'])).toEqual([])
    expect(roundPairs(['a', 'b'])).toEqual([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ])
    expect(roundPairs(['a', 'b', 'c']).map(({ from, to }) => from + to)).toEqual(['ba', 'ab', 'ca', 'ac'])
  })

  test.each([2, 3, 7])('of %i regions is what a region sends on average', (count) => {
    const regions = Array.from({ length: count }, (_, i) => `r${i}`)
    expect(sends('diloco', count) * count).toBeCloseTo(roundPairs(regions).length)
    expect(sends('asgd', count) * count).toBe(allPairs(regions).length)
    expect(sends('model-averaging', count, 'asynchronous')).toBe(1)
  })

  test('that waits for nobody is committed for each region by itself, and its result goes to all others', () => {
    const hierarchical = aSync({ strategy: 'hierarchical' }, 4)
    expect([2, 4].map((count) => commitsPerInterval(parts('hierarchical'), hierarchical, count))).toEqual([2, 4])
    // Two swap; of four, three contribute and four results go to three.
    expect(2 * 2 * sends('hierarchical', 2)).toBe(2)
    expect(4 * 4 * sends('hierarchical', 4)).toBe(3 + 4 * 3)
    expect(4 * 2 * sends('hierarchical', 4, '', { quorum: 2 })).toBe(3 + 2 * 3)
    expect(4 * sends('hierarchical', 4, '', { graceMinMs: 1, graceMaxMs: 1000 })).toBe(3 + 3)
  })

  test('alone it sends nothing', () => {
    for (const strategy of strategies.keys()) expect(sends(strategy, 1)).toBe(0)
  })
})

describe('how long a round takes', () => {
  test('two swap at the same time; at a hub what came in goes out through one uplink', () => {
    expect(roundSeconds(['a'], link, 1_250_000)).toBe(0)
    expect(roundSeconds(['a', 'b'], link, 1_250_000)).toBeCloseTo(0.15)
    expect(roundSeconds(['a', 'b', 'c'], link, 1_250_000)).toBeCloseTo(0.15 + 0.25)
    expect(roundSeconds(['a', 'b', 'c', 'd'], link, 1_250_000)).toBeCloseTo(0.15 + 0.35)
  })

  test('links that nobody knows cost nothing, rather than for ever', () => {
    expect(roundSeconds(['x', 'y'], link, 1e9)).toBe(0)
    expect(roundSeconds(['x', 'y', 'z'], link, 1e9)).toBe(0)
  })
})

test('a model weighs what its codec makes of it', () => {
  expect(exchangeBytes(1000, 'fp32', aSync(), parts('asgd'))).toBe(4000)
  expect(exchangeBytes(1000, 'int8', aSync(), parts('diloco'))).toBe(1016)
  expect(exchangeBytes(1000, 'fp32', aSync({ strategy: 'asp' }), parts('asp'))).toBe(600)
})
