// What a region does with a proposal when those that it should fetch from fall silent, or sent what it can not use.
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { settle } from '#runtime/virtual-clock.ts'
import { aLayout, aPartition, sync } from '../partition.fixture.ts'
import { aHeader, aPayload, aStatus } from '../peers/a-peer-side.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import { silenceMs } from './config.ts'
import { aMember, aPlan, aProposal } from './proposal.fixture.ts'
import type { PeerStatus, Proposal } from './types.ts'

const never = new AbortController().signal
const layout = aLayout(2)
const worker = { workerId: 'w', instanceId: 'i', attempt: 1, layout }

type Answer = (region: string) => Uint8Array | 'silent' | 'gone'

/** The last of the regions, begun; the test speaks for the others and answers its fetches. */
async function aSpoke(regions: readonly string[], answer: Answer) {
  const fetched: string[] = []
  const own = regions.at(-1)!
  const { partition, clock, memory } = await aPartition(own, regions, {
    sync: sync('diloco', { codec: 'fp32', interval: 4 }),
    links: {
      fetcher: {
        fetch: (region, { bytes }, signal) => {
          fetched.push(region)
          const answered = answer(region)
          if (answered === 'gone') return Promise.reject(new CloudlessError('not-found', 'OBJECT_GONE', 'gone'))
          if (answered === 'silent') {
            return new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error))
            })
          }
          const copy = payloadMemory(memory).allocate(bytes)
          copy.set(answered)
          return Promise.resolve(copy)
        },
      },
    },
  })
  const bytes = new Uint8Array(Float32Array.of(1, 1).buffer)
  const header = aHeader({ kind: 'initial', region: 'a', seq: 1, payload: aPayload(bytes), layout, cursor: '' })
  await partition.exchange.receive({ header, bytes }, never)
  partition.join(worker)
  let revision = 1
  const say = (region: string, change: Partial<PeerStatus>): void => {
    revision += 1
    const status = aStatus({ hasBegun: true, firstSeq: 1, lastSeq: 1, term: 1, revision, ...change })
    partition.exchange.statusChanged(region, status)
  }
  /** Time in which the regions are heard. */
  const pass = async (ms: number, heard: readonly string[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      for (const region of heard) partition.exchange.heard(region)
      await clock.advance(500)
    }
    await settle()
  }
  return { partition, fetched, say, pass }
}

function aRound(values: Float32Array, change: Partial<Proposal> = {}): { bytes: Uint8Array; proposal: Proposal } {
  const bytes = new Uint8Array(values.buffer)
  const payload = aPayload(bytes)
  const proposal = aProposal({
    hub: 'a',
    members: [aMember('a', { payload })],
    result: payload,
    plan: aPlan(),
    ...change,
  })
  return { bytes, proposal }
}

describe('a round that was committed while this region was away', () => {
  const { bytes, proposal } = aRound(Float32Array.of(0.5, 0.25))
  const has = { committedRound: 1, committedTerm: 1, recent: [proposal] }

  test('is fetched from another region once its source is silent for good', async () => {
    const { partition, fetched, say, pass } = await aSpoke(['a', 'b', 'c'], (from) => (from === 'a' ? 'silent' : bytes))
    say('a', { ...has, isHub: true })
    say('b', {})
    await pass(500, ['a', 'b'])
    expect(fetched).toEqual(['a'])
    // Nobody else has it yet: what has arrived from the first one may still be of use.
    await pass(2 * silenceMs, ['b'])
    expect(fetched).toEqual(['a'])
    say('b', has)
    await pass(1000, ['b'])
    expect(fetched).toEqual(['a', 'b'])
    expect(partition.progress().sync?.committedRound).toBe(1)
  })

  test('is asked of the hub where the one that is heard has forgotten it, and given up where that is silent, too', async () => {
    const { partition, fetched, say, pass } = await aSpoke(['a', 'b', 'c', 'd'], (from) =>
      from === 'b' ? 'gone' : 'silent',
    )
    say('a', { isHub: true })
    say('b', has)
    await pass(500, ['a', 'b'])
    expect([fetched, partition.exchange.status.wantsSnapshot]).toEqual([['b', 'a'], false])
    await pass(2 * silenceMs, ['b'])
    expect([fetched, partition.exchange.status.wantsSnapshot]).toEqual([['b', 'a'], true])
  })

  test('with what this region can not use is told and fetched once, and a snapshot is wanted', async () => {
    const wrong = aRound(Float32Array.of(1, Number.NaN))
    const { partition, fetched, say, pass } = await aSpoke(['a', 'b', 'c'], () => wrong.bytes)
    say('a', { isHub: true, proposed: wrong.proposal })
    say('b', {})
    await pass(5000, ['a', 'b'])
    const refused = (): unknown => partition.progress().sync?.refused
    expect([fetched, refused()]).toEqual([['a'], { 'MALFORMED_ENCODING of a': 1 }])
    expect([partition.exchange.status.accepted, partition.exchange.status.wantsSnapshot]).toEqual([null, false])
    say('a', { isHub: true, committedRound: 1, committedTerm: 1, recent: [wrong.proposal] })
    await pass(5000, ['a', 'b'])
    expect([fetched, refused()]).toEqual([['a'], { 'MALFORMED_ENCODING of a': 1 }])
    expect([partition.exchange.status.wantsSnapshot, partition.phase]).toEqual([true, 'training'])
  })
})

test('a proposal of another fragment is told once, not fetched and not accepted; where others agree a snapshot is wanted', async () => {
  const { proposal, bytes } = aRound(Float32Array.of(0.5, 0.25), { fragment: 1 })
  const { partition, fetched, say, pass } = await aSpoke(['a', 'b', 'c'], () => bytes)
  say('a', { isHub: true, proposed: proposal })
  say('b', {})
  await pass(5000, ['a', 'b'])
  const { refused } = partition.progress().sync!
  expect([fetched, refused, partition.exchange.status.accepted]).toEqual([[], { 'PLAN_DIFFERS of a': 1 }, null])
  say('a', { isHub: true, committedRound: 1, committedTerm: 1, recent: [proposal] })
  await pass(5000, ['a', 'b'])
  expect([fetched, partition.phase, partition.exchange.status.wantsSnapshot]).toEqual([[], 'training', true])
})

test('a snapshot of a region that is silent for good is taken from another one that offers it', async () => {
  const bytes = new Uint8Array(Float32Array.of(3, 4).buffer)
  const { partition, fetched, say, pass } = await aSpoke(['a', 'b', 'c'], (from) => (from === 'a' ? 'silent' : bytes))
  const vectors = { parameters: aPayload(bytes), momentum: aPayload(bytes) }
  const state = { commits: [5], isFinished: false, askers: {} }
  const common = { round: 5, term: 1, plan: aPlan(), included: {}, cursors: {}, versions: { a: 1 }, layout }
  const offers = { committedRound: 5, committedTerm: 1, snapshot: { ...common, vectors, state } }
  say('a', { ...offers, isHub: true })
  say('b', {})
  await pass(2 * silenceMs, ['b'])
  expect([fetched, partition.progress().sync?.committedRound]).toEqual([['a'], 0])
  say('b', offers)
  await pass(1000, ['b'])
  expect([fetched, partition.progress().sync?.committedRound]).toEqual([['a', 'b', 'b'], 5])
})

test('where no round can be committed without this region, one that it can not use ends the job with the reason', async () => {
  const wrong = aRound(Float32Array.of(1, Number.NaN))
  const { partition, fetched, say, pass } = await aSpoke(['a', 'b'], () => wrong.bytes)
  say('a', { isHub: true, proposed: { ...wrong.proposal, result: null } })
  await pass(2000, ['a'])
  expect([fetched, partition.phase, partition.failure?.reason]).toEqual([['a'], 'failed', 'ROUND_REFUSED'])
  expect(partition.failure?.message).toContain(
    'region a proposes round 1 with what region b can not use: from region a, tensor weight',
  )
})
