import { describe, expect, test } from 'vitest'
import { isMajority } from './majority.ts'

describe('a majority', () => {
  test('half of the regions are no majority', () => {
    const among = (part: readonly string[], electorate: readonly string[], regionsTotal = electorate.length): boolean =>
      isMajority(part, { electorate, regionsTotal })
    expect([among(['a'], ['a', 'b']), among(['a', 'b'], ['a', 'b', 'c']), among([], [])]).toEqual([false, true, false])
    // The other one was pruned, or two of five were.
    expect([among(['a'], ['a'], 2), among(['a', 'b'], ['a', 'b', 'c'], 5)]).toEqual([true, false])
  })

  test('two majorities have a common member, whoever knows already who was pruned', () => {
    for (let regionsTotal = 1; regionsTotal <= 6; regionsTotal++) {
      let apart = 0
      // Per region: pruned in both books; in the newer one alone, outside or in the first part; in none, outside or in a part.
      const [inOlder, inNewer, inFirst, inSecond] = [[1, 2, 3, 4, 5], [3, 4, 5], [2, 4], [5]]
      const is = (digits: readonly number[], kinds: readonly number[]): string[] =>
        digits.flatMap((digit, i) => (kinds.includes(digit) ? [`${i}`] : []))
      for (let at = 0; at < 6 ** regionsTotal; at++) {
        const digits = Array.from({ length: regionsTotal }, (_, i) => Math.floor(at / 6 ** i) % 6)
        const isFirst = isMajority(is(digits, inFirst), { electorate: is(digits, inOlder), regionsTotal })
        const isSecond = isMajority(is(digits, inSecond), { electorate: is(digits, inNewer), regionsTotal })
        if (isFirst && isSecond) apart += 1
      }
      expect(apart).toBe(0)
    }
  })
})
