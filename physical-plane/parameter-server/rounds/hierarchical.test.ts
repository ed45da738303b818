// Each region's change counts alike in strategy hierarchical, whether its round has others in or not.
import { expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'

async function modelOf(given: GivenSync & { readonly strategy: string }): Promise<Float32Array> {
  const cluster = await Cluster.open({
    regions: ['a/1', 'b/2'].map((name) => ({ name, samples: 60 })),
    sync: { interval: 4, codec: 'fp32', graceMinMs: 3_600_000, graceMaxMs: 3_600_000, quorum: 2, ...given },
    layout: aLayout(8),
    initial: Array.from({ length: 8 }, (_, i) => i - 4),
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
  })
  await cluster.finish()
  return cluster.agreedReplica()
}

test('rounds that have everybody in apply the mean in full', async () => {
  const hierarchical = await modelOf(sync('hierarchical', { outerMomentum: 0, outerDelay: 1 }))
  const averaging = await modelOf(sync('streaming-diloco', { fragments: 1, outerLearningRate: 1, outerMomentum: 0 }))
  expect(hierarchical).toEqual(averaging)
  const half = await modelOf(sync('streaming-diloco', { fragments: 1, outerLearningRate: 0.5, outerMomentum: 0 }))
  expect(half).not.toEqual(averaging)
})
