// interval_max is a bound: where exchanges take longer than so many local steps, the steps wait for them.
import { describe, expect, test } from 'vitest'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'

const names = ['a/1', 'b/2', 'c/3']

async function openCluster(regions: number, given: GivenSync): Promise<Cluster> {
  return Cluster.open({
    regions: names.slice(0, regions).map((name) => ({ name, samples: 200 })),
    sync: sync('auto', { fragments: 1, intervalMin: 1, ...given }),
    layout: aLayout(8),
    initial: Array.from({ length: 8 }, (_, i) => i - 4),
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
    // A round crosses the network many times, a step takes one delay.
    delayMs: 40,
    batch: 1,
  })
}

/** The most local steps behind any contribution of a region, until all are done. */
async function mostSteps(cluster: Cluster): Promise<number> {
  let most = 0
  const partitions = [...cluster.nodes.values()].map(({ partition }) => partition)
  while (partitions.some((partition) => !partition.isReleased)) {
    expect(await cluster.clock.step(cluster.clock.now() + 600_000)).toBe(true)
    for (const { exchange } of partitions) most = Math.max(most, exchange.status.contribution?.steps ?? 0)
  }
  return most
}

describe('the longest interval', () => {
  test.each([2, 3])('is not passed in %i regions, and without it more steps go by', async (regions) => {
    expect(await mostSteps(await openCluster(regions, { intervalMax: 100 }))).toBeGreaterThan(5)
    // The step that was under way when the round came counts too.
    expect(await mostSteps(await openCluster(regions, { intervalMax: 3 }))).toBeLessThanOrEqual(4)
  })

  test('of regions that are away is not waited for', async () => {
    const cluster = await openCluster(2, { intervalMax: 3 })
    await cluster.clock.advance(2000)
    cluster.cut('a/1', 'b/2', 60_000)
    await cluster.clock.advance(1000)
    const before = cluster.at('a/1').progress().samplesDone
    await cluster.clock.advance(30_000)
    expect(cluster.at('a/1').progress().samplesDone).toBe(200)
    expect(before).toBeLessThan(200)
    await cluster.finish()
    cluster.agreedReplica()
  })
})
