import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { graceEndsMs, graceMs, rememberArrival } from './grace.ts'
import { closingQuorum, isClosing, majority } from './quorum.ts'

const bounds = { graceMinMs: 100, graceMaxMs: 10_000 }

describe('a majority', () => {
  test('of two halves there is only one', () => {
    for (let count = 1; count <= 9; count++) {
      expect(2 * majority(count)).toBeGreaterThan(count)
      expect(2 * (majority(count) - 1)).toBeLessThanOrEqual(count)
    }
    expect(() => majority(0)).toThrow('0 regions')
  })

  test('closes a round unless the job asks for another quorum, or fewer can contribute', () => {
    expect(closingQuorum(0, 5, 5)).toBe(3)
    expect(closingQuorum(1, 5, 5)).toBe(1)
    expect(closingQuorum(5, 5, 5)).toBe(5)
    expect(closingQuorum(0, 5, 2)).toBe(2)
    expect(closingQuorum(0, 2, 0)).toBe(1)
  })
})

describe('a round closes', () => {
  const waiting = { arrived: ['a', 'b'], expected: ['a', 'b', 'c'], quorum: 2, graceEndsMs: 500 }

  test('with its quorum once the grace is over', () => {
    expect(isClosing(waiting, 499)).toBe(false)
    expect(isClosing(waiting, 500)).toBe(true)
    expect(isClosing({ ...waiting, quorum: 3 }, 500)).toBe(false)
  })

  test('at once when everybody expected is here, others or not', () => {
    expect(isClosing({ ...waiting, arrived: ['c', 'a', 'b'] }, 0)).toBe(true)
    expect(isClosing({ ...waiting, expected: ['a'] }, 0)).toBe(true)
  })

  test('never with nobody', () => {
    expect(isClosing({ arrived: [], expected: [], quorum: 1, graceEndsMs: 0 }, 1e9)).toBe(false)
  })
})

describe('the grace', () => {
  test('is the median and three standard deviations, as the median deviation estimates them', () => {
    expect(graceMs([1000, 1100, 900, 1200, 800], bounds)).toBeCloseTo(1000 + 3 * 1.4826 * 100, 9)
    expect(graceMs([1000, 2000], bounds)).toBeCloseTo(1500 + 3 * 1.4826 * 500, 9)
  })

  test('is not moved by one hiccup', () => {
    const usual = [1000, 1100, 900, 1200, 800, 1050, 950]
    expect(graceMs([...usual, 60_000], bounds)).toBeLessThan(2000)
  })

  test('stays inside its bounds, and is the longest before anybody arrived', () => {
    expect(graceMs([], bounds)).toBe(10_000)
    expect(graceMs([0, 0, 0], bounds)).toBe(100)
    expect(graceMs([50_000], bounds)).toBe(10_000)
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (offsets) => {
        const grace = graceMs(offsets, bounds)
        expect(grace >= bounds.graceMinMs && grace <= bounds.graceMaxMs).toBe(true)
      }),
    )
  })

  test('looks at the newest 16 arrivals', () => {
    let offsets: readonly number[] = []
    for (let i = 0; i < 40; i++) offsets = rememberArrival(offsets, i < 24 ? 9000 : 1000)
    expect(offsets).toEqual(Array.from({ length: 16 }, () => 1000))
    expect(graceMs([...Array.from({ length: 24 }, () => 9000), ...offsets], bounds)).toBe(1000)
  })

  test('a region that is always slow is waited for, one that is late for once only as long as it usually takes', () => {
    const offsets = new Map([
      ['near', [100, 110, 90, 105]],
      ['far', [5000, 5100, 4900, 5050]],
    ])
    const of = (region: string): readonly number[] => offsets.get(region) ?? []
    expect(graceEndsMs(1000, ['far'], of, bounds)).toBeGreaterThan(1000 + 5100)
    expect(graceEndsMs(1000, ['near'], of, bounds)).toBeLessThan(1000 + 200)
    expect(graceEndsMs(1000, ['far', 'near'], of, bounds)).toBe(graceEndsMs(1000, ['far'], of, bounds))
    expect(graceEndsMs(1000, ['newcomer'], of, bounds)).toBe(11_000)
    expect(graceEndsMs(1000, [], of, bounds)).toBe(1000)
  })
})
