import { array, assert as check, double, integer, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pathsOf, somePipeline } from './pipelines.fixture.ts'
import { alignedTimes, averageLengths, groupStagesMax, splitObjective } from './split-objective.ts'
import type { Stage } from './stage-graph.ts'

const chainOf = (...names: string[]): readonly Stage[] =>
  names.map((name, place) => ({ name, after: place === 0 ? [] : [names[place - 1]!] }))
const diamond: readonly Stage[] = [
  { name: 'A', after: [] },
  { name: 'B', after: ['A'] },
  { name: 'C', after: ['A'] },
  { name: 'E', after: ['C'] },
  { name: 'D', after: ['B', 'E'] },
]
const diamondLengths = new Map([
  ['A', 0.2],
  ['B', 0.35],
  ['C', 0.15],
  ['E', 0.1],
  ['D', 0.2],
])

function rounded(budgets: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...budgets].map(([name, ms]) => [name, Number(ms.toFixed(6))]))
}

describe('the objective of a pipeline, split', () => {
  test('average normalised lengths of three stages under two configurations, and a chain by them', () => {
    const times = [
      [100, 50],
      [100, 100],
      [200, 50],
    ]
    expect(averageLengths(times)).toEqual([0.25, 0.375, 0.375])
    const lengths = new Map(averageLengths(times).map((length, at) => ['ABC'[at]!, length]))
    const { budgetMs, groupOf } = splitObjective(chainOf('A', 'B', 'C'), lengths, 600)
    expect(rounded(budgetMs)).toEqual({ A: 150, B: 225, C: 225 })
    expect(groupOf.get('B')).toEqual({ stages: ['A', 'B', 'C'], budgetMs: 600, endsAtMs: 600 })
  })

  test('branches between a fork and its join each get the budget of the whole block', () => {
    const { budgetMs, groupOf } = splitObjective(diamond, diamondLengths, 750)
    expect(rounded(budgetMs)).toEqual({ A: 200, B: 350, C: 210, E: 140, D: 200 })
    expect([...new Set(groupOf.values())].map(({ stages }) => stages)).toEqual([['A'], ['B'], ['C', 'E'], ['D']])
    expect(groupOf.get('E')!.endsAtMs).toBeCloseTo(550, 9)
    expect(groupOf.get('D')!.endsAtMs).toBeCloseTo(750, 9)
  })

  test('an edge that a longer path makes needless changes nothing', () => {
    const more = diamond.map((stage) => (stage.name === 'D' ? { ...stage, after: ['A', 'B', 'E'] } : stage))
    expect(splitObjective(more, diamondLengths, 750)).toEqual(splitObjective(diamond, diamondLengths, 750))
  })

  test('a chain is cut into groups', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const { groupOf } = splitObjective(chainOf(...names), new Map(names.map((name) => [name, 1 / 7])), 700)
    expect([...new Set(groupOf.values())].map(({ stages }) => stages.join(''))).toEqual(['abc', 'def', 'g'])
    expect(groupOf.get('f')!.endsAtMs).toBeCloseTo(600, 9)
    expect(groupOf.get('f')!.budgetMs).toBeCloseTo(300, 9)
  })

  test('tangled branches, none of whose stages is on all of their paths', () => {
    // a and b side by side, c after both, d after b: between no fork and join.
    const tangle: readonly Stage[] = [
      { name: 'a', after: [] },
      { name: 'b', after: [] },
      { name: 'c', after: ['a', 'b'] },
      { name: 'd', after: ['b'] },
    ]
    const lengths = new Map(Object.entries({ a: 1, b: 2, c: 3, d: 1 }))
    // The longest paths through them have 4, 5, 5 and 3.
    expect(rounded(splitObjective(tangle, lengths, 60).budgetMs)).toEqual({ a: 15, b: 24, c: 36, d: 20 })
  })

  test('no path has more than the objective, one has all of it, and budgets grow with it', () => {
    const lengths = array(double({ min: 0.01, max: 10, noNaN: true }), { minLength: 9, maxLength: 9 })
    check(
      property(tuple(somePipeline(), lengths), ([stages, drawn]) => {
        const of = new Map(stages.map(({ name }, place) => [name, drawn[place]!]))
        const { budgetMs, groupOf } = splitObjective(stages, of, 1_000)
        const sums = pathsOf(stages).map((path) => path.reduce((sum, name) => sum + budgetMs.get(name)!, 0))
        expect(Math.max(...sums)).toBeCloseTo(1_000, 6)
        const twice = splitObjective(stages, of, 2_000)
        for (const { name } of stages) {
          expect(budgetMs.get(name)).toBeGreaterThan(0)
          expect(twice.budgetMs.get(name)! / 2).toBeCloseTo(budgetMs.get(name)!, 6)
          const group = groupOf.get(name)!
          expect(group.stages).toContain(name)
          expect(group.stages.length).toBeLessThanOrEqual(groupStagesMax)
          expect(group.endsAtMs).toBeLessThanOrEqual(1_000 + 1e-6)
        }
      }),
    )
  })

  test('average lengths add up to 1', () => {
    const times = array(array(integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 }), {
      minLength: 1,
      maxLength: 8,
    })
    check(
      property(times, (drawn) => {
        const sum = averageLengths(alignedTimes(drawn)).reduce((total, length) => total + length, 0)
        expect(sum).toBeCloseTo(1, 9)
      }),
    )
    expect(alignedTimes([[3, 1, 2]], 3)).toEqual([[3, 2, 1]])
    expect(alignedTimes([[5]], 2)).toEqual([[5, 5]])
  })
})
