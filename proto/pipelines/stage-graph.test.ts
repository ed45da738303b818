import { assert as check, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { somePipeline } from './pipelines.fixture.ts'
import { stageFaults, stageGraph, stagesMax, tensorSource, type Stage } from './stage-graph.ts'

const stage = (name: string, after: readonly string[] = [], inputs: Readonly<Record<string, string>> = {}): Stage => ({
  name,
  after,
  inputs,
})
const told = (...stages: Stage[]): readonly string[] =>
  stageFaults(stages).map(({ field, description }) => `${field}: ${description}`)

describe('stages of a pipeline', () => {
  test('a chain, a diamond and several beginnings are fine', () => {
    expect(told(stage('a'))).toEqual([])
    expect(told(stage('a'), stage('b', ['a']), stage('c', ['b']))).toEqual([])
    expect(told(stage('d', ['b', 'c']), stage('c', ['a']), stage('b', ['a']), stage('a'))).toEqual([])
    expect(told(stage('a'), stage('b'), stage('c', ['a', 'b']))).toEqual([])
  })

  test('a circle is named stage by stage', () => {
    expect(told(stage('a'), stage('b', ['a', 'd']), stage('c', ['b']), stage('d', ['c']))).toEqual([
      'stages[1].after: b waits for d waits for c waits for b: nothing would ever begin; take one of these away',
    ])
    expect(told(stage('a', ['a']))).toEqual(['stages[0].after[0]: a would wait for itself; name another stage'])
  })

  test('stages that nothing joins with the others are named', () => {
    expect(told(stage('a'), stage('b', ['a']), stage('c'), stage('d', ['c']))).toEqual([
      'stages: c, d neither wait for a and what follows it nor are waited for; join them with "after", or deploy them as a pipeline of their own',
    ])
  })

  test('names that are missing, unknown or taken', () => {
    expect(told()).toEqual(['stages: has none; name at least one'])
    expect(told(stage('a'), stage('b', ['x']))).toEqual(['stages[1].after[0]: no stage is named "x"; there is a, b'])
    expect(told(stage('a'), stage('a', ['a']))).toContain(
      'stages[1].name: a is stages[0] already; give each stage a name of its own',
    )
    expect(told(stage(''))).toEqual(['stages[0].name: is empty; give the stage a name'])
    expect(told(stage('a.b'))).toEqual(['stages[0].name: a.b has a dot; use a DNS label'])
    const many = Array.from({ length: stagesMax + 1 }, (_, place) => stage(`s${place}`, place > 0 ? ['s0'] : []))
    expect(stageFaults(many).map(({ description }) => description)).toEqual(['has 33; a pipeline has at most 32'])
  })

  test('an input comes from the request or from a stage before', () => {
    const chain = (inputs: Readonly<Record<string, string>>): readonly string[] =>
      told(stage('a'), stage('b', ['a']), stage('c', ['b'], inputs), stage('d', ['c']))
    expect(chain({ x: 'a.y', z: 'image', w: 'b.out.0' })).toEqual([])
    expect(chain({ x: 'd.y' })).toEqual(['stages[2].inputs.x: d.y: c does not come after d; name an output of a, b'])
    expect(chain({ x: 'q.y' })).toEqual(['stages[2].inputs.x: q.y: no stage is named "q"; name an output of a, b'])
    expect(chain({ x: 'a.' })).toEqual(['stages[2].inputs.x: "a." names no tensor; write stage.output'])
    expect(told(stage('a', [], { x: 'a.y' }))).toEqual([
      'stages[0].inputs.x: a.y: a does not come after a; name an input of the request',
    ])
    expect(tensorSource('b.out.0')).toEqual({ stage: 'b', tensor: 'out.0' })
  })

  test('the graph leaves out what a longer path makes needless', () => {
    const graph = stageGraph([stage('a'), stage('c', ['a', 'b']), stage('b', ['a'])])
    expect(graph.order).toEqual([0, 2, 1])
    expect(graph.before).toEqual([[], [2], [0]])
    expect(graph.next).toEqual([[2], [], [1]])
    expect(graph.allBefore[1]).toEqual(new Set([0, 2]))
  })

  test('every stage comes after all that it waits for, and no edge is needless', () => {
    check(
      property(somePipeline(), (stages) => {
        const { order, before, allBefore, names } = stageGraph(stages)
        expect(order.toSorted((a, b) => a - b)).toEqual(stages.map((_, place) => place))
        for (const [place, { after }] of stages.entries()) {
          for (const one of after) expect(allBefore[place]!.has(names.indexOf(one))).toBe(true)
          for (const one of allBefore[place]!) expect(order.indexOf(one)).toBeLessThan(order.indexOf(place))
          for (const one of before[place]!)
            expect(before[place]!.some((other) => allBefore[other]!.has(one))).toBe(false)
        }
      }),
    )
  })
})
