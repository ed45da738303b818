// What a partition that lost its disk told others, they may still have; and what only it had is gone.
import { describe, expect, test } from 'vitest'
import { aLayout, aPartition, sync } from '../partition.fixture.ts'
import { aHeader, aPayload, aStatus } from '../peers/a-peer-side.ts'
import type { Update } from '../sync/update.ts'
import { aPlan } from './proposal.fixture.ts'
import type { StateSnapshot } from './types.ts'

const never = new AbortController().signal
const layout = aLayout(2)
const regions = ['a', 'b', 'c']
const worker = { workerId: 'w', instanceId: 'i', attempt: 1, layout }
const secondAttempt = { options: { attempt: 2 } }

function anUpdate(region: string, seq: number): Update {
  const bytes = new Uint8Array(Float32Array.of(1, 1).buffer)
  const kind = seq === 1 && region === 'a' ? 'initial' : 'gradient'
  const header = aHeader({ kind, region, seq, learningRates: [1], payload: aPayload(bytes), cursor: '' })
  return { header: { ...header, layout: kind === 'initial' ? layout : null }, bytes }
}

function aSnapshot(incarnation: number, versions: Readonly<Record<string, number>>): StateSnapshot {
  const bytes = new Uint8Array(8)
  const state = { commits: [], isFinished: false, askers: { c: incarnation } }
  const vectors = { parameters: aPayload(bytes) }
  return { round: 0, term: 0, plan: aPlan({}), included: {}, cursors: {}, versions, layout, vectors, state }
}

describe('the first parameters', () => {
  test('are asked of a worker that joined before it was known that nobody else has any', async () => {
    const { partition } = await aPartition('a', regions, secondAttempt)
    expect(partition.join(worker).wantsInitial).toBe(false)
    const readiness = partition.whenReady(never)
    partition.exchange.statusChanged('b', aStatus({ hasBegun: false }))
    partition.exchange.statusChanged('c', aStatus({ hasBegun: false }))
    expect(await readiness).toBe('join-again')
    partition.leave('w', 'joins again')
    expect(partition.join(worker).wantsInitial).toBe(true)
    partition.initialise('w', Float32Array.of(1, 2))
    expect(await partition.whenReady(never)).toBe('ready')
  })

  test('are asked of another worker when the one that was asked is gone', async () => {
    const { partition } = await aPartition('a', regions)
    expect(partition.join(worker).wantsInitial).toBe(true)
    expect(partition.join({ ...worker, workerId: 'v', instanceId: 'j' }).wantsInitial).toBe(false)
    const readiness = partition.whenReady(never)
    partition.leave('w', 'killed')
    partition.advance()
    expect(await readiness).toBe('join-again')
  })

  test('of the root are not where a region begins that may have told others more', async () => {
    const fetched: string[] = []
    const fetcher = { fetch: (from: string) => (fetched.push(from), new Promise<never>(() => {})) }
    const { partition, clock } = await aPartition('c', regions, { ...secondAttempt, links: { fetcher } })
    const { exchange } = partition
    let isTaken = false
    void exchange.receive(anUpdate('a', 1), never).then(() => (isTaken = true))
    exchange.statusChanged('a', aStatus({ hasBegun: true, firstSeq: 1, lastSeq: 1 }))
    await clock.advance(1000)
    expect([isTaken, partition.phase]).toEqual([false, 'starting'])
    expect(exchange.status.wantsSnapshot).toBe(true)

    // One region may have told of updates that nobody else knows of, even if it is away.
    const { incarnation } = exchange
    const offer = (versions: Readonly<Record<string, number>>) =>
      aStatus({ hasBegun: true, firstSeq: 1, lastSeq: 1, revision: 2, snapshot: aSnapshot(incarnation, versions) })
    exchange.statusChanged('a', offer({ a: 1, c: 3 }))
    await clock.advance(1000)
    expect(fetched).toEqual([])
    exchange.statusChanged('b', offer({ a: 1, c: 5 }))
    await clock.advance(1000)
    expect(fetched).toEqual(['b'])
  })
})

describe('where every region lacks what only another one has', () => {
  const isBehind = { hasBegun: true, wantsSnapshot: true, revision: 2 }

  /** Region `a` or `b`, begun; the two others want snapshots, and no longer hold the first updates of `c`. */
  async function aStuck(region: 'a' | 'b') {
    const { partition, clock } = await aPartition(region, regions, { sync: sync('asgd-ga') })
    const { exchange } = partition
    if (region === 'a') {
      partition.join(worker)
      partition.initialise('w', Float32Array.of(1, 2))
    } else await exchange.receive(anUpdate('a', 1), never)
    const other = region === 'a' ? 'b' : 'a'
    exchange.statusChanged(other, aStatus({ ...isBehind, firstSeq: 1, lastSeq: 0 }))
    return { partition, clock, exchange }
  }

  test('the first of them goes on without it, and counts what is lost', async () => {
    const { partition, clock, exchange } = await aStuck('a')
    exchange.statusChanged('c', aStatus({ ...isBehind, firstSeq: 4, lastSeq: 6 }))
    await clock.advance(1000)
    expect(exchange.appliedSeqOf('c')).toBe(3)
    expect(exchange.status.wantsSnapshot).toBe(false)
    expect(partition.progress().sync?.refused).toEqual({ 'UPDATES_LOST of c': 1 })
  })

  test('the others wait for it', async () => {
    const { clock, exchange } = await aStuck('b')
    exchange.statusChanged('c', aStatus({ ...isBehind, firstSeq: 4, lastSeq: 6 }))
    await clock.advance(1000)
    expect(exchange.appliedSeqOf('c')).toBe(0)
    expect(exchange.status.wantsSnapshot).toBe(true)
  })

  test('nobody gives up what a region may have that does not ask', async () => {
    const { clock, exchange } = await aStuck('a')
    exchange.statusChanged('c', aStatus({ ...isBehind, wantsSnapshot: false, firstSeq: 4, lastSeq: 6 }))
    await clock.advance(1000)
    expect(exchange.appliedSeqOf('c')).toBe(0)
  })
})
