// A contribution that nobody can use is left out of its round and shown, and the job goes on without it; what two regions
// tell each other crosses the link between them once.
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { Cluster, type ClusterOptions } from '../cluster.fixture.ts'
import { aLayout, sync } from '../partition.fixture.ts'

const reason = 'its contribution was refused: MALFORMED_ENCODING'

function options(regions: readonly string[], onFetched: ClusterOptions['onFetched']): ClusterOptions {
  return {
    regions: regions.map((name) => ({ name, samples: 40 })),
    sync: sync('diloco', { interval: 5, codec: 'fp32', graceMinMs: 50, graceMaxMs: 1000 }),
    layout: aLayout(20),
    initial: Array.from({ length: 20 }, (_, i) => i - 10),
    // No two contributions have the same bytes.
    gradientOf: ({ region, position, values }) =>
      Array.from(values, (_, i) => Math.sin(100 * region.charCodeAt(0) + 7 * position + i)),
    learningRate: 2 ** -7,
    ...(onFetched === undefined ? {} : { onFetched }),
  }
}

function roundsOf(cluster: Cluster, region: string) {
  const rounds = cluster.at(region).records.waiting.filter((record) => record.kind === 'round')
  // The first records are of the parameters that all begin with.
  return rounds.filter(({ round }) => round > 0)
}

function spoil(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat32(0, Number.NaN, true)
}

describe('a job of which one region can not be understood', () => {
  test.each([
    ['two', ['a', 'b']],
    ['three', ['a', 'b', 'c']],
  ])('goes on without it to its end, in %s regions', async (_, regions) => {
    const last = regions.at(-1)!
    const cluster = await Cluster.open(
      options(regions, ({ from, to, bytes }) => {
        if (from === last && to === 'a') spoil(bytes)
      }),
    )
    await cluster.finish()
    cluster.agreedReplica()
    const rounds = roundsOf(cluster, 'a')
    expect(rounds.length).toBeGreaterThan(2)
    const refused = rounds.filter(({ absent }) => absent[last] === reason)
    expect(refused.length).toBeGreaterThan(1)
    expect(refused.some(({ members }) => members.includes('a'))).toBe(true)
    // At the end as well: nobody waits for what will never come.
    expect(rounds.at(-1)!.absent).toEqual({ [last]: reason })
    const { lateCarried, lateDropped } = cluster.at(last).progress().sync!
    expect([lateCarried, lateDropped]).toEqual([refused.length, 1])
    // Once a round: in these, and in that of nobody that announces the last one and has no record.
    expect(cluster.at('a').progress().sync?.refused).toEqual({ [`MALFORMED_ENCODING of ${last}`]: refused.length + 1 })
  })

  test('is one whose bytes are never those that it announces', async () => {
    const cluster = await Cluster.open(
      options(['a', 'b'], ({ from, to }) => {
        if (from === 'b' && to === 'a') throw new CloudlessError('invalid', 'PAYLOAD_DIFFERS', 'other bytes')
      }),
    )
    await cluster.finish()
    cluster.agreedReplica()
    const rounds = roundsOf(cluster, 'a')
    expect(rounds.at(-1)!.absent['b']).toContain('PAYLOAD_DIFFERS')
    expect(Object.keys(cluster.at('a').progress().sync!.refused)).toEqual(['PAYLOAD_DIFFERS of b'])
  })

  test('only once takes it back in with the next round, and loses nothing', async () => {
    let spoilt = 0
    const cluster = await Cluster.open(
      options(['a', 'b'], ({ from, bytes }) => {
        if (from === 'b' && spoilt === 0) {
          spoilt += 1
          spoil(bytes)
        }
      }),
    )
    await cluster.finish()
    cluster.agreedReplica()
    const rounds = roundsOf(cluster, 'a')
    expect(rounds.filter(({ absent }) => absent['b'] === reason)).toHaveLength(1)
    expect(rounds.at(-1)!.members).toEqual(['a', 'b'])
    expect(cluster.at('a').progress().sync?.refused).toEqual({ 'MALFORMED_ENCODING of b': 1 })
  })
})

test('a hub whose results nobody else can use is replaced, and the job goes on', async () => {
  // What the first region made of a round, as opposed to its own contributions.
  const isResult = (sha256: string): boolean => cluster.at('a').exchange.status.proposed?.result?.sha256 === sha256
  const cluster: Cluster = await Cluster.open(
    options(['a', 'b', 'c'], ({ from, sha256, bytes }) => {
      if (from === 'a' && isResult(sha256)) spoil(bytes)
    }),
  )
  await cluster.finish()
  cluster.agreedReplica()
  const hubs = new Set(roundsOf(cluster, 'c').map(({ hub }) => hub))
  expect(hubs.has('a')).toBe(false)
  for (const region of ['b', 'c']) {
    expect(cluster.at(region).progress().sync?.refused['MALFORMED_ENCODING of a']).toBeGreaterThan(0)
  }
  expect(roundsOf(cluster, 'c').at(-1)!.members).toEqual(['a', 'b', 'c'])
})

test('two regions that swap contributions fetch each of them once, whoever offers last', async () => {
  for (const seed of [1, 2, 3, 4]) {
    const fetches = new Map<string, number>()
    const cluster = await Cluster.open({
      ...options(['a', 'b'], ({ to, sha256 }) => {
        fetches.set(`${to} ${sha256}`, (fetches.get(`${to} ${sha256}`) ?? 0) + 1)
      }),
      seed,
      // The hub has twice as many samples in a step, and takes longer.
      regions: [
        { name: 'a', samples: 40, batch: 1 },
        { name: 'b', samples: 40, batch: 2 },
      ],
      delayMs: 200,
    })
    await cluster.finish()
    expect(fetches.size).toBeGreaterThan(4)
    expect([...fetches.values()].filter((count) => count > 1)).toEqual([])
  }
})
