// A snapshot that can not be taken over changes nothing here, is told once, and does not keep a better one away.
import { describe, expect, test } from 'vitest'
import { aLayout, aPartition, sync } from '../partition.fixture.ts'
import { aPayload, aStatus } from '../peers/a-peer-side.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import { aPlan } from './proposal.fixture.ts'
import { SnapshotChecks } from './snapshot-checks.ts'
import type { StateSnapshot } from './types.ts'

const layout = aLayout(2)
const bytesOf = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)
const good = bytesOf(5, 6)
const momentum = bytesOf(1, 1)
const broken = bytesOf(1, Number.NaN)

function aSnapshot(change: Partial<StateSnapshot> = {}): StateSnapshot {
  return {
    round: 7,
    term: 1,
    plan: aPlan({}),
    included: {},
    cursors: {},
    versions: {},
    layout,
    vectors: { parameters: aPayload(good), momentum: aPayload(momentum) },
    state: { commits: [7], isFinished: false, askers: {} },
    ...change,
  }
}

function someChecks(hasForgotten = false) {
  const refused: string[] = []
  const host = {
    region: 'c',
    layout,
    hasForgotten,
    versions: () => ({ c: 2 }),
    cursorProblem: (cursor: string) => (cursor === '{}' ? null : `cursor is ${cursor}`),
    refused: (region: string, reason: string, text: string) => void refused.push(`${region} ${reason} ${text}`),
  }
  return { refused, checks: new SnapshotChecks(host, 'outer-nesterov') }
}

describe('a snapshot', () => {
  test.each<[string, Partial<StateSnapshot>, string]>([
    ['without momentum', { vectors: { parameters: aPayload(good) } }, 'vectors has no momentum'],
    ['without parameters', { vectors: { momentum: aPayload(good) } }, 'vectors has no parameters'],
    [
      'with more than is kept',
      { vectors: { ...aSnapshot().vectors, velocity: aPayload(good) } },
      'vectors has velocity; it must have parameters, momentum only',
    ],
    [
      'of other lengths',
      { vectors: { parameters: aPayload(good), momentum: aPayload(bytesOf(1)) } },
      'vectors.momentum is 1 elements in 4 bytes of fp32; it must be 2 elements',
    ],
    [
      'that is not exact',
      { vectors: { parameters: { ...aPayload(good), codec: 'bf16' }, momentum: aPayload(momentum) } },
      'vectors.parameters is 2 elements in 8 bytes of bf16',
    ],
    ['of another model', { layout: aLayout(3) }, 'layout.tensors[0]'],
    ['with a position that is none', { cursors: { c: '{"at":' } }, 'cursors[c]: cursor is {"at":'],
    ['with updates that nobody made', { versions: { c: 3 } }, 'versions[c] is 3 where this region made 2'],
    ['without a plan', { plan: null }, 'plan is missing'],
  ])('%s is refused once, by what is wrong', (_, change, text) => {
    const { checks, refused } = someChecks()
    const snapshot = aSnapshot(change)
    expect([checks.isUsable('a', snapshot), checks.isUsable('a', { ...snapshot })]).toEqual([false, false])
    expect(refused).toHaveLength(1)
    expect(refused[0]).toContain(text)
  })

  test('that is right is used, also with updates that a lost disk forgot and with positions of others', () => {
    const { checks, refused } = someChecks(true)
    expect(checks.isUsable('a', aSnapshot({ versions: { c: 3 }, cursors: { c: '{}', b: 'theirs' } }))).toBe(true)
    expect(refused).toEqual([])
  })

  test('with a number that is none is not asked for again, but what comes after it is', () => {
    const { checks, refused } = someChecks()
    const snapshot = aSnapshot({ vectors: { parameters: aPayload(good), momentum: aPayload(broken) } })
    expect(checks.isUsable('a', snapshot)).toBe(true)
    const vectors = { parameters: Float32Array.of(5, 6), momentum: Float32Array.of(1, Number.NaN) }
    expect(checks.isWhole('a', snapshot, vectors)).toBe(false)
    expect(checks.isUsable('a', { ...snapshot, term: 2 })).toBe(false)
    expect(refused).toHaveLength(1)
    expect(refused[0]).toContain('momentum is NaN in tensor weight')
    expect(checks.isUsable('a', aSnapshot())).toBe(true)
  })
})

describe('a region that needs a snapshot', () => {
  const contents = [good, momentum, broken]

  /** Region `c`, which lost its disk; `a` and `b` are far ahead. */
  async function aBehind() {
    const fetched: string[] = []
    const began = await aPartition('c', ['a', 'b', 'c'], {
      sync: sync('diloco'),
      options: { attempt: 2 },
      links: {
        fetcher: {
          fetch: (region, { sha256, bytes }) => {
            const found = contents.find((content) => aPayload(content).sha256 === sha256)!
            fetched.push(`${region} ${contents.indexOf(found)}`)
            const copy = payloadMemory(began.memory).allocate(bytes)
            copy.set(found)
            return Promise.resolve(copy)
          },
        },
      },
    })
    const { exchange } = began.partition
    const offer = (region: string, change: Partial<StateSnapshot>): void => {
      const state = { ...aSnapshot().state, askers: { c: exchange.incarnation } }
      const snapshot = aSnapshot({ state, ...change })
      exchange.statusChanged(region, aStatus({ hasBegun: true, committedRound: 7, committedTerm: 1, snapshot }))
    }
    return { ...began, exchange, offer, fetched }
  }

  test('passes over what can not be used, fetches nothing of it, and takes what another one offers', async () => {
    const { partition, clock, offer, fetched, exchange } = await aBehind()
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    offer('a', { layout: aLayout(3) })
    await clock.advance(4000)
    expect([fetched, partition.phase, exchange.status.committedRound]).toEqual([[], 'starting', 0])
    expect(partition.progress().sync?.refused).toEqual({ 'LAYOUT_DIFFERS of a': 1 })
    offer('b', {})
    await clock.advance(400)
    expect([fetched, partition.phase]).toEqual([['b 0', 'b 1'], 'training'])
  })

  test('is as it was after a content that is broken, fetches it once, and takes what another one offers', async () => {
    const { partition, memory, clock, offer, fetched, exchange } = await aBehind()
    const usedBytes = memory.usedBytes
    offer('a', { round: 8, vectors: { parameters: aPayload(good), momentum: aPayload(broken) } })
    await clock.advance(4000)
    expect([fetched, partition.phase, exchange.status.committedRound]).toEqual([['a 0', 'a 2'], 'starting', 0])
    expect([memory.usedBytes, partition.replica]).toEqual([usedBytes, null])
    offer('b', {})
    await clock.advance(400)
    expect(fetched.slice(2)).toEqual(['b 0', 'b 1'])
    expect([partition.phase, exchange.status.committedRound]).toEqual(['training', 7])
    expect(Array.from(partition.replica!.values)).toEqual([5, 6])
    expect(partition.progress().sync?.refused).toEqual({ 'SNAPSHOT_INVALID of a': 1 })
  })
})
