// A prune reaches everybody from whoever hears the control plane, and then nobody waits for the dead.
import { describe, expect, test } from 'vitest'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'

const names = ['a/1', 'b/2', 'c/3'] as const
const minuteMs = 60_000

describe('a prune', () => {
  test.each(['asgd-ga', 'diloco', 'auto'])(
    'that one region was told of ends the job of all, under %s',
    async (strategy) => {
      const cluster = await Cluster.open({
        regions: names.map((name) => ({ name, samples: 60 })),
        sync: sync(strategy),
        layout: aLayout(8),
        initial: Array.from({ length: 8 }, (_, i) => i - 4),
        gradientOf: wholeGradients,
        learningRate: 2 ** -7,
      })
      const [told, untold, dead] = names.map((name) => cluster.at(name))
      while (told!.progress().samplesDone < 20) await cluster.clock.step()
      // Dead for the others from here on.
      for (const name of names.slice(0, 2)) cluster.cut(name, 'c/3', 1000 * minuteMs)
      await cluster.clock.advance(minuteMs)
      const living = [told!, untold!]
      expect(living.map(({ isReleased }) => isReleased)).toEqual([false, false])
      const peers = names.map((region) => ({ region, endpoint: '', pruned: region === 'c/3' }))
      cluster.tell({ epoch: 1, peers }, ['a/1'])
      const endsAtMs = cluster.clock.now() + 10 * minuteMs
      while (!living.every(({ isReleased }) => isReleased)) {
        expect(await cluster.clock.step(endsAtMs)).toBe(true)
        if (cluster.failure !== null) throw cluster.failure
      }
      expect(living.map(({ members }) => members.pruned)).toEqual([['c/3'], ['c/3']])
      const [hash, other] = living.map((partition) => partition.progress().modelHash)
      expect(hash).toBe(other)
      expect(dead!.isReleased).toBe(false)
    },
  )
})
