import { describe, expect, test } from 'vitest'
import { Shelf } from '../peers/shelf.ts'
import { Payloads } from './payloads.ts'
import { aPayload } from './proposal.fixture.ts'

function somePayloads() {
  const shelf = new Shelf()
  const released: string[] = []
  const payloads = new Payloads(shelf)
  const keep = (round: number, sha256: string, bytes: readonly number[], name = sha256): void =>
    payloads.keep(round, sha256, Uint8Array.from(bytes), () => released.push(name))
  return { shelf, payloads, released, keep }
}

describe('payloads', () => {
  test('are offered until their round is past, and given back once', () => {
    const { shelf, payloads, released, keep } = somePayloads()
    keep(1, 'one', [1, 2])
    keep(2, 'two', [3])
    expect([Array.from(shelf.get('one')!), payloads.bytesOf(1), payloads.bytesOf(2)]).toEqual([[1, 2], 2, 1])
    payloads.forgetBefore(2)
    expect([shelf.get('one'), payloads.get('one'), payloads.has('two'), released]).toEqual([null, null, true, ['one']])
    payloads.forgetBefore(2)
    expect(released).toEqual(['one'])
  })

  test('of the same content are kept once, for the later of their rounds; the second copy is given back', () => {
    const { shelf, payloads, released, keep } = somePayloads()
    keep(3, 'same', [7], 'first')
    keep(1, 'same', [7], 'second')
    expect(released).toEqual(['second'])
    payloads.forgetBefore(3)
    expect(Array.from(shelf.get('same')!)).toEqual([7])
    payloads.forgetBefore(4)
    expect([shelf.get('same'), released]).toEqual([null, ['second', 'first']])
  })

  test('that a result has in are forgotten with the round; the result and other rounds stay', () => {
    const { shelf, payloads, released, keep } = somePayloads()
    for (const name of ['contribution', 'another', 'result']) keep(2, name, [1])
    keep(1, 'earlier', [2])
    keep(3, 'later', [3])
    payloads.forgetAllBut('result', 2)
    expect(released).toEqual(['contribution', 'another'])
    expect(['contribution', 'result', 'earlier', 'later'].map((name) => shelf.get(name) !== null)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  test('are restored byte for byte from a checkpoint, which knows them by identity', () => {
    const { payloads, keep } = somePayloads()
    const bytes = [1, 2, 3, 4, 5]
    keep(4, 'five', bytes)
    const wanted = [aPayload({ sha256: 'five', bytes: 5 }), aPayload({ sha256: 'never here' })]
    const saved = payloads.save(wanted)
    expect(Object.keys(saved)).toEqual(['payload/five'])
    expect(payloads.save(wanted)['payload/five']).toBe(saved['payload/five'])
    const again = somePayloads()
    again.payloads.restore(4, wanted, { 'payload/five': saved['payload/five']!.slice() })
    expect(Array.from(again.shelf.get('five')!)).toEqual(bytes)
    expect(again.payloads.has('never here')).toBe(false)
  })
})
