// A region that comes back takes what the others have, keeps what it has learnt, and uses no sample twice.
import { describe, expect, test } from 'vitest'
import { Cluster, type ClusterOptions } from '../cluster.fixture.ts'
import { outboxUpdatesMax } from '../config.ts'
import { aLayout, aPartition, sync, wholeGradients } from '../partition.fixture.ts'
import { aHeader, aPayload as payloadOf, aStatus } from '../peers/a-peer-side.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { Update } from '../sync/update.ts'
import { recentRoundsMax } from './config.ts'
import { aPlan } from './proposal.fixture.ts'
import type { StateSnapshot } from './types.ts'

const never = new AbortController().signal
const layout = aLayout(2)

function anUpdate(region: string, seq: number, values: readonly number[]): Update {
  const bytes = new Uint8Array(Float32Array.from(values).buffer)
  const isInitial = region === 'a' && seq === 1
  const kind = isInitial ? 'initial' : 'gradient'
  const header = aHeader({ kind, region, seq, learningRates: [1], payload: payloadOf(bytes), cursor: '' })
  return { header: { ...header, layout: isInitial ? layout : null }, bytes }
}

function aSnapshot(versions: Readonly<Record<string, number>>): StateSnapshot {
  const bytes = new Uint8Array(8)
  const plan = aPlan({ isFinalNext: true })
  const state = { commits: [], isFinished: false, askers: {} }
  const vectors = { parameters: payloadOf(bytes) }
  return { round: 0, term: 0, plan, included: {}, cursors: {}, versions, layout, vectors, state }
}

describe('where regions do not wait for each other', () => {
  test('a snapshot without updates that were applied here is not taken', async () => {
    const fetched: string[] = []
    const { partition, clock } = await aPartition('c', ['a', 'b', 'c'], {
      links: {
        fetcher: {
          fetch: (region) => {
            fetched.push(region)
            return new Promise(() => {})
          },
        },
      },
    })
    const { exchange } = partition
    await exchange.receive(anUpdate('a', 1, [1, 2]), never)
    for (const seq of [1, 2]) await exchange.receive(anUpdate('b', seq, [1, 1]), never)
    expect(exchange.status).toMatchObject({ wantsSnapshot: false, applied: {} })
    const behind = { hasBegun: true, firstSeq: 6, lastSeq: 8, revision: 2 }
    exchange.statusChanged('b', aStatus({ hasBegun: true, firstSeq: 1, lastSeq: 2 }))
    exchange.statusChanged('a', aStatus({ ...behind, snapshot: aSnapshot({ a: 8, b: 1 }) }))
    await clock.advance(10)
    expect(exchange.status).toMatchObject({ wantsSnapshot: true, applied: { a: 1, b: 2 } })
    expect(fetched).toEqual([])
    exchange.statusChanged('a', aStatus({ ...behind, revision: 3, snapshot: aSnapshot({ a: 8, b: 2 }) }))
    await clock.advance(10)
    expect(fetched).toEqual(['a'])
    // What came now would be taken back.
    let isTaken = false
    void exchange.receive(anUpdate('b', 3, [1, 1]), never).then(() => (isTaken = true))
    await clock.advance(1000)
    expect([isTaken, exchange.appliedSeqOf('b')]).toEqual([false, 2])
  })

  test('nobody offers one without what the asker has', async () => {
    const { partition, clock } = await aPartition('a', ['a', 'b', 'c'])
    const { exchange } = partition
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await clock.advance(1000)
    exchange.statusChanged('b', aStatus({ hasBegun: true, firstSeq: 1, lastSeq: 1 }))
    exchange.statusChanged('c', aStatus({ hasBegun: true, wantsSnapshot: true, applied: { b: 1 } }))
    await clock.advance(1000)
    expect(exchange.status.snapshot).toBeNull()
    await exchange.receive(anUpdate('b', 1, [1, 1]), never)
    await clock.advance(1000)
    expect(exchange.status.snapshot?.versions).toEqual({ a: 1, b: 1 })
  })
})

describe('where steps go on while others take a snapshot', () => {
  async function aTraining(region: 'a' | 'c', fetch: PeerFetcher['fetch'] = () => new Promise(() => {})) {
    const began = await aPartition(region, ['a', 'b', 'c'], {
      options: { samples: 64, leaseSamples: 64 },
      links: { fetcher: { fetch } },
    })
    const { partition, clock } = began
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    if (region === 'a') partition.initialise('w', Float32Array.of(1, 2))
    else await partition.exchange.receive(anUpdate('a', 1, [1, 2]), never)
    const lease = await partition.lease('w', never)
    if (lease.outcome !== 'granted') throw new Error(lease.outcome)
    let leaseUsed = 0
    const step = () => {
      leaseUsed += 1
      const gradient = Float32Array.of(1, 1)
      const { leaseId } = lease
      return partition.step({ workerId: 'w', leaseId, leaseUsed, samples: 1, loss: 1, learningRates: [1], gradient })
    }
    await clock.advance(1000)
    return { ...began, exchange: partition.exchange, step }
  }

  test('what is being sealed when one has come is told as well, and nothing is fetched twice', async () => {
    let fetches = 0
    const began = await aTraining('c', async () => {
      fetches += 1
      const copy = payloadMemory(began.memory).allocate(8)
      copy.set(new Uint8Array(Float32Array.of(10, 20).buffer))
      // In the same moment.
      void began.step()
      return copy
    })
    const { partition, exchange, clock } = began
    const content = payloadOf(new Uint8Array(Float32Array.of(10, 20).buffer))
    const snapshot = { ...aSnapshot({ a: 8 }), vectors: { parameters: content } }
    exchange.statusChanged('a', aStatus({ hasBegun: true, firstSeq: 6, lastSeq: 8, snapshot }))
    await clock.advance(2000)
    expect([fetches, exchange.appliedSeqOf('a'), exchange.status.wantsSnapshot]).toEqual([1, 8, false])
    expect(exchange.updateAfter(0)?.seq).toBe(1)
    expect(Array.from(partition.replica!.values)).toEqual([9, 19])
  })

  test('nobody waits for a region that takes one', async () => {
    for (const wantsSnapshot of [false, true]) {
      const { exchange, clock, step } = await aTraining('a')
      exchange.statusChanged('b', aStatus({ hasBegun: true }))
      exchange.statusChanged('c', aStatus({ hasBegun: true, wantsSnapshot }))
      let done = 0
      for (let i = 0; i < outboxUpdatesMax + 4; i++) {
        void Promise.resolve(step()).then(() => (done += 1))
        await clock.advance(100)
        for (const region of ['b', 'c']) exchange.heard(region)
        exchange.acknowledge('b', exchange.status.lastSeq)
      }
      // The first parameters take a place, too.
      expect(done).toBe(wantsSnapshot ? outboxUpdatesMax + 4 : outboxUpdatesMax - 1)
    }
  })
})

describe('a link that is cut', () => {
  test('between the hub and who needs a snapshot: another region offers one', async () => {
    const samples = 60
    const cluster = await Cluster.open({
      regions: ['a', 'b', 'c'].map((name) => ({ name, samples })),
      sync: sync('diloco', { interval: 5, codec: 'fp32', graceMinMs: 50, graceMaxMs: 1000 }),
      layout: aLayout(4),
      initial: [8, -4, 2, 1],
      gradientOf: wholeGradients,
      learningRate: 2 ** -7,
      batch: 1,
      epochs: 2,
    })
    await cluster.clock.advance(120)
    cluster.cut('c', 'a', 600_000)
    cluster.cut('c', 'b', 20_000)
    await cluster.clock.advance(60_000)
    const statusOf = (region: string) => cluster.at(region).exchange.status
    expect(statusOf('a').isHub).toBe(true)
    expect(statusOf('a').committedRound).toBeGreaterThan(recentRoundsMax)
    expect([statusOf('c').wantsSnapshot, statusOf('c').committedRound]).toEqual([false, statusOf('b').committedRound])
  })
})

describe('a lost disk', () => {
  const options: ClusterOptions = {
    regions: [
      { name: 'a', samples: 120 },
      { name: 'b', samples: 90 },
      { name: 'c', samples: 60 },
    ],
    sync: sync('diloco', { interval: 5, codec: 'fp32', graceMinMs: 50, graceMaxMs: 1000 }),
    layout: aLayout(4),
    initial: [8, -4, 2, 1],
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
    batch: 1,
    epochs: 2,
  }

  test.each(['a', 'b', 'c'])('of %s: it rejoins, every sample counts once, and all end alike', async (lost) => {
    for (const afterMs of [120, 400]) {
      const cluster = await Cluster.open({ ...options, seed: afterMs })
      await cluster.clock.advance(afterMs)
      const before = cluster.at(lost).progress()
      expect(before.samplesDone).toBeGreaterThan(0)
      await cluster.loseDisk(lost)
      await cluster.finish()
      cluster.agreedReplica()
      for (const { name, samples } of options.regions) {
        const { samplesDone, samplesTotal } = cluster.at(name).progress()
        expect([name, samplesDone, samplesTotal]).toEqual([name, 2 * samples, 2 * samples])
      }
    }
  })

  test('what a region learnt while it was cut off stays, as long as the job does not drop it', async () => {
    const cluster = await Cluster.open(options)
    await cluster.clock.advance(120)
    for (const other of ['a', 'b']) cluster.cut('c', other, 20_000)
    await cluster.clock.advance(19_000)
    const alone = cluster.at('c').progress()
    expect(alone.samplesDone).toBe(120)
    await cluster.finish()
    cluster.agreedReplica()
    // Its samples are in a round after the cut, which it took a snapshot for.
    const rounds = cluster.at('a').records.waiting.flatMap((record) => (record.kind === 'round' ? [record] : []))
    expect(rounds.some(({ members }) => !members.includes('c'))).toBe(true)
    expect(rounds.at(-1)!.members).toEqual(['a', 'b', 'c'])
  })
})
