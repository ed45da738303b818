// Each region's change counts alike in strategy hierarchical, whether its round has others in or not.
import { expect, test } from 'vitest'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync } from '../partition.fixture.ts'

const learningRate = 2 ** -7
const samples = [120, 60]

test.each([1, 2])('with rate 1 every change is applied in full in rounds of a quorum of %d', async (quorum) => {
  const graces = quorum === 1 ? {} : { graceMinMs: 3_600_000, graceMaxMs: 3_600_000 }
  const cluster = await Cluster.open({
    regions: ['a/1', 'b/2'].map((name, i) => ({ name, samples: samples[i]! })),
    sync: sync('hierarchical', {
      interval: 4,
      codec: 'fp32',
      quorum,
      ...graces,
      outerLearningRate: 1,
      outerMomentum: 0,
      outerDelay: 1,
    }),
    layout: aLayout(2),
    initial: [0, 0],
    // Each region moves a parameter of its own.
    gradientOf: ({ region }) => (region === 'a/1' ? [1, 0] : [0, 1]),
    learningRate,
    batch: 1,
  })
  await cluster.finish()
  const moved = Array.from(cluster.agreedReplica(), (value) => -value / learningRate)
  for (const [i, most] of samples.entries()) {
    expect(moved[i]).toBeLessThanOrEqual(most)
    // Of what is left for the last round, the mean is taken.
    expect(moved[i]).toBeGreaterThan(0.8 * most)
  }
})
