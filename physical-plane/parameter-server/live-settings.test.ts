// How often regions exchange changes while they train: nothing is lost by it.
import { expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { Cluster } from './cluster.fixture.ts'
import { aLayout, sync } from './partition.fixture.ts'

const samples = 96
const learningRate = 2 ** -6

async function trained(strategy: string, given: GivenSync, later: { interval: number; intervalMin: number } | null) {
  const names = ['a', 'b'] as const
  const cluster = await Cluster.open({
    regions: names.map((name) => ({ name, samples })),
    sync: sync(strategy, given),
    layout: aLayout(2),
    initial: [0, 0],
    // Each region has a coordinate, which every one of its samples moves by one.
    gradientOf: ({ region }) => (region === 'a' ? [1, 0] : [0, 1]),
    learningRate,
    batch: 1,
    seed: 3,
  })
  if (later !== null) {
    while (names.some((name) => cluster.at(name).progress().samplesDone < samples / 3)) await cluster.clock.step()
    for (const name of names) cluster.at(name).direct({ book: null, drain: false, interval: later })
  }
  let interval = 0
  while (names.some((name) => !cluster.at(name).isReleased)) {
    await cluster.clock.step()
    interval = Math.max(interval, cluster.at('a').progress().sync?.interval ?? 0)
  }
  const moved = Array.from(cluster.agreedReplica(), (value) => -value / learningRate)
  const rounds = names.map((name) => cluster.at(name).progress().rounds)
  return { moved, rounds: Math.max(...rounds), interval }
}

test('sums go out less often from then on, and every sample counts', async () => {
  const often = await trained('asgd-ga', { interval: 2 }, null)
  const seldom = await trained('asgd-ga', { interval: 2 }, { interval: 16, intervalMin: 0 })
  expect(seldom.rounds).toBeLessThan(often.rounds * 0.6)
  expect([...often.moved, ...seldom.moved]).toEqual([samples, samples, samples, samples])
})

test('rounds come less often from then on, and regions agree in the end', async () => {
  const given = { interval: 2, codec: 'fp32', outerLearningRate: 1, outerMomentum: 0 } as const
  const often = await trained('diloco', given, null)
  const seldom = await trained('diloco', given, { interval: 16, intervalMin: 0 })
  expect(seldom.rounds).toBeLessThan(often.rounds * 0.6)
  // An average weighs a step by when it was made.
  for (const value of seldom.moved) expect(value).toBeGreaterThan(samples / 4)
})

test('auto takes no shorter interval than it is told', async () => {
  const before = await trained('auto', { intervalMin: 2, fragments: 1 }, null)
  const after = await trained('auto', { intervalMin: 2, fragments: 1 }, { interval: 0, intervalMin: 60 })
  // The slower region makes fewer.
  expect(before.interval).toBeLessThanOrEqual(16)
  expect(after.interval).toBeGreaterThan(40)
  expect(after.rounds).toBeLessThan(before.rounds)
})
