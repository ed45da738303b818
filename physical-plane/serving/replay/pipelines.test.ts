import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stageGraph } from '#proto/pipelines/stage-graph.ts'
import { seededRandom } from '#runtime/random.ts'
import type { Autoscaler, LatencyModel } from '../scaling/autoscaler.ts'
import { poissonArrivals } from './arrivals.ts'
import type { ReplayedFunction } from './function-state.ts'
import type { ReplayedPipeline } from './pipeline-state.ts'
import type { ServingScenario } from './replay-report.ts'
import { replay } from './replay.ts'
import { runScenario } from './run-scenario.ts'
import { withBudgets } from './scenario-pipelines.ts'

const gpu = { model: 'v100', count: 8, memoryBytes: 16e9, usdPerHour: 3.6 }
const still: Autoscaler = { name: 'still', initial: null, decide: () => ({ actions: [], memory: null }) }

function aFunction(name: string, ms: number, over: Partial<ReplayedFunction> = {}): ReplayedFunction {
  const latency: LatencyModel = () => ms
  return {
    name,
    arrivalsMs: new Float64Array(),
    truth: latency,
    known: latency,
    slo: { latencyMs: 1_000, percentile: 99 },
    instancesMin: 1,
    instancesMax: 4,
    batchMax: 1,
    shape: { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 },
    memoryBytes: 1e9,
    coldStartMs: 1_000,
    timeoutMs: 0,
    queueMax: 0,
    ...over,
  }
}

const diamondStages = [
  { name: 'a', function: 'first', after: [] },
  { name: 'b', function: 'short', after: ['a'] },
  { name: 'c', function: 'long', after: ['a'] },
  { name: 'd', function: 'last', after: ['b', 'c'] },
]

function diamond(arrivalsMs: Float64Array, sloMs = 100): ReplayedPipeline {
  const { before, next } = stageGraph(diamondStages)
  const stages = diamondStages.map((stage, i) => ({ function: stage.function, before: before[i]!, next: next[i]! }))
  return { name: 'diamond', stages, arrivalsMs, sloMs }
}

const four = (over: Readonly<Record<string, Partial<ReplayedFunction>>> = {}) =>
  (
    [
      ['first', 10],
      ['short', 20],
      ['long', 50],
      ['last', 5],
    ] as const
  ).map(([name, ms]) => aFunction(name, ms, over[name]))

const run = (pipeline: ReplayedPipeline, functions = four()) =>
  replay({ functions, pipelines: [pipeline], gpus: [gpu], autoscaler: still, lengthMs: 10_000 })

describe('a pipeline in a replay', () => {
  test('takes as long as its longest path, and a stage begins once all before it have answered', () => {
    const { pipelines, functions } = run(diamond(Float64Array.from([100])))
    expect([...pipelines[0]!.latenciesMs]).toEqual([65])
    expect(pipelines[0]).toMatchObject({ requests: 1, answered: 1, overSlo: 0, refused: 0, violationShare: 0 })
    expect(functions.map(({ requests, p50Ms }) => [requests, p50Ms])).toEqual([
      [1, 10],
      [1, 20],
      [1, 50],
      [1, 5],
    ])
    expect(run(diamond(Float64Array.from([100]), 64)).pipelines[0]).toMatchObject({ overSlo: 1, violationShare: 1 })
  })

  test('requests of one pipeline wait for each other at its slowest function, beside those that ask it alone', () => {
    const { pipelines } = run(diamond(Float64Array.from([0, 0])))
    // The second one is behind the first in "long" by 40 ms, having come 10 ms later from "first".
    expect([...pipelines[0]!.latenciesMs]).toEqual([65, 115])
    const alone = four({ long: { arrivalsMs: Float64Array.from([5]) } })
    const both = run(diamond(Float64Array.from([0])), alone)
    expect([...both.pipelines[0]!.latenciesMs]).toEqual([110])
    expect([...both.functions[2]!.latenciesMs]).toEqual([50, 95])
  })

  test('is refused where one of its stages is, once', () => {
    const { pipelines, functions } = run(
      diamond(Float64Array.from({ length: 6 }, () => 0)),
      four({ short: { queueMax: 1, truth: () => 400 }, long: { queueMax: 1, truth: () => 400 } }),
    )
    expect(pipelines[0]).toMatchObject({ requests: 6, answered: 2, refused: 4 })
    expect(functions[0]).toMatchObject({ requests: 6, answered: 6 })
    expect(functions[3]).toMatchObject({ requests: 2 })
  })

  test('whatever comes: each request ends once, and no sooner than its longest path', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 40 }), (seed, rate) => {
        const arrivalsMs = poissonArrivals(rate, 8_000, seededRandom(seed))
        const { pipelines, functions } = run(diamond(arrivalsMs))
        const [told] = pipelines
        expect(told!.answered + told!.refused).toBe(arrivalsMs.length)
        for (const ms of told!.latenciesMs) expect(ms === -2 || ms >= 65 - 1e-9).toBe(true)
        expect(functions[0]!.requests).toBe(arrivalsMs.length)
        expect(functions[3]!.answered).toBeGreaterThanOrEqual(told!.answered)
      }),
      { numRuns: 30 },
    )
  })
})

const scenario: ServingScenario = {
  name: 'pipelines',
  seeds: [1, 2],
  lengthMs: 60_000,
  policies: ['hybrid', 'fixed'],
  gpus: [gpu],
  functions: (
    [
      ['first', 10],
      ['short', 20],
      ['long', 30],
      ['last', 10],
    ] as const
  ).map(([name, latencyMs]) => ({
    name,
    profile: [{ deviceModel: '', batch: 1, smMilli: 1_000, quotaMilli: 1_000, latencyMs }],
    arrivals: { kind: 'times', atMs: [] },
    slo: name === 'last' ? { latencyMs: 70, percentile: 95 } : null,
    instancesMin: 1,
    instancesMax: 4,
    batchMax: 2,
    shape: { smMilli: 1_000, requestMilli: 1_000, limitMilli: 1_000 },
    memoryBytes: 1e9,
    coldStartMs: 1_000,
    timeoutMs: 0,
    queueMax: 0,
  })),
  pipelines: [
    {
      name: 'diamond',
      stages: diamondStages,
      slo: { latencyMs: 300, percentile: 99 },
      arrivals: { kind: 'rates', perSecond: [5], slotMs: 60_000, spacing: 'poisson' },
    },
  ],
}

describe('pipelines of a scenario', () => {
  test('functions without an objective have the part of their stage', () => {
    // 10 + 30 + 10 of 300 ms; whoever has an objective keeps it.
    expect(withBudgets(scenario).map(({ slo }) => slo)).toEqual([
      { latencyMs: expect.closeTo(60, 9), percentile: 99 },
      { latencyMs: expect.closeTo(180, 9), percentile: 99 },
      { latencyMs: expect.closeTo(180, 9), percentile: 99 },
      { latencyMs: 70, percentile: 95 },
    ])
    expect(withBudgets({ ...scenario, pipelines: [] })[0]!.slo).toBeNull()
  })

  test('are told end to end, of all seeds, the same every time', () => {
    const report = runScenario(scenario, () => undefined)
    const [hybrid, fixed] = report.runs
    expect(hybrid!.pipelines[0]!.requests).toBe(report.requests)
    expect(fixed!.pipelines[0]!.requests).toBe(report.requests)
    expect(fixed!.pipelines[0]!.p50Ms).toBeGreaterThanOrEqual(50)
    expect(hybrid!.functions.map(({ requests }) => requests).at(0)).toBe(report.requests)
    expect(runScenario(scenario, () => undefined)).toEqual(report)
  })
})
