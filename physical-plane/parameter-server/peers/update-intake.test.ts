// Updates are taken in once and in order, some fetched ahead, and nothing of one that failed stays behind.
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { settle } from '#runtime/virtual-clock.ts'
import type { Update, UpdateHeader } from '../sync/update.ts'
import { aHeader, aPayload, aSide, countedMemory, pattern } from './a-peer-side.ts'
import { prefetchBytesMax } from './config.ts'
import { UpdateIntake } from './update-intake.ts'

type Fetching = { readonly sha256: string; readonly arrive: () => void; readonly fail: (error: unknown) => void }

function anIntake() {
  const side = aSide('b')
  const memory = countedMemory()
  const life = new AbortController()
  const fetching: Fetching[] = []
  const failures: unknown[] = []
  const intake = new UpdateIntake({
    region: 'a',
    side,
    memory,
    fetcher: {
      fetch: (_, { sha256, bytes }, signal) =>
        new Promise((resolve, reject) => {
          fetching.push({ sha256, arrive: () => resolve(memory.allocate(Math.min(bytes, 64))), fail: reject })
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        }),
    },
    signal: life.signal,
    onFailure: (error) => failures.push(error),
    onRoom: () => {},
  })
  return { side, memory, life, fetching, failures, intake }
}

function header(seq: number, change: Partial<UpdateHeader> = {}): UpdateHeader {
  return aHeader({ seq, payload: aPayload(pattern(64, seq)), ...change })
}

describe('order', () => {
  test('payloads that come in any order are taken in by their seq', async () => {
    const { intake, fetching, side, memory } = anIntake()
    for (const seq of [1, 2, 3]) intake.add(header(seq))
    for (const { arrive } of fetching.toReversed()) arrive()
    await settle()
    expect(side.told.updates.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(memory.usedBytes).toBe(0)
  })

  test('one without payload waits for its turn', async () => {
    const { intake, fetching, side } = anIntake()
    intake.add(header(1))
    intake.add(header(2, { kind: 'mass', targetRegion: 'c', payload: null }))
    await settle()
    expect(side.told.updates).toEqual([])
    fetching[0]!.arrive()
    await settle()
    expect(side.told.updates.map(({ seq }) => seq)).toEqual([1, 2])
  })

  test('what is known already is ignored, a gap is refused', () => {
    const { intake, side, fetching } = anIntake()
    side.applied.set('a', 4)
    intake.add(header(3))
    intake.add(header(5))
    intake.add(header(5))
    expect(fetching).toHaveLength(1)
    expect(() => intake.add(header(7))).toThrow(/update 7 of a came after 5/)
    expect(intake.lastSeq).toBe(5)
  })
})

describe('fetching ahead', () => {
  test('two more than the one that is being taken in', async () => {
    const { intake, fetching, side } = anIntake()
    const { promise, resolve } = Promise.withResolvers<void>()
    side.onReceive = () => promise
    for (const seq of [1, 2, 3, 4, 5]) intake.add(header(seq))
    fetching[0]!.arrive()
    await settle()
    expect(fetching).toHaveLength(3)
    resolve()
    await settle()
    expect(fetching).toHaveLength(4)
  })

  test('not where they are large', async () => {
    const { intake, fetching } = anIntake()
    const large = { ...aPayload(pattern(64)), bytes: prefetchBytesMax }
    intake.add(header(1, { payload: large }))
    intake.add(header(2, { payload: large }))
    await settle()
    expect(fetching).toHaveLength(1)
    fetching[0]!.arrive()
    await settle()
    expect(fetching).toHaveLength(2)
  })
})

describe('failures', () => {
  test.each(['fetch', 'receive'] as const)('of a %s drop all that follows, and it begins anew', async (at) => {
    const { intake, fetching, side, failures, memory } = anIntake()
    const wrong = new CloudlessError('invalid', 'WRONG', 'wrong')
    const receive = side.onReceive
    if (at === 'receive') side.onReceive = () => Promise.reject(wrong)
    for (const seq of [1, 2, 3]) intake.add(header(seq))
    fetching[1]!.arrive()
    if (at === 'fetch') fetching[0]!.fail(wrong)
    else fetching[0]!.arrive()
    await settle()
    expect(failures).toEqual([wrong])
    expect([intake.lastSeq, memory.usedBytes]).toEqual([0, 0])
    side.onReceive = receive
    intake.add(header(1))
    fetching.at(-1)!.arrive()
    await settle()
    expect(side.told.updates.map(({ seq }) => seq)).toEqual([1])
  })

  test('an update of other bytes than announced is left out, and the next one is taken in', async () => {
    const { intake, fetching, side, failures, memory } = anIntake()
    for (const seq of [1, 2]) intake.add(header(seq))
    fetching[0]!.fail(new CloudlessError('invalid', 'PAYLOAD_DIFFERS', 'wrong'))
    fetching[1]!.arrive()
    await settle()
    expect(side.told.leftOut).toEqual([{ seq: 1, reason: 'PAYLOAD_DIFFERS' }])
    expect(side.told.updates.map(({ seq }) => seq)).toEqual([2])
    expect([failures, memory.usedBytes]).toEqual([[], 0])
  })

  test('an update damaged on its way is not left out', async () => {
    const { intake, fetching, side, failures } = anIntake()
    intake.add(header(1))
    const damaged = new CloudlessError('invalid', 'CHUNK_CORRUPT', 'wrong')
    fetching[0]!.fail(damaged)
    await settle()
    expect([side.told.leftOut, failures]).toEqual([[], [damaged]])
  })

  test('an update whose header is wrong waits for its turn to be left out', async () => {
    const { intake, fetching, side } = anIntake()
    intake.add(header(1))
    intake.leaveOut(2, new CloudlessError('invalid', 'INVALID_FIELD', 'wrong'))
    intake.add(header(3))
    expect(() => intake.leaveOut(5, new CloudlessError('invalid', 'INVALID_FIELD', 'wrong'))).toThrow(/missing/)
    fetching[1]!.arrive()
    await settle()
    expect(side.told.leftOut).toEqual([])
    fetching[0]!.arrive()
    await settle()
    expect(side.told.leftOut).toEqual([{ seq: 2, reason: 'INVALID_FIELD' }])
    expect(side.appliedSeqOf('a')).toBe(3)
  })

  test('what is objected to is not fetched', async () => {
    const { intake, fetching, side } = anIntake()
    const differs = new CloudlessError('invalid', 'LAYOUT_DIFFERS', 'another model')
    side.onHeader = ({ seq }) => (seq === 2 ? differs : null)
    for (const seq of [1, 2, 3]) intake.add(header(seq))
    expect(fetching).toHaveLength(2)
    for (const { arrive } of fetching) arrive()
    await settle()
    expect(side.told.leftOut).toEqual([{ seq: 2, reason: 'LAYOUT_DIFFERS' }])
    expect(side.appliedSeqOf('a')).toBe(3)
  })

  test('a snapshot that jumps ahead makes the updates before it old', async () => {
    const { intake, fetching, side, memory } = anIntake()
    const taken: Update[] = []
    side.onReceive = (update) => Promise.resolve(void taken.push(update))
    for (const seq of [1, 2]) intake.add(header(seq))
    side.applied.set('a', 2)
    for (const { arrive } of fetching) arrive()
    await settle()
    expect([taken, memory.usedBytes, intake.lastSeq]).toEqual([[], 0, 2])
  })

  test('after its end nothing is taken in and nothing is held', async () => {
    const { intake, fetching, life, side, memory, failures } = anIntake()
    for (const seq of [1, 2]) intake.add(header(seq))
    fetching[1]!.arrive()
    life.abort(new Error('stopped'))
    await intake.ended()
    await settle()
    expect([side.told.updates, memory.usedBytes, failures]).toEqual([[], 0, []])
  })
})
