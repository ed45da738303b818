import { array, assert as check, boolean, integer, property, record, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { everyPath } from './every-path.fixture.ts'
import { searchPaths, type SearchOptions } from './esg.ts'
import { prepareStages, type Configuration } from './stage-configurations.ts'

const of = (...pairs: readonly (readonly [number, number])[]): readonly Configuration[] =>
  pairs.map(([timeMs, cost]) => ({ timeMs, cost }))
/** Section 6.6 of the reference. */
const example = [of([100, 10], [60, 16], [40, 30]), of([200, 20], [120, 30], [80, 55]), of([50, 5], [30, 9], [20, 15])]
const named = (stages: readonly (readonly Configuration[])[], targetMs: number, options: SearchOptions): unknown[] =>
  searchPaths(stages, targetMs, options).paths.map(({ cost, timeMs, choices }) => [
    cost,
    timeMs,
    choices.map((choice) => 'abc'[choice]).join(''),
  ])

const someStages = array(
  array(record({ timeMs: integer({ min: 1, max: 40 }), cost: integer({ min: 0, max: 30 }) }), {
    minLength: 1,
    maxLength: 5,
  }),
  { minLength: 1, maxLength: 4 },
)
const someTarget = integer({ min: 1, max: 160 })
const someAnswers = integer({ min: 1, max: 4 })

describe('the cheapest configurations of a chain within a time', () => {
  test.each([
    [
      350,
      27,
      [
        [35, 350, 'aaa'],
        [39, 330, 'aab'],
        [41, 310, 'baa'],
      ],
    ],
    [
      260,
      18,
      [
        [49, 250, 'abb'],
        [51, 230, 'bba'],
        [55, 210, 'bbb'],
      ],
    ],
    [
      220,
      13,
      [
        [55, 210, 'bbb'],
        [61, 200, 'bbc'],
        [65, 210, 'cba'],
      ],
    ],
    [
      180,
      6,
      [
        [75, 180, 'cbc'],
        [80, 170, 'bcb'],
        [86, 160, 'bcc'],
      ],
    ],
    [
      150,
      2,
      [
        [94, 150, 'ccb'],
        [100, 140, 'ccc'],
      ],
    ],
    [140, 1, [[100, 140, 'ccc']]],
    [139, 0, []],
  ])('within %i ms, of %i feasible paths', (targetMs, feasible, best) => {
    expect(everyPath(example, targetMs)).toHaveLength(feasible)
    expect(named(example, targetMs, { answers: 3 })).toEqual(best)
  })

  test('nodes of the worked trace, with whole paths first among equal bounds', () => {
    const { paths, ...counts } = searchPaths(example, 220, {
      answers: 1,
      blades: { time: true, cost: true, relaxed: false },
    })
    expect(paths).toEqual([{ choices: [1, 1, 1], timeMs: 210, cost: 55 }])
    expect(counts).toEqual({ generated: 12, timeCut: 4, costCut: 2, isExact: true })
  })

  test('answers are those of trying every path, in order of cost, whichever blades cut', () => {
    const blades = record({ time: boolean(), cost: boolean(), relaxed: boolean() })
    check(
      property(someStages, someTarget, someAnswers, blades, (stages, targetMs, answers, cutting) => {
        const { paths, generated } = searchPaths(stages, targetMs, { answers, blades: cutting })
        const every = everyPath(stages, targetMs)
        expect(paths.map(({ cost }) => cost)).toEqual(every.slice(0, answers).map(({ cost }) => cost))
        for (const { choices, timeMs, cost } of paths) {
          expect(timeMs).toBeLessThanOrEqual(targetMs)
          expect(timeMs).toBe(choices.reduce((sum, choice, stage) => sum + stages[stage]![choice]!.timeMs, 0))
          expect(cost).toBe(choices.reduce((sum, choice, stage) => sum + stages[stage]![choice]!.cost, 0))
        }
        expect(new Set(paths.map(({ choices }) => choices.join())).size).toBe(paths.length)
        let product = 0
        stages.reduceRight((below, own) => (product = own.length * (1 + below)), 0)
        expect(generated).toBeLessThanOrEqual(product)
        const least = stages.reduce((sum, own) => sum + Math.min(...own.map(({ timeMs }) => timeMs)), 0)
        expect(paths.length === 0).toBe(least > targetMs)
      }),
      { numRuns: 400 },
    )
  })

  test('more time never costs more', () => {
    check(
      property(someStages, someTarget, (stages, targetMs) => {
        const best = (target: number): number => searchPaths(stages, target, { answers: 1 }).paths[0]?.cost ?? Infinity
        expect(best(targetMs + 7)).toBeLessThanOrEqual(best(targetMs))
      }),
    )
  })

  test('a configuration that others are as good as changes nothing', () => {
    const added = tuple(integer({ min: 0, max: 5 }), integer({ min: 0, max: 5 }), integer({ min: 0, max: 19 }))
    check(
      property(someStages, someTarget, someAnswers, added, (stages, targetMs, answers, [slower, dearer, drawn]) => {
        // As many twins as there are answers, or one of them could be wanted.
        const first = stages[0]!
        const model = first[drawn % first.length]!
        const twins = Array.from({ length: answers }, () => model)
        const worse = { timeMs: model.timeMs + slower, cost: model.cost + dearer }
        const without = [[...first, ...twins], ...stages.slice(1)]
        const withIt = [[...first, ...twins, worse], ...stages.slice(1)]
        expect(searchPaths(withIt, targetMs, { answers })).toEqual(searchPaths(without, targetMs, { answers }))
      }),
    )
  })

  test('costs as small as a job has, and times that no double holds exactly, keep their order', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 300; round += 1) {
      const stages = Array.from({ length: 3 }, () =>
        Array.from({ length: 6 }, () => ({ timeMs: 0.1 + 9 * random.next(), cost: 1e-9 * random.next() })),
      )
      const { paths } = searchPaths(stages, 12.3, { answers: 4 })
      const every = everyPath(stages, 12.3).slice(0, 4)
      expect(paths.map(({ choices }) => choices)).toEqual(every.map(({ choices }) => choices))
    }
  })

  test('a search at its limit still answers in time, and says that there may be better', () => {
    const many = Array.from({ length: 5 }, (_, stage) =>
      Array.from({ length: 60 }, (_unused, at) => ({ timeMs: 10 + at, cost: 100 / (1 + at) + ((at * stage) % 7) })),
    )
    const { paths, isExact } = searchPaths(many, 120, {
      answers: 1,
      nodesMax: 300,
      blades: { time: true, cost: false, relaxed: false },
    })
    expect(isExact).toBe(false)
    expect(paths[0]!.timeMs).toBeLessThanOrEqual(120)
  })

  test('refuses what was not measured', () => {
    expect(() => searchPaths([[]], 10)).toThrow('stages[0]: has no configurations')
    expect(() => searchPaths([of([0, 1])], 10)).toThrow('stages[0].configurations[0].timeMs: 0 is not positive')
    expect(() => searchPaths([of([1, 1], [1, Number.NaN])], 10)).toThrow('configurations[1].cost: NaN is not a cost')
    expect(searchPaths([], 10).paths).toEqual([])
  })

  test('keeps as many alternatives as there are answers', () => {
    const [stage] = prepareStages([of([10, 5], [12, 6], [12, 6], [13, 9], [20, 1])], 2)
    expect([...stage!.given]).toEqual([0, 1, 4])
  })
})
