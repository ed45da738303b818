// What every strategy must keep, whatever the network and the machines do: all regions end with the same bits, every
// sample counts exactly once an epoch, and everybody has applied every update of everybody. The cases are made from the
// map of strategies, so that a new one is covered from its first line on.
// Samples are traced by their gradients: each has a coordinate of its own and moves only that, by one step.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { Strategy } from '#proto/sync/strategy.ts'
import { Cluster, type ClusterOptions } from './cluster.fixture.ts'
import { aLayout, sync } from './partition.fixture.ts'

const epochs = 2
const samplesOf = { a: 12, b: 8, c: 4 } as const
const names = ['a', 'b', 'c'] as const
const traces = names.flatMap((region) =>
  Array.from({ length: epochs * samplesOf[region] }, (_, at) => {
    return { region, epoch: Math.floor(at / samplesOf[region]), position: at % samplesOf[region] }
  }),
)
const learningRate = 2 ** -4

/** Modes in which a step counts the same whenever it is made. */
const weightOf: ReadonlyMap<string, (region: keyof typeof samplesOf) => number> = new Map([
  ['sum', () => 1],
  ['mean', (region: keyof typeof samplesOf) => samplesOf[region] / (12 + 8 + 4)],
])

const cases = [...strategies.values()].flatMap((strategy) =>
  modesOf(strategy).map((mode) => ({ name: strategy.name, mode, strategy })),
)

describe.each(cases)('$name $mode', ({ strategy, mode }) => {
  test('with plain SGD every sample moves the model once', async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, async (scenario) => {
        const cluster = await run(strategy, clusterOptions(strategy, mode, scenario, 0), scenario)
        const moves = Array.from(cluster.agreedReplica().subarray(0, traces.length), (value) => -value / learningRate)
        for (const [i, { region }] of traces.entries()) {
          // An average weighs a step by when it was made, which differs from run to run, but neither loses nor doubles it.
          const exact = weightOf.get(mode)?.(region) ?? null
          expect(moves[i]).toBeGreaterThan(exact === null ? 0 : exact - 1e-6)
          expect(moves[i]).toBeLessThan((exact ?? 1) + 1e-6)
        }
      }),
      { numRuns: 10 },
    )
  })

  test('a momentum that forgets nothing has met every sample of its region once', async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, async (scenario) => {
        const cluster = await run(strategy, clusterOptions(strategy, mode, scenario, 1), scenario)
        for (const name of names) {
          // The velocity never leaves its region: with momentum 1 it is the sum of the gradients that were applied here.
          const [velocity] = cluster.at(name).replica!.optimiserState
          expect(Array.from(velocity!.values)).toEqual(traces.map(({ region }) => (region === name ? 1 : 0)))
        }
      }),
      { numRuns: 10 },
    )
  })
})

const anyCrash = fc.record({ kind: fc.constant('crash' as const), region: fc.constantFrom(...names) })
const anyCut = fc.record({
  kind: fc.constant('cut' as const),
  ends: fc.constantFrom(['a', 'b'] as const, ['a', 'c'] as const, ['b', 'c'] as const),
  forMs: fc.integer({ min: 1, max: 300 }),
})
const anyScenario = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  interval: fc.integer({ min: 2, max: 5 }),
  delayCompensation: fc.constantFrom(0, 0.5),
  quorum: fc.integer({ min: 1, max: 3 }),
  workers: fc.integer({ min: 1, max: 2 }),
  delayMs: fc.constantFrom(1, 10, 40),
  trouble: fc.constantFrom(0, 0.2, 0.5),
  mishaps: fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.oneof(anyCrash, anyCut)), { maxLength: 6 }),
})
type Scenario = typeof anyScenario extends fc.Arbitrary<infer T> ? T : never

function clusterOptions(strategy: Strategy, mode: string, scenario: Scenario, momentum: number): ClusterOptions {
  const { seed, workers, delayMs, trouble } = scenario
  const isOwn = (at: { region: string; epoch: number; position: number }, trace: (typeof traces)[number]): boolean =>
    trace.region === at.region && trace.epoch === at.epoch && trace.position === at.position
  return {
    regions: names.map((name) => ({ name, samples: samplesOf[name], workers })),
    sync: sync(strategy.name, offered(strategy, { ...optionsOf(scenario), mode })),
    layout: aLayout(traces.length, { buffers: 1, group: { momentum } }),
    initial: [...traces.map(() => 0), 0],
    gradientOf: (at) => [...traces.map((trace) => (isOwn(at, trace) ? 1 : 0)), 1],
    learningRate,
    epochs,
    leaseSamples: 4,
    seed,
    delayMs,
    trouble,
  }
}

/** Nothing is lost by rounding, and what a region has learnt goes into the model once and in full. */
function optionsOf({ interval, delayCompensation, quorum }: Scenario): GivenSync {
  return {
    interval,
    intervalMin: 2,
    intervalMax: 5,
    fragments: 2,
    codec: 'fp32',
    delayCompensation,
    quorum,
    graceMinMs: 20,
    graceMaxMs: 2000,
    outerLearningRate: 1,
    outerMomentum: 0,
    outerDelay: 1,
    significance: 0.01,
  }
}

/** Of these options, those that the strategy takes. */
function offered({ defaults, limits }: Strategy, given: GivenSync): GivenSync {
  const isTaken = (name: string): boolean => {
    const limit = limits?.[name as keyof typeof limits]
    const isFixed = limit !== undefined && 'min' in limit && limit.min === limit.max
    const isOfRounds = name === 'quorum' || name.startsWith('grace')
    return Object.hasOwn(defaults, name) && !isFixed && !(isOfRounds && given.mode === 'asynchronous')
  }
  return Object.fromEntries(Object.entries(given).filter(([name]) => isTaken(name)))
}

/** Through all mishaps to the end; checks what holds for every optimiser. */
async function run(strategy: Strategy, options: ClusterOptions, { mishaps }: Scenario): Promise<Cluster> {
  const cluster = await Cluster.open(options)
  for (const [afterMs, mishap] of mishaps) {
    await cluster.clock.advance(afterMs)
    if (mishap.kind === 'crash') await cluster.crash(mishap.region)
    else cluster.cut(mishap.ends[0], mishap.ends[1], mishap.forMs)
  }
  await cluster.finish()
  cluster.agreedReplica()
  await cluster.agreedVersions()
  const states = [...(await cluster.durableStates()).values()]
  const masses = states.flatMap(({ strategy: kept }) => massOf(kept))
  // Masses are shares of one: what a region gave away has arrived.
  const total = masses.reduce((sum, mass) => sum + mass, 0)
  expect(masses.length === 0 ? 1 : total).toBeCloseTo(1, 12)
  expect(masses.length > 0).toBe(strategy.parts(cluster.nodes.get('a')!.options.sync).apply === 'mass-mean')
  for (const name of names) expect(cluster.at(name).progress().samplesDone).toBe(samplesOf[name] * epochs)
  return cluster
}

function massOf(state: unknown): readonly number[] {
  return typeof state === 'object' && state !== null && 'mass' in state ? [Number(state.mass)] : []
}

function modesOf({ limits }: Strategy): readonly string[] {
  const modes = limits?.mode
  return modes === undefined || 'min' in modes ? [''] : modes
}
