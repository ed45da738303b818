import { describe, expect, test } from 'vitest'
import { Outbox } from './outbox.ts'
import { Shelf } from './peers/shelf.ts'
import { draftOf } from './sync/update.ts'

function anOutbox() {
  const shelf = new Shelf()
  const outbox = new Outbox('a', shelf)
  const seal = (...bytes: readonly number[]): number => {
    const encoded = { bytes: Uint8Array.from(bytes), codec: 'int8', elements: bytes.length } as const
    return outbox.seal({ ...draftOf('delta', 1), encoded }, `hash of ${bytes.join()}`, '{}').seq
  }
  return { shelf, outbox, seal }
}

describe('an outbox', () => {
  test('offers what is durable, in order, and forgets what everybody holds', () => {
    const { shelf, outbox, seal } = anOutbox()
    expect([seal(1, 2, 3), seal(4), outbox.after(0), outbox.isDirty]).toEqual([1, 2, null, true])
    outbox.settle(1)
    expect([outbox.after(0)?.seq, outbox.after(1), outbox.durableSeq]).toEqual([1, null, 1])
    outbox.settle(2)
    outbox.acknowledge('b', 2)
    expect([outbox.trim(['b', 'c']), outbox.count]).toEqual([false, 2])
    outbox.acknowledge('c', 1)
    expect([outbox.trim(['b', 'c']), outbox.firstSeq, outbox.lastSeq]).toEqual([true, 2, 2])
    expect([shelf.get('hash of 1,2,3'), Array.from(shelf.get('hash of 4')!)]).toEqual([null, [4]])
    // Nobody can hold what is not durable, and nobody forgets what it held.
    seal(5)
    outbox.acknowledge('c', 9)
    outbox.acknowledge('c', 0)
    expect([outbox.trim(['b', 'c']), outbox.firstSeq]).toEqual([true, 3])
  })

  test('where it is full, forgets what a majority and all who are heard hold: the others take a snapshot', () => {
    const { outbox, seal } = anOutbox()
    for (const byte of [1, 2, 3, 4]) seal(byte)
    outbox.settle(4)
    outbox.acknowledge('b', 3)
    outbox.acknowledge('c', 1)
    expect([outbox.trimForRoom(['b', 'c'], ['b', 'c']), outbox.firstSeq]).toEqual([true, 2])
    expect([outbox.trimForRoom(['b', 'c'], ['b']), outbox.firstSeq]).toEqual([true, 4])
    // With four others two must hold it, so that this region and they are more than half.
    const larger = anOutbox()
    larger.seal(1)
    larger.outbox.settle(1)
    larger.outbox.acknowledge('b', 1)
    expect(larger.outbox.trimForRoom(['b', 'c', 'd', 'e'], ['b'])).toBe(false)
    // Of two regions none can do without the other.
    expect(larger.outbox.trimForRoom(['c'], [])).toBe(false)
  })

  test('is restored as its checkpoint holds it, byte for byte', () => {
    const { outbox, seal } = anOutbox()
    for (const byte of [1, 2, 3]) seal(byte, 7, 7, 7, 9)
    outbox.settle(3)
    outbox.acknowledge('b', 1)
    outbox.trim(['b'])
    const shelf = new Shelf()
    const vectors = outbox.vectors()
    const again = Outbox.restore('a', shelf, outbox.snapshot(), (seq) => vectors[seq]!.slice())
    expect([again.firstSeq, again.lastSeq, again.durableSeq, again.bytes]).toEqual([2, 3, 3, 10])
    expect(Array.from(shelf.get('hash of 3,7,7,7,9')!)).toEqual([3, 7, 7, 7, 9])
    expect(again.since(2).map(({ header, bytes }) => [header.seq, Array.from(bytes)])).toEqual([[3, [3, 7, 7, 7, 9]]])
    expect(again.snapshot()).toEqual(outbox.snapshot())
  })

  test('keeps what a snapshot that is about to be taken does not have, whoever holds it', () => {
    const { outbox, seal } = anOutbox()
    for (const byte of [1, 2, 3]) seal(byte)
    outbox.settle(3)
    for (const peer of ['b', 'c']) outbox.acknowledge(peer, 3)
    expect([outbox.trim(['b', 'c'], 1), outbox.firstSeq]).toEqual([true, 2])
    expect([outbox.trimForRoom(['b', 'c'], ['b'], 1), outbox.firstSeq]).toEqual([false, 2])
    expect([outbox.trim(['b', 'c']), outbox.firstSeq]).toEqual([true, 4])
  })

  test('goes on after what others know of a lost disk', () => {
    const { outbox, seal } = anOutbox()
    outbox.continueAfter(7)
    expect([seal(1), outbox.firstSeq, outbox.durableSeq]).toEqual([8, 8, 7])
    outbox.continueAfter(3)
    expect(outbox.lastSeq).toBe(8)
  })
})
