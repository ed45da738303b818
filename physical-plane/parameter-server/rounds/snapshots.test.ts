import { describe, expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import { Shelf } from '../peers/shelf.ts'
import { aLayout } from '../replica/a-layout.ts'
import { VectorMemory } from '../replica/memory.ts'
import { snapshotKeptMs } from './config.ts'
import { fetchSnapshot, Snapshots } from './snapshots.ts'
import type { StateSnapshot } from './types.ts'

const common: Omit<StateSnapshot, 'vectors'> = {
  round: 4,
  term: 2,
  plan: null,
  included: { a: 3 },
  cursors: {},
  versions: {},
  layout: aLayout(),
  state: { commits: [], isFinished: false, askers: {} },
}

function someSnapshots() {
  const clock = new VirtualClock()
  const memory = VectorMemory.create(2 ** 16)
  const shelf = new Shelf()
  const vector = (...values: readonly number[]): Float32Array => {
    const held = memory.allocate(values.length)
    held.set(values)
    return held
  }
  return { clock, memory, shelf, vector, snapshots: new Snapshots(memory, shelf, clock) }
}

describe('a snapshot', () => {
  test('is a copy: training goes on while it is fetched', async () => {
    const { snapshots, shelf, vector } = someSnapshots()
    const parameters = vector(1, 2, 3, 4)
    await snapshots.offer(common, { parameters })
    parameters.fill(9)
    const { sha256 } = snapshots.offered!.vectors['parameters']!
    const bytes = shelf.get(sha256)!
    expect(Array.from(new Float32Array(bytes.buffer, bytes.byteOffset, 4))).toEqual([1, 2, 3, 4])
  })

  test('is forgotten when nobody has asked for it for a while, and its memory is given back', async () => {
    const { snapshots, shelf, vector, clock, memory } = someSnapshots()
    const parameters = vector(1, 2)
    const usedBytes = memory.usedBytes
    expect(snapshots.nextAtMs).toBe(Number.POSITIVE_INFINITY)
    await snapshots.offer(common, { parameters })
    await clock.advance(snapshotKeptMs - 1)
    expect(snapshots.expire()).toBe(false)
    snapshots.served(['b'])
    await clock.advance(snapshotKeptMs - 1)
    expect(snapshots.expire()).toBe(false)
    await clock.advance(1)
    expect([snapshots.expire(), snapshots.offered, shelf.bytes, memory.usedBytes]).toEqual([true, null, 0, usedBytes])
  })

  test('takes the place of the one before once it is ready', async () => {
    const { snapshots, shelf, vector } = someSnapshots()
    await snapshots.offer(common, { parameters: vector(1, 2) })
    await snapshots.offer({ ...common, round: 9 }, { parameters: vector(3, 4) })
    snapshots.asked([], () => false)
    expect([snapshots.offered!.round, shelf.bytes]).toEqual([9, 8])
    snapshots.stop()
    expect([snapshots.offered, shelf.bytes]).toEqual([null, 0])
  })

  test('stays on the shelf beside a newer one while who asked for it has not got further', async () => {
    const { snapshots, shelf, vector } = someSnapshots()
    let got = 3
    const hasTaken = ({ round }: StateSnapshot): boolean => got >= round
    await snapshots.offer(common, { parameters: vector(1, 2) })
    snapshots.served(['b'])
    const { sha256 } = snapshots.offered!.vectors['parameters']!
    await snapshots.offer({ ...common, round: 9 }, { parameters: vector(3, 4) })
    snapshots.asked(['b', 'c'], hasTaken)
    expect([shelf.get(sha256)?.byteLength, snapshots.oldestRound]).toEqual([8, 4])
    got = 4
    snapshots.asked(['b', 'c'], hasTaken)
    expect([shelf.get(sha256), snapshots.oldestRound]).toEqual([null, 9])
  })

  test('beside a newer one goes when who asked for it is gone, and when a third comes', async () => {
    for (const isThird of [true, false]) {
      const { snapshots, shelf, vector } = someSnapshots()
      await snapshots.offer({ ...common, state: { ...common.state, askers: { b: 7 } } }, { parameters: vector(1, 2) })
      const next = { ...common, round: 9, state: { ...common.state, askers: { c: 7 } } }
      await snapshots.offer(next, { parameters: vector(3, 4) })
      snapshots.asked(['b', 'c'], () => false)
      expect(shelf.bytes).toBe(16)
      if (isThird) await snapshots.offer({ ...common, round: 11 }, { parameters: vector(5, 6) })
      snapshots.asked(isThird ? ['b', 'c'] : ['c'], () => false)
      expect(snapshots.oldestRound).toBe(9)
    }
  })

  test('holds its rounds back from the moment it is taken', async () => {
    const { snapshots, vector } = someSnapshots()
    const offering = snapshots.offer(common, { parameters: vector(1, 2) })
    expect([snapshots.offered, snapshots.oldestRound]).toEqual([null, 4])
    await offering
    expect(snapshots.oldestRound).toBe(4)
    snapshots.stop()
    expect(snapshots.oldestRound).toBeNull()
  })

  test('that finds no memory takes none, and holds no rounds back', async () => {
    const { snapshots, memory, vector } = someSnapshots()
    const small = vector(1, 2)
    const usedBytes = memory.usedBytes
    const endless = { length: -1 } as Float32Array
    await expect(snapshots.offer(common, { small, endless })).rejects.toThrow('-1 is no number of elements')
    expect([memory.usedBytes, snapshots.oldestRound]).toEqual([usedBytes, null])
  })

  test('is fetched vector by vector, and what was fetched is given back in the end', async () => {
    const { snapshots, shelf, vector, memory } = someSnapshots()
    await snapshots.offer(common, { parameters: vector(1, 2), momentum: vector(3, 4) })
    const usedBytes = memory.usedBytes
    const fetcher: PeerFetcher = {
      fetch: (_, { sha256, bytes }) => {
        const got = payloadMemory(memory).allocate(bytes)
        got.set(shelf.get(sha256)!)
        return Promise.resolve(got)
      },
    }
    const signal = new AbortController().signal
    let seen: unknown = null
    await fetchSnapshot('b', snapshots.offered!, { fetcher, memory }, signal, (vectors) => {
      seen = Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, Array.from(values)]))
      return Promise.resolve()
    })
    expect([seen, memory.usedBytes]).toEqual([{ parameters: [1, 2], momentum: [3, 4] }, usedBytes])
    const broken = fetchSnapshot('b', snapshots.offered!, { fetcher, memory }, signal, () =>
      Promise.reject(new Error('no')),
    )
    await expect(broken).rejects.toThrow('no')
    expect(memory.usedBytes).toBe(usedBytes)
  })
})
