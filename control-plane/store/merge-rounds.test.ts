import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aRound } from '#control-plane/model/builders.ts'
import type { Round, RoundTotals } from '#control-plane/model/history.ts'
import { addRound, mergeOldRounds, mergeRounds } from './merge-rounds.ts'

const keep = { records: 10, newest: 4 }

describe('two rounds as one', () => {
  const a = aRound({ number: 1, bytesSent: 10, stalenessSteps: 2, codecError: 0.1, excludedDataShare: 0, loss: 2 })
  const b = aRound({
    number: 2,
    members: ['a'],
    bytesSent: 30,
    stalenessSteps: 4,
    codecError: 0.3,
    absent: { b: 'no word for 3 s' },
    excludedDataShare: 0.5,
    loss: 1,
  })

  test('sums are sums, shares are means, the last speaks for the rest', () => {
    expect(mergeRounds(a, b)).toMatchObject({
      firstNumber: 1,
      number: 2,
      rounds: 2,
      members: ['a', 'b'],
      bytesSent: 40,
      seconds: 1,
      steps: 16,
      stalenessSteps: 3,
      codecError: 0.2,
      loss: 1,
    })
  })

  test('an absence is never merged away', () => {
    const merged = mergeRounds(b, mergeRounds(aRound({ number: 3 }), aRound({ number: 4 })))
    expect(merged.absent).toEqual({ b: 'no word for 3 s' })
    expect(merged.absentRounds).toEqual({ b: 1 })
    expect(merged.excludedDataShare).toBeCloseTo(0.5 / 3)
  })
})

describe('a long course', () => {
  const course = fc.integer({ min: 1, max: 400 }).map((length) =>
    Array.from({ length }, (_, i) =>
      aRound({
        number: i * 3 + 1,
        bytesSent: i * 7,
        steps: i % 5,
        stallSeconds: i / 8,
        excludedDataShare: (i % 4) / 4,
      }),
    ),
  )
  const totalsOf = (rounds: readonly Round[]) => {
    const all = rounds.reduce<RoundTotals | null>((totals, round) => addRound(totals, round), null)!
    // What is not a sum, and what floating point adds up in another order.
    return { ...all, last: null, incompleteRounds: 0, excludedDataShare: Math.round(all.excludedDataShare * 1e9) }
  }

  test('keeps its totals, its order and its newest rounds, and fits', () => {
    fc.assert(
      fc.property(course, (rounds) => {
        const merged = mergeOldRounds(rounds, keep)
        expect(merged.length).toBeLessThanOrEqual(keep.records)
        expect(totalsOf(merged)).toEqual(totalsOf(rounds))
        expect(merged.slice(-4)).toEqual(rounds.slice(-4))
        const bounds = merged.flatMap(({ firstNumber, number }) => [firstNumber, number])
        expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
      }),
    )
  })

  test('merged again and again, no record swallows the course', () => {
    let kept: readonly Round[] = []
    for (let number = 1; number <= 5_000; number++) {
      kept = [...kept, aRound({ number })]
      if (kept.length > 80) kept = mergeOldRounds(kept, { records: 40, newest: 10 })
    }
    expect(kept.length).toBeLessThanOrEqual(80)
    expect(kept.reduce((total, { rounds }) => total + rounds, 0)).toBe(5_000)
    expect(Math.max(...kept.map(({ rounds }) => rounds))).toBeLessThanOrEqual(500)
  })
})
