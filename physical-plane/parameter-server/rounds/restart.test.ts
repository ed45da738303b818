// A crash and a restart from the checkpoint end like the run that was never interrupted, bit for bit (invariant I20), where
// nothing else depends on time: one worker per region, everybody waited for, the same steps in every region.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { Cluster, type ClusterOptions } from '../cluster.fixture.ts'
import { aLayout, sync } from '../partition.fixture.ts'

const names = ['a/1', 'b/2', 'c/3'] as const
const patient: GivenSync = { pacing: 'even', graceMinMs: 3_600_000, graceMaxMs: 3_600_000 }

/** Gradients depend on the parameters, the region and the sample, so that nothing can be left out or repeated unseen. */
const pull: ClusterOptions['gradientOf'] = ({ region, epoch, position, values }) =>
  Array.from(values, (value, i) => {
    const target = region.charCodeAt(0) - 98 + Math.sin(7 * position + 3 * epoch + i)
    return i === values.length - 1 ? 0.25 : value - target
  })

function job(regions: number, given: GivenSync & { readonly strategy: string }): ClusterOptions {
  return {
    regions: names.slice(0, regions).map((name, i) => ({ name, samples: 24 - 5 * i, workers: 1 })),
    sync: { ...patient, quorum: regions, ...given },
    layout: aLayout(5, { buffers: 1, group: { momentum: 0.5 } }),
    initial: [4, -3, 2, -1, 0.5, 0],
    gradientOf: pull,
    learningRate: 0.125,
    batch: 1,
    epochs: 2,
  }
}

type TrainingState = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>

/**
 * All that the last checkpoints hold of training: replica and optimiser, shared parameters and momentum, residuals of what
 * regions offered and of what the hub encoded.
 */
async function stateOf(cluster: Cluster): Promise<TrainingState> {
  cluster.agreedReplica()
  const states: Record<string, Readonly<Record<string, readonly number[]>>> = {}
  for (const { name, store } of cluster.nodes.values()) {
    const { vectors } = (await store.load())!
    const kept = Object.entries(vectors).filter(([key]) => /^(values|optimiser|rounds\/(shared|offer|hub))/.test(key))
    states[name] = Object.fromEntries(kept.map(([key, values]) => [key, Array.from(values)]))
  }
  return states
}

async function run(
  options: ClusterOptions,
  crashes: readonly { afterMs: number; region: string }[],
): Promise<TrainingState> {
  const cluster = await Cluster.open(options)
  for (const { afterMs, region } of crashes) {
    await cluster.clock.advance(afterMs)
    await cluster.crash(region)
  }
  await cluster.finish()
  return stateOf(cluster)
}

describe('crashes change no bit', () => {
  test.each([
    ['model-averaging of two regions', 2, sync('model-averaging', { interval: 3 })],
    ['model-averaging of three regions', 3, sync('model-averaging', { interval: 3 })],
    ['diloco of two regions, exact', 2, sync('diloco', { interval: 4, codec: 'fp32' })],
    ['diloco of three regions, exact', 3, sync('diloco', { interval: 4, codec: 'fp32' })],
    ['diloco of three regions in int8, whose hub keeps what its own encoding lost', 3, sync('diloco', { interval: 3 })],
    ['diloco of two regions in int8 with momentum', 2, sync('diloco', { interval: 3, outerMomentum: 0.9 })],
    ['diloco of two regions, top-k', 2, sync('diloco', { interval: 3, codec: 'top-k', density: 0.4 })],
    ['diloco of two regions, sparse-loco', 2, sync('diloco', { interval: 3, codec: 'sparse-loco', density: 0.4 })],
  ] as const)('%s', async (_, regions, given) => {
    const options = job(regions, given)
    const calm = await run(options, [])
    const crash = fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      region: fc.constantFrom(...names.slice(0, regions)),
    })
    const scenario = fc.record({
      seed: fc.integer({ min: 1, max: 1e9 }),
      trouble: fc.constantFrom(0, 0.2),
      crashes: fc.array(crash, { minLength: 1, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, trouble, crashes }) => {
        expect(await run({ ...options, seed, trouble }, crashes)).toEqual(calm)
      }),
      { numRuns: 12 },
    )
  })

  test("the hub's residual is among what is compared, where there is one", async () => {
    const state = await run(job(3, sync('diloco', { interval: 3 })), [])
    const residuals = Object.values(state).flatMap((vectors) => vectors['rounds/hub/residual'] ?? [])
    expect(residuals.some((lost) => lost !== 0)).toBe(true)
  })
})
