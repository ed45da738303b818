// Partitions of one job, whatever the network and the machines do: what regions that do not wait for each other end with
// is the first values and every change, once (I7), however often and in which order it comes (I8).
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cluster, type ClusterOptions } from './cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from './partition.fixture.ts'

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
      { numRuns: 40 },
    )
  })

  test('a synchronous group of workers ends at the same sum of averages as one worker', async () => {
    const regions = three.map((region) => ({ ...region, workers: 3 }))
    const options = { ...base, regions, workerMode: 'synchronous' as const, learningRate: 2 ** -3 }
    const cluster = await Cluster.open(options)
    await cluster.clock.advance(30)
    await cluster.crash('b')
    await cluster.finish()
    cluster.agreedReplica()
    for (const { name, samples } of regions) expect(cluster.at(name).progress().samplesDone).toBe(samples)
    // Groups of up to three steps of two samples, so fewer optimiser steps than workers' steps.
    expect(cluster.at('a').progress().steps).toBeLessThan(24 / 2)
  })

  test('who was away for longer than updates are kept takes a snapshot, and every gradient still counts once', async () => {
    const scenario = fc.record({
      seed: fc.integer({ min: 1, max: 1e9 }),
      interval: fc.integer({ min: 1, max: 3 }),
      isAlone: fc.boolean(),
      crashed: fc.constantFrom('', 'a', 'a', 'b', 'c'),
    })
    let snapshots = 0
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, interval, isAlone, crashed }) => {
        const regions = three.map((region) => ({ ...region, samples: 10 * region.samples }))
        const options = { ...base, regions, seed, trouble: 0.2, sync: sync('asgd-ga', { interval }) }
        const cluster = await Cluster.open(options)
        await cluster.clock.advance(60)
        cluster.cut('a', 'c', 9000)
        if (isAlone) cluster.cut('b', 'c', 9300)
        await cluster.clock.advance(9000)
        if (crashed !== '') await cluster.crash(crashed)
        for (let at = 0; at < 400; at++) {
          await cluster.clock.advance(5)
          if (cluster.at('c').exchange.status.wantsSnapshot) snapshots += 1
        }
        await cluster.finish()
        expect(Array.from(cluster.agreedReplica())).toEqual(descended(options))
        await cluster.agreedVersions()
      }),
      { numRuns: 20 },
    )
    expect(snapshots).toBeGreaterThan(20)
  })

  test('in mode mean every region counts with its share', async () => {
    const options = { ...base, sync: sync('asgd-ga', { interval: 3, mode: 'mean' }), regions: halves }
    const cluster = await Cluster.open(options)
    await cluster.finish()
    expect(Array.from(cluster.agreedReplica())).toEqual(descended(options, () => 0.5))
  })

  test('momentum sends changes, and all regions end with the first values plus all changes', async () => {
    const layout = aLayout(3, { group: { momentum: 0.5 } })
    const options = { ...base, layout, regions: halves, sync: sync('asgd'), trouble: 0.3 }
    const cluster = await Cluster.open(options)
    await cluster.clock.advance(40)
    await cluster.crash('b')
    await cluster.finish()
    const moved = cluster.agreedReplica().map((value, i) => value - options.initial[i]!)
    expect(Math.abs(moved[0]!)).toBeGreaterThan(0)
  })

  test('buffers move by the shares of the regions, own included, in any order', async () => {
    const layout = aLayout(1, { buffers: 1 })
    const gradientOf = () => [1, 8]
    const options = { ...base, layout, gradientOf, initial: [0, 0], regions: halves, trouble: 0.3 }
    const cluster = await Cluster.open(options)
    await cluster.finish()
    // 16 samples in all: 16 gradients of 1 at rate 1/16; 16 changes of 8 at share 1/2.
    expect(Array.from(cluster.agreedReplica())).toEqual([-1, 64])
  })
})

const halves = [
  { name: 'a', samples: 8 },
  { name: 'b', samples: 8 },
] as const

describe('one region alone', () => {
  test.each(['asgd', 'asgd-ga', 'model-averaging'])('%s is plain SGD and sends nothing', async (strategy) => {
    const options = { ...base, regions: [{ name: 'a', samples: 24 }], sync: sync(strategy), epochs: 2 }
    const cluster = await Cluster.open(options, 'a')
    await cluster.finish()
    expect(Array.from(cluster.agreedReplica())).toEqual(descended(options))
    expect(cluster.at('a').progress().wanBytesSent).toEqual({})
    expect(cluster.evaluations).toEqual([
      { region: 'a', isFinal: false },
      { region: 'a', isFinal: true },
    ])
  })
})

describe('gossip', () => {
  test('ends with equal models, whatever is delayed or killed', async () => {
    const scenario = fc.record({ seed: fc.integer({ min: 1, max: 1e9 }), afterMs: fc.integer({ min: 0, max: 150 }) })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, afterMs }) => {
        const cluster = await Cluster.open({
          ...base,
          seed,
          sync: sync('model-averaging', { interval: 2, mode: 'asynchronous' }),
        })
        await cluster.clock.advance(afterMs)
        await cluster.crash('a')
        await cluster.finish()
        expect(cluster.agreedReplica()).toHaveLength(3)
      }),
      { numRuns: 15 },
    )
  })
})
