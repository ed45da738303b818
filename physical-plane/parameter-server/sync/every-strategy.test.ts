// What every strategy must keep, whatever the network and the machines do: all regions end with the same bits, every
// sample counts exactly once an epoch, and everybody has applied every update of everybody. The cases are made from the
// map of strategies, so that a new one is covered from its first line on.
// Samples are traced by their gradients: each has a coordinate of its own and moves only that, by one step.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { aLayout, Cluster, sync, type ClusterOptions } from '../partition.fixture.ts'
import { VectorMemory } from '../replica/memory.ts'
import { Replica } from '../replica/replica.ts'
import { createStrategy, strategies } from './strategies.ts'

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

const cases = [...strategies.keys()].flatMap((strategy) => modesOf(strategy).map((mode) => ({ strategy, mode })))

describe.each(cases)('$strategy $mode', ({ strategy, mode }) => {
  test('with plain SGD every sample moves the model once', async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, async (scenario) => {
        const cluster = await run(clusterOptions(strategy, mode, scenario, 0), scenario)
        const moves = Array.from(cluster.agreedReplica().subarray(0, traces.length), (value) => -value / learningRate)
        for (const [i, { region }] of traces.entries()) {
          // An average weighs a step by when it was made, which differs from run to run, but neither loses nor doubles it.
          const exact = weightOf.get(mode)?.(region) ?? null
          expect(moves[i]).toBeGreaterThan(exact === null ? 0 : exact - 1e-6)
          expect(moves[i]).toBeLessThan((exact ?? 1) + 1e-6)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('a momentum that forgets nothing has met every sample of its region once', async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, async (scenario) => {
        const cluster = await run(clusterOptions(strategy, mode, scenario, 1), scenario)
        for (const name of names) {
          // The velocity never leaves its region: with momentum 1 it is the sum of the gradients that were applied here.
          const [velocity] = cluster.at(name).replica!.optimiserState
          expect(Array.from(velocity!.values)).toEqual(traces.map(({ region }) => (region === name ? 1 : 0)))
        }
      }),
      { numRuns: 20 },
    )
  })
})

test('the modes of a strategy are found', () => {
  expect(cases).toEqual(
    expect.arrayContaining([
      { strategy: 'asgd-ga', mode: 'sum' },
      { strategy: 'asgd-ga', mode: 'mean' },
      { strategy: 'model-averaging', mode: 'synchronous' },
      { strategy: 'model-averaging', mode: 'asynchronous' },
    ]),
  )
})

const anyCrash = fc.record({ kind: fc.constant('crash' as const), region: fc.constantFrom(...names) })
const anyCut = fc.record({
  kind: fc.constant('cut' as const),
  ends: fc.constantFrom(['a', 'b'] as const, ['a', 'c'] as const, ['b', 'c'] as const),
  forMs: fc.integer({ min: 1, max: 300 }),
})
const anyScenario = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  interval: fc.integer({ min: 1, max: 5 }),
  delayCompensation: fc.constantFrom(0, 0.5),
  workers: fc.integer({ min: 1, max: 2 }),
  delayMs: fc.constantFrom(1, 10, 40),
  trouble: fc.constantFrom(0, 0.2, 0.5),
  mishaps: fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.oneof(anyCrash, anyCut)), { maxLength: 6 }),
})
type Scenario = typeof anyScenario extends fc.Arbitrary<infer T> ? T : never

function clusterOptions(strategy: string, mode: string, scenario: Scenario, momentum: number): ClusterOptions {
  const { seed, interval, delayCompensation, workers, delayMs, trouble } = scenario
  const isOwn = (at: { region: string; epoch: number; position: number }, trace: (typeof traces)[number]): boolean =>
    trace.region === at.region && trace.epoch === at.epoch && trace.position === at.position
  return {
    regions: names.map((name) => ({ name, samples: samplesOf[name], workers })),
    sync: sync(strategy, { interval, mode, delayCompensation }),
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

/** Through all mishaps to the end; checks what holds for every optimiser. */
async function run(options: ClusterOptions, { mishaps }: Scenario): Promise<Cluster> {
  const cluster = await Cluster.open(options)
  for (const [afterMs, mishap] of mishaps) {
    await cluster.clock.advance(afterMs)
    if (mishap.kind === 'crash') await cluster.crash(mishap.region)
    else cluster.cut(mishap.ends[0], mishap.ends[1], mishap.forMs)
  }
  await cluster.finish()
  cluster.agreedReplica()
  // Nobody ends without a word: at least DRAINED and the final model.
  for (const seq of (await cluster.agreedVersions()).values()) expect(seq).toBeGreaterThanOrEqual(2)
  for (const { finals } of (await cluster.durableStates()).values()) {
    // Masses are shares of one: what a strategy gave away has arrived.
    expect(finals.reduce((sum, { mass }) => sum + mass, 0)).toBeCloseTo(1, 12)
  }
  for (const name of names) expect(cluster.at(name).progress().samplesDone).toBe(samplesOf[name] * epochs)
  return cluster
}

/** A strategy names its modes where it refuses another one; one that refuses none has only its default. */
function modesOf(strategy: string): readonly string[] {
  const memory = VectorMemory.create(2 ** 16)
  const context = {
    region: 'a',
    dataShare: 1,
    replica: Replica.create(aLayout(1), memory),
    memory,
    seed: 1,
    members: () => ['a'],
    hasDrained: () => false,
    versions: () => ({}),
  }
  try {
    createStrategy(sync(strategy, { mode: 'no-such-mode' }), context)
    return ['']
  } catch (error) {
    if (!(error instanceof CloudlessError)) throw error
    const known = /use ([a-z-]+(?:(?:, | or )[a-z-]+)*)$/.exec(error.message)?.[1]
    if (known === undefined) throw new Error(`${strategy} refuses a mode but names none`, { cause: error })
    return known.split(/, | or /)
  }
}
