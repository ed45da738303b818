import { describe, expect, test } from 'vitest'
import type { RunRecord } from './run-record.ts'
import { rows } from './rows.ts'
import { byPreference, figuresOf, keysOf, markdown, median, stallShareOf, worst } from './summary.ts'

const target = { targetAccuracy: 0.8, neighbours: 1 }

/** Accuracy grows straight to 1 within twice `seconds`; bytes by a million a second. */
function aRun(row: string, seed: number, seconds: number, change: Partial<RunRecord> = {}): RunRecord {
  const reading = (of: (part: number) => number) =>
    Array.from({ length: 11 }, (_, at) => ({ seconds: (at / 8) * seconds, value: of(at / 8) }))
  return {
    key: `${row} ${seed}`,
    world: 'two',
    row,
    seed,
    learningRate: 0.1,
    sync: { strategy: 'asgd' },
    failure: '',
    wasCut: false,
    seconds: 2 * seconds,
    samples: 1000,
    accuracy: reading((part) => part * 0.8),
    wanBytes: reading((part) => part * seconds * 1e6),
    finalAccuracy: 0.9,
    wanBytesTotal: 2e6 * seconds,
    costUsd: 0.01,
    rounds: 3,
    finalModels: 1,
    paces: [{ worker: 'a', steps: 10, stepsOverPace: 1, busySeconds: 8, realSeconds: 2, wallSeconds: 10 }],
    reasons: [],
    atMs: 0,
    ...change,
  }
}

function figures(name: string, runs: readonly RunRecord[]) {
  return figuresOf(
    rows.find((row) => row.name === name)!,
    runs,
    target,
  )
}

describe('the figures of a row', () => {
  test('are medians over its seeds', () => {
    const of = figures('auto', [aRun('auto', 1, 10), aRun('auto', 2, 30), aRun('auto', 3, 20)])
    expect(of).toMatchObject({ seeds: 3, finalAccuracy: 0.9, bytesTotal: 40e6, bytesPerSample: 40_000 })
    expect(of.seconds).toBeCloseTo(20, 9)
    expect(of.bytesToTarget).toBeCloseTo(20e6, 0)
    expect(of.stallShare).toBeCloseTo(0.2, 12)
    expect(of.slowStepShare).toBeCloseTo(0.1, 12)
    expect(of.realStepMs).toBeCloseTo(200, 9)
  })

  test('tell a target that most runs did not reach, and how long they lasted', () => {
    const never = (seed: number) =>
      aRun('asgd', seed, 10, { accuracy: [{ seconds: 50, value: 0.5 }], wasCut: true, finalAccuracy: null })
    const of = figures('asgd', [aRun('asgd', 1, 10), never(2), never(3)])
    expect(of).toMatchObject({ seconds: null, secondsAtLeast: 50, finalAccuracy: null })
    expect(markdown('t', [of])).toContain('| ASGD | not in 50 | cut |')
  })
})

describe('the keys', () => {
  const of = (name: string, seconds: number, change: Partial<RunRecord> = {}) =>
    figures(name, [aRun(name, 1, seconds, change)])

  test('are ratios of medians', () => {
    const all = [of('ideal', 20), of('asgd', 60), of('asgd-ga', 30), of('auto', 25, { finalAccuracy: 0.896 })]
    const keys = keysOf(all)
    expect(keys.speedup_asgd_ga).toBeCloseTo(2, 9)
    expect(keys.speedup_auto).toBeCloseTo(2.4, 9)
    expect(keys.auto_vs_ideal).toBeCloseTo(0.8, 9)
    expect(keys.wan_bytes_ratio).toBeCloseTo(25 / 60, 6)
    expect(keys.accuracy_gap_points).toBeCloseTo(0.4, 9)
  })

  test('claim no speed for a row that never reached the target, and a lower bound against a baseline that did not', () => {
    const lost = { accuracy: [{ seconds: 90, value: 0.1 }] }
    expect(keysOf([of('asgd', 60), of('auto', 25, lost)]).speedup_auto).toBe(0)
    expect(keysOf([of('asgd', 60, lost), of('auto', 25)]).speedup_auto).toBeCloseTo(90 / 25, 9)
  })

  test('are left out where a row of theirs is', () => {
    expect(keysOf([of('asgd', 60)])).toEqual({})
  })

  test('of several worlds are the worse ones', () => {
    const keys = worst([
      { speedup_auto: 4, wan_bytes_ratio: 0.01 },
      { speedup_auto: 3, wan_bytes_ratio: 0.02, auto_vs_ideal: 1 },
    ])
    expect(keys).toEqual({ speedup_auto: 3, wan_bytes_ratio: 0.02, auto_vs_ideal: 1 })
  })
})

test('a median has its place among infinities', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([1, 2, 3, 4])).toBe(2.5)
  expect(median([1, Infinity, Infinity])).toBe(Infinity)
  expect(median([Infinity, Infinity])).toBe(Infinity)
})

test('nothing measured is no stall', () => {
  expect(stallShareOf([])).toBe(0)
})

test('tuning prefers the quickest of those that end near the best, and what never got there comes last', () => {
  const never = aRun('auto', 4, 10, { accuracy: [{ seconds: 50, value: 0.5 }], wasCut: true, finalAccuracy: null })
  const hasty = aRun('auto', 1, 5, { finalAccuracy: 0.89 })
  const quick = aRun('auto', 2, 10, { finalAccuracy: 0.901 })
  const slow = aRun('auto', 3, 20, { finalAccuracy: 0.905 })
  expect(byPreference([never, slow, hasty, quick], target)).toEqual([quick, slow, hasty, never])
})
