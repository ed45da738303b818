// Who leads, in whole clusters: where disks are slow, and where only some regions hear each other.
import { describe, expect, test } from 'vitest'
import { Cluster, type ClusterOptions } from '../cluster.fixture.ts'
import { silenceMs } from './config.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'

const names = ['a/1', 'b/2', 'c/3'] as const
const minuteMs = 60_000

function aCluster(change: Partial<ClusterOptions> = {}): Promise<Cluster> {
  return Cluster.open({
    regions: names.map((name) => ({ name, samples: 1000 })),
    sync: sync('diloco', { interval: 8, graceMinMs: 100, graceMaxMs: 5000 }),
    layout: aLayout(8),
    initial: Array.from({ length: 8 }, (_, i) => i - 4),
    gradientOf: wholeGradients,
    learningRate: 2 ** -9,
    delayMs: 200,
    ...change,
  })
}

/** Runs until it is so; answers whether it was within `limitMs`. */
async function until(cluster: Cluster, isSo: () => boolean, limitMs: number): Promise<boolean> {
  const endMs = cluster.clock.now() + limitMs
  while (!isSo()) {
    if (cluster.failure !== null) throw cluster.failure
    if (!(await cluster.clock.step(endMs))) return isSo()
  }
  return true
}

function statusOf(cluster: Cluster, region: string) {
  return cluster.at(region).exchange.status
}

function hubsAmong(cluster: Cluster, regions: readonly string[]): readonly string[] {
  return regions.filter((region) => statusOf(cluster, region).isHub)
}

describe('a hub', () => {
  test.each([0, 1500, 4000])('is elected where a checkpoint takes %i ms, and again when it is lost', async (saveMs) => {
    const cluster = await aCluster({ saveMs })
    const hasRounds = (regions: readonly string[], rounds: number): boolean =>
      regions.every((region) => statusOf(cluster, region).committedRound >= rounds)
    expect(await until(cluster, () => hasRounds(names, 2), 5 * minuteMs)).toBe(true)
    const [hub] = hubsAmong(cluster, names)
    const others = names.filter((name) => name !== hub)
    for (const other of others) cluster.cut(hub!, other, 20 * minuteMs)
    const rounds = statusOf(cluster, others[0]!).committedRound
    expect(await until(cluster, () => hasRounds(others, rounds + 3), 5 * minuteMs)).toBe(true)
    expect(hubsAmong(cluster, others)).toHaveLength(1)
    await cluster.finish()
    cluster.agreedReplica()
  })

  test('that says that it stops is not waited for: another one leads before its silence would tell', async () => {
    const cluster = await aCluster()
    await until(cluster, () => names.every((name) => statusOf(cluster, name).committedRound > 2), minuteMs)
    const [hub] = hubsAmong(cluster, names)
    const others = names.filter((name) => name !== hub)
    cluster.at(hub!).tellLeaving()
    expect(await until(cluster, () => hubsAmong(cluster, others).length > 0, silenceMs)).toBe(true)
    const rounds = statusOf(cluster, others[0]!).committedRound
    await until(cluster, () => statusOf(cluster, others[0]!).committedRound > rounds + 2, minuteMs)
    const absences = cluster.at(others[0]!).records.waiting.map((record) => record.kind === 'round' && record.absent)
    expect(absences).toContainEqual({ [hub!]: 'stopped' })
    await cluster.crash(hub!)
    await cluster.finish()
    cluster.agreedReplica()
  })

  test('that stood still does not take the others for away before it has read what they said', async () => {
    const cluster = await aCluster()
    await until(cluster, () => names.every((name) => statusOf(cluster, name).committedRound > 2), minuteMs)
    const [hub] = hubsAmong(cluster, names)
    const { term } = statusOf(cluster, hub!)
    cluster.trouble.pause(hub!, 10 * silenceMs)
    await cluster.clock.advance(2 * silenceMs)
    expect([hubsAmong(cluster, names), statusOf(cluster, hub!).term]).toEqual([[hub], term])
    await cluster.finish()
  })

  test('stays where one link of three is cut, and who is on its wrong side stays in the rounds', async () => {
    const cluster = await aCluster({ regions: names.map((name) => ({ name, samples: 2500 })) })
    await until(cluster, () => names.every((name) => statusOf(cluster, name).committedRound > 2), minuteMs)
    const [hub] = hubsAmong(cluster, names)
    const [far, between] = names.filter((name) => name !== hub)
    const { term, committedRound } = statusOf(cluster, hub!)
    const forMs = 2 * minuteMs
    cluster.cut(hub!, far!, forMs)
    await cluster.clock.advance(forMs)
    expect(names.map((name) => [name, statusOf(cluster, name).term])).toEqual(names.map((name) => [name, term]))
    expect(hubsAmong(cluster, names)).toEqual([hub])
    const [there, here] = [statusOf(cluster, far!), statusOf(cluster, between!)].map((status) => status.committedRound)
    expect(here! - committedRound).toBeGreaterThan(20)
    expect(here! - there!).toBeLessThan(3)
    expect(cluster.failure).toBeNull()
    await cluster.finish()
    cluster.agreedReplica()
  })
})
