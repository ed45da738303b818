import { describe, expect, test } from 'vitest'
import { strategies } from '#proto/sync/strategies.ts'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'

describe('every strategy', () => {
  test.each([...strategies.keys()])('%s ends with one model in three uneven regions', async (name) => {
    const cluster = await Cluster.open({
      regions: [
        { name: 'a/1', samples: 60 },
        { name: 'b/2', samples: 40 },
        { name: 'c/3', samples: 20 },
      ],
      sync: sync(name),
      layout: aLayout(8),
      initial: Array.from({ length: 8 }, (_, i) => i - 4),
      gradientOf: wholeGradients,
      learningRate: 2 ** -7,
      epochs: 2,
    })
    await cluster.finish(600_000)
    expect(cluster.agreedReplica().length).toBe(8)
    for (const { partition } of cluster.nodes.values()) {
      const { samplesDone, samplesTotal } = partition.progress()
      expect(samplesDone).toBe(samplesTotal)
    }
  })
})
