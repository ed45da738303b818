import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLayout, Cluster, sync, wholeGradients, type ClusterOptions } from './partition.fixture.ts'

const three = [
  { name: 'a', samples: 24 },
  { name: 'b', samples: 16 },
  { name: 'c', samples: 8 },
] as const

const base: ClusterOptions = {
  regions: three,
  sync: sync('asgd-ga', { interval: 4 }),
  layout: aLayout(3),
  initial: [8, -4, 2],
  gradientOf: wholeGradients,
  learningRate: 2 ** -4,
}

/** First values minus rate × the sum of every sample's gradient: what any order of plain SGD steps must end with. */
function descended(options: ClusterOptions, weightOf: (region: string) => number = () => 1): number[] {
  const result = [...options.initial]
  for (const { name, samples } of options.regions) {
    for (let epoch = 0; epoch < (options.epochs ?? 1); epoch++) {
      for (let position = 0; position < samples; position++) {
        const values = new Float32Array(result.length)
        const gradient = options.gradientOf({ region: name, epoch, position, values })
        for (let i = 0; i < result.length; i++) result[i]! -= options.learningRate * weightOf(name) * gradient[i]!
      }
    }
  }
  return result
}

describe('accumulated updates', () => {
  test('every replica ends at w0 - rate × the sum of all gradients, whatever is delayed, repeated, lost or killed', async () => {
    const scenario = fc.record({
      seed: fc.integer({ min: 1, max: 1e9 }),
      interval: fc.integer({ min: 1, max: 9 }),
      epochs: fc.integer({ min: 1, max: 2 }),
      trouble: fc.constantFrom(0, 0.2, 0.5),
      workers: fc.integer({ min: 1, max: 3 }),
      workerMode: fc.constantFrom('asynchronous' as const),
      crashes: fc.array(
        fc.record({ afterMs: fc.integer({ min: 0, max: 120 }), region: fc.constantFrom('a', 'b', 'c') }),
        {
          maxLength: 4,
        },
      ),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, interval, epochs, trouble, workers, workerMode, crashes }) => {
        const regions = three.map((region) => ({ ...region, workers }))
        const options = { ...base, regions, seed, epochs, trouble, workerMode, sync: sync('asgd-ga', { interval }) }
        const cluster = await Cluster.open(options)
        for (const { afterMs, region } of crashes) {
          await cluster.clock.advance(afterMs)
          await cluster.crash(region)
        }
        await cluster.finish()
        expect(Array.from(cluster.agreedReplica())).toEqual(descended(options))
        for (const { name, samples } of regions) expect(cluster.at(name).progress().samplesDone).toBe(samples * epochs)
      }),
      { numRuns: 60 },
    )
  })
})
