// When a round may be closed, and who is in it.
import { describe, expect, test } from 'vitest'
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Members } from '../members.ts'
import { aStatus } from '../peers/a-peer-side.ts'
import { VectorMemory } from '../replica/memory.ts'
import { Arrivals } from './arrivals.ts'
import { closingOf, type ClosingInput } from './closer.ts'
import { silenceMs } from './config.ts'
import { PeersView } from './peers-view.ts'
import { aContribution } from './proposal.fixture.ts'
import type { PeerStatus } from './types.ts'

const all = ['a', 'b', 'c', 'd'] as const

/** Region a is the hub; who is heard, who has arrived, and when. */
function aHub(given: GivenSync = {}) {
  const clock = new VirtualClock()
  const memory = VectorMemory.create(2 ** 14)
  const members = new Members(
    'a',
    all.map((region) => ({ region, dataShare: 1 / 4 })),
  )
  const peers = new PeersView(members, clock)
  const arrivals = new Arrivals(memory)
  const { settings } = resolveSync({ strategy: 'diloco', graceMinMs: 100, graceMaxMs: 2000, ...given }, { regions: 4 })
  const hear = (region: string, status: Partial<PeerStatus> = {}): void => peers.statusChanged(region, aStatus(status))
  const arrive = (region: string): void => {
    if (region === 'a') arrivals.noted('a', clock.monotonicMs())
    else arrivals.add(region, { contribution: aContribution(), decoded: memory.allocate(4) }, clock.monotonicMs())
  }
  const closing = (change: Partial<ClosingInput> = {}) =>
    closingOf({
      own: 'a',
      live: all,
      pruned: [],
      peers,
      arrivals,
      ownOffer: aContribution(),
      refusals: {},
      hasDrained: false,
      isFinal: false,
      settings,
      nowMs: clock.monotonicMs(),
      ...change,
    })
  return { clock, peers, arrivals, hear, arrive, closing }
}

describe('a round is closed', () => {
  test('at once when everybody who is heard has contributed', () => {
    const { hear, arrive, closing } = aHub()
    for (const region of ['b', 'c', 'd']) hear(region)
    for (const region of ['a', 'b', 'c']) arrive(region)
    expect(closing().closing).toBeNull()
    arrive('d')
    expect(closing().closing).toEqual({ members: all, absent: {} })
  })

  test('with a quorum when the grace of those who are late is over, and not before', async () => {
    const { clock, hear, arrive, closing } = aHub()
    for (const region of ['b', 'c', 'd']) hear(region)
    arrive('a')
    arrive('b')
    // Half is no majority: there is nothing to wait for yet.
    expect(closing()).toEqual({ closing: null, nextAtMs: Number.POSITIVE_INFINITY })
    arrive('c')
    expect(closing()).toEqual({ closing: null, nextAtMs: 2000 })
    await clock.advance(1999)
    expect(closing().closing).toBeNull()
    await clock.advance(1)
    expect(closing().closing).toEqual({
      members: ['a', 'b', 'c'],
      absent: { d: 'late: its contribution had not arrived' },
    })
  })

  test('without those who are silent: nobody waits for them, and the reason says for how long', async () => {
    const { clock, hear, arrive, closing } = aHub()
    hear('b')
    await clock.advance(silenceMs)
    hear('c')
    arrive('a')
    arrive('c')
    expect(closing().closing).toBeNull()
    hear('d')
    arrive('d')
    expect(closing().closing).toEqual({ members: ['a', 'c', 'd'], absent: { b: 'silent for 5.0 s' } })
    expect(closing({ live: ['a', 'c', 'd'], pruned: ['b'] }).closing).toEqual({
      members: ['a', 'c', 'd'],
      absent: { b: 'pruned: lost for longer than the grace time' },
    })
  })

  test('by the quorum that the job asks for', () => {
    const one = aHub({ quorum: 1 })
    one.arrive('a')
    expect(one.closing().closing?.members).toEqual(['a'])
    expect(one.closing().closing?.absent).toEqual({ b: 'never heard', c: 'never heard', d: 'never heard' })
    const four = aHub({ quorum: 4 })
    for (const region of ['b', 'c']) four.hear(region)
    for (const region of ['a', 'b', 'c']) four.arrive(region)
    expect(four.closing().closing).toBeNull()
  })

  test('without those who have used all their samples, and a quorum does not count on them', () => {
    const { hear, arrive, closing } = aHub()
    hear('b', { hasDrained: true })
    hear('c', { hasDrained: true })
    hear('d')
    arrive('a')
    expect(closing().closing).toBeNull()
    arrive('d')
    expect(closing().closing).toEqual({
      members: ['a', 'd'],
      absent: { b: 'has used all its samples', c: 'has used all its samples' },
    })
  })

  test('but with the last contribution of who has drained, while it is on its way', () => {
    const { hear, arrive, closing } = aHub()
    for (const region of ['b', 'c']) hear(region)
    hear('d', { hasDrained: true, contribution: aContribution({}) })
    for (const region of ['a', 'b', 'c']) arrive(region)
    expect(closing().closing).toBeNull()
    arrive('d')
    expect(closing().closing?.members).toEqual(all)
  })

  test('the hub counts like the others: its own may be late, or nothing', () => {
    const { hear, arrive, closing } = aHub({ quorum: 3 })
    for (const region of ['b', 'c', 'd']) hear(region)
    for (const region of ['b', 'c', 'd']) arrive(region)
    expect(closing({ ownOffer: null }).closing).toBeNull()
    expect(closing({ ownOffer: null, hasDrained: true }).closing).toEqual({
      members: ['b', 'c', 'd'],
      absent: { a: 'has used all its samples' },
    })
    expect(closing({ ownOffer: null, nowMs: 1e9 }).closing?.absent).toEqual({
      a: 'late: its own contribution was not ready',
    })
  })

  test('without a contribution that can not be used: no quorum counts on it, and it is absent with the reason', () => {
    const two = { live: ['a', 'b'], refusals: { b: 'its contribution was refused: MALFORMED_ENCODING' } }
    for (const isFinal of [false, true]) {
      const { hear, arrive, closing } = aHub()
      hear('b', { contribution: aContribution() })
      arrive('a')
      expect(closing({ ...two, refusals: {}, isFinal }).closing).toBeNull()
      expect(closing({ ...two, isFinal }).closing).toEqual({
        members: ['a'],
        absent: { b: 'its contribution was refused: MALFORMED_ENCODING' },
      })
      // What came in its place counts.
      arrive('b')
      expect(closing({ ...two, isFinal }).closing).toEqual({ members: ['a', 'b'], absent: {} })
    }
  })

  test('but for as many as are left to count on where one of many is refused', () => {
    const { hear, arrive, closing } = aHub({ quorum: 4 })
    for (const region of ['b', 'c', 'd']) hear(region)
    const refusals = { d: 'its contribution was refused: PLAN_DIFFERS' }
    for (const region of ['a', 'b']) arrive(region)
    expect(closing({ refusals }).closing).toBeNull()
    arrive('c')
    expect(closing({ refusals }).closing?.members).toEqual(['a', 'b', 'c'])
  })

  test('the last one only with everybody who is not pruned, however long that takes', async () => {
    const { clock, hear, arrive, closing } = aHub({ quorum: 1 })
    for (const region of ['b', 'c', 'd']) hear(region, { hasDrained: true })
    for (const region of ['a', 'b', 'c']) arrive(region)
    await clock.advance(3_600_000)
    expect(closing({ isFinal: true })).toEqual({ closing: null, nextAtMs: Number.POSITIVE_INFINITY })
    expect(closing({ isFinal: true, live: ['a', 'b', 'c'], pruned: ['d'] }).closing?.members).toEqual(['a', 'b', 'c'])
    arrive('d')
    expect(closing({ isFinal: true }).closing?.members).toEqual(all)
  })
})
