import { array, assert as check, constantFrom, double, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pipelinesConfig } from './config.ts'
import { pathsToBegin } from './late-rule.ts'
import { prepareStages } from './stage-configurations.ts'

/** The reference's three stages (section 6.6). */
const stages = prepareStages(
  [
    [
      [100, 10],
      [60, 16],
      [40, 30],
    ],
    [
      [200, 20],
      [120, 30],
      [80, 55],
    ],
    [
      [50, 5],
      [30, 9],
      [20, 15],
    ],
  ].map((own) => own.map(([timeMs, cost]) => ({ timeMs: timeMs!, cost: cost! }))),
  pipelinesConfig.answers,
)
const costs = (...[targetMs, busyShare, rule]: [number, number, 'fastest' | 'thrifty']): readonly number[] =>
  pathsToBegin(stages, targetMs, busyShare, rule).map(({ cost }) => cost)

describe('what a stage begins with', () => {
  test('in time: as the search found it, with either rule, while there is room', () => {
    expect(costs(220, 0.3, 'fastest').slice(0, 3)).toEqual([55, 61, 65])
    expect(costs(220, 0.3, 'thrifty')).toEqual(costs(220, 0.3, 'fastest'))
    expect(costs(220, 0, 'thrifty')).toEqual(costs(220, 0, 'fastest'))
  })

  test('late: the quickest as published, the cheapest by ours', () => {
    expect(pathsToBegin(stages, 139, 0.5, 'fastest')).toEqual([{ choices: [2, 2, 2], timeMs: 140, cost: 100 }])
    expect(pathsToBegin(stages, 139, 0.5, 'thrifty')).toEqual([{ choices: [0, 0, 0], timeMs: 350, cost: 35 }])
  })

  test('near saturation no more is paid than capacity lets every request cost', () => {
    // The cheapest path costs 35: at 60 % in use a path may cost 58, at 90 % 39.
    expect(costs(220, 0.6, 'thrifty')).toEqual([55])
    expect(costs(220, 0.9, 'thrifty')).toEqual([35])
    expect(costs(350, 0.9, 'thrifty')).toEqual([35])
    expect(costs(220, 0.9, 'fastest').slice(0, 3)).toEqual([55, 61, 65])
  })

  test('there is always a path, in order of cost, in time or affordable', () => {
    const some = array(record({ timeMs: integer({ min: 1, max: 90 }), cost: integer({ min: 1, max: 90 }) }), {
      minLength: 1,
      maxLength: 5,
    })
    check(
      property(
        array(some, { minLength: 1, maxLength: 3 }),
        integer({ min: 0, max: 300 }),
        double({ min: 0, max: 1, noNaN: true }),
        constantFrom('fastest' as const, 'thrifty' as const),
        (given, targetMs, busyShare, rule) => {
          const paths = pathsToBegin(prepareStages(given, pipelinesConfig.answers), targetMs, busyShare, rule)
          expect(paths.length).toBeGreaterThan(0)
          const inOrder = paths.map(({ cost }) => cost)
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
          for (const path of paths) {
            const own = path.choices.map((choice, stage) => given[stage]![choice]!)
            expect(path.cost).toBeCloseTo(own.reduce((sum, { cost }) => sum + cost, 0))
            expect(path.timeMs <= targetMs || paths.length === 1).toBe(true)
          }
          const cheapest = given.reduce((sum, own) => sum + Math.min(...own.map(({ cost }) => cost)), 0)
          const isPaid = paths.every(({ cost }) => cost * busyShare <= cheapest * (1 + 1e-9))
          expect(rule === 'fastest' || isPaid).toBe(true)
        },
      ),
    )
  })
})
