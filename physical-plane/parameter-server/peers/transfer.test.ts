// However the ranges of a payload come, are cut and come again: the target holds the payload, or nothing is said to be done.
import * as fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { hashOf, pattern } from './a-peer-side.ts'
import { Transfer, type Range } from './transfer.ts'

const payload = pattern(1000)

function chunk(offset: number, end: number, bytes: Uint8Array = payload) {
  const data = bytes.subarray(offset, end)
  return { offset, data, crc32: crc32(data) }
}

function aTransfer(sha256 = hashOf(payload)): Transfer {
  const transfer = new Transfer('a', sha256, new Uint8Array(payload.length))
  transfer.done.catch(() => {})
  return transfer
}

test('ranges in any order, cut anywhere and asked for again, make the payload', async () => {
  const moves = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 400 }), pick: fc.nat(), piece: fc.integer({ min: 1, max: 300 }) }),
    { maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(moves, async (random) => {
      const transfer = aTransfer()
      const open: { range: Range; at: number }[] = []
      for (const { length, pick, piece } of random) {
        const range = transfer.next(length)
        if (range !== null) open.push({ range, at: range.start })
        if (open.length === 0) break
        const index = pick % open.length
        const current = open[index]!
        const end = Math.min(current.range.end, current.at + piece)
        transfer.take(current.range, chunk(current.at, end))
        current.at = end
        const isCut = pick % 3 === 0
        if (!isCut && current.at < current.range.end) continue
        transfer.giveBack(current.range)
        open.splice(index, 1)
      }
      for (const { range } of open) transfer.giveBack(range)
      for (;;) {
        const range = transfer.next(170)
        if (range === null) break
        transfer.take(range, chunk(range.start, range.end))
        transfer.giveBack(range)
      }
      expect(transfer.isOver).toBe(true)
      expect(hashOf(await transfer.done)).toBe(hashOf(payload))
    }),
    { numRuns: 200 },
  )
})

test('every byte is asked for once while nothing is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }), (lengths) => {
      const transfer = aTransfer()
      const ranges = lengths.flatMap((length) => transfer.next(length) ?? [])
      for (const [at, range] of ranges.entries()) expect(range.start).toBe(ranges[at - 1]?.end ?? 0)
      const asked = lengths.reduce((sum, length) => sum + length, 0)
      expect(ranges.at(-1)!.end).toBe(Math.min(asked, payload.length))
    }),
  )
})

describe('refusals name the region, the payload and what is wrong', () => {
  test.each<[string, Parameters<Transfer['take']>[1], string]>([
    ['a replayed chunk', chunk(0, 10), 'CHUNK_OUT_OF_ORDER'],
    ['a chunk from further on', chunk(20, 30), 'CHUNK_OUT_OF_ORDER'],
    ['a chunk that was changed', { ...chunk(10, 20), crc32: 5 }, 'CHUNK_CORRUPT'],
    ['a chunk past the end of the range', chunk(10, 101), 'CHUNK_BEYOND_END'],
    ['a chunk of nothing', chunk(10, 10), 'CHUNK_EMPTY'],
    ['a chunk above the limit', { offset: 10, data: new Uint8Array(2 ** 20 + 1), crc32: 0 }, 'CHUNK_TOO_LARGE'],
  ])('%s', (_, wrong, reason) => {
    const transfer = aTransfer()
    const range = transfer.next(100)!
    transfer.take(range, chunk(0, 10))
    expect(() => transfer.take(range, wrong)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        reason,
        message: expect.stringMatching(/payload [0-9a-f]{64} of region a/),
        metadata: { region: 'a', field: 'chunk' },
      }),
    )
    // Nothing has changed: the right one is still taken.
    transfer.take(range, chunk(10, 100))
    transfer.checkWhole(range)
  })

  test('an answer that ends early', () => {
    const transfer = aTransfer()
    const range = transfer.next(100)!
    transfer.take(range, chunk(0, 10))
    expect(() => transfer.checkWhole(range)).toThrow(/ended at byte 10 of those up to 100/)
  })

  test('the right length with another hash', () => {
    const transfer = aTransfer('0'.repeat(64))
    const range = transfer.next(1000)!
    expect(() => transfer.take(range, chunk(0, 1000))).toThrow(/have sha256/)
    expect(transfer.isOver).toBe(false)
  })
})

test('nothing is written once it is over', async () => {
  const transfer = aTransfer()
  const range = transfer.next(100)!
  transfer.fail(new Error('enough'))
  await expect(transfer.done).rejects.toThrow('enough')
  expect(() => transfer.take(range, chunk(0, 10))).toThrow(/not wanted/)
  transfer.giveBack(range)
  expect(transfer.target.every((byte) => byte === 0)).toBe(true)
  expect([transfer.isWanting, transfer.next(10)]).toEqual([false, null])
})
