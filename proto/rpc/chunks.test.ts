import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocatePayload, Assembler, cut, type BulkChunk, type BulkSource, type CutOptions } from './chunks.ts'

async function pieces(source: BulkSource, options?: CutOptions): Promise<BulkChunk[]> {
  const found: BulkChunk[] = []
  for await (const chunk of cut(source, options)) found.push(chunk)
  return found
}

function outcome(add: () => void): 'taken' | 'refused' {
  try {
    add()
    return 'taken'
  } catch {
    return 'refused'
  }
}

const payload = fc.uint8Array({ maxLength: 2_000 })
const sizes = fc.integer({ min: 1, max: 700 })

describe('chunks', () => {
  test('what is cut comes together again, from any offset and at any alignment', async () => {
    await fc.assert(
      fc.asyncProperty(payload, sizes, fc.nat(), fc.nat({ max: 7 }), async (source, chunkBytes, resume, shift) => {
        const fromOffset = source.length === 0 ? 0 : resume % (source.length + 1)
        const target = new Uint8Array(source.length)
        target.set(source.subarray(0, fromOffset))
        const assembler = new Assembler(target, fromOffset)
        for (const chunk of await pieces(source, { chunkBytes, fromOffset })) {
          const shifted = new Uint8Array(chunk.data.length + shift).subarray(shift)
          shifted.set(chunk.data)
          assembler.add({ ...chunk, data: shifted })
        }
        assembler.finish()
        expect(target).toEqual(source)
      }),
    )
  })

  test('one flipped bit anywhere is found and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (source, at, bit) => {
          const [chunk] = await pieces(source)
          const data = Uint8Array.from(chunk!.data)
          data[at % data.length]! ^= 1 << bit
          const assembler = new Assembler(new Uint8Array(source.length))
          expect(() => assembler.add({ ...chunk!, data })).toThrow('CRC-32')
          expect(assembler.receivedBytes).toBe(0)
          assembler.add(chunk!)
          expect(assembler.isComplete).toBe(true)
        },
      ),
    )
  })

  test('any sequence of chunks either extends the prefix or is refused', () => {
    const source = Uint8Array.from({ length: 40 }, (_, i) => i)
    const steps = fc.array(fc.tuple(fc.integer({ min: -5, max: 50 }), fc.integer({ min: 0, max: 50 })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(steps, (chunks) => {
        const target = new Uint8Array(source.length)
        const assembler = new Assembler(target)
        for (const [offset, length] of chunks) {
          const data = source.slice(Math.max(0, offset), Math.max(0, offset) + length)
          const before = assembler.receivedBytes
          const mayGrow = offset === before && data.length > 0
          expect(outcome(() => assembler.add({ offset, data, crc32: crc32(data) }))).toBe(mayGrow ? 'taken' : 'refused')
          expect(assembler.receivedBytes).toBe(mayGrow ? before + data.length : before)
          expect(target.subarray(0, assembler.receivedBytes)).toEqual(source.subarray(0, assembler.receivedBytes))
        }
      }),
    )
  })

  test('a piece beyond the end, an early end and an impossible length say what was wrong', () => {
    const data = new Uint8Array(5)
    const assembler = new Assembler(new Uint8Array(4))
    expect(() => assembler.add({ offset: 0, data, crc32: crc32(data) })).toThrow(
      'chunk ends at 5, the payload has 4 bytes',
    )
    expect(() => assembler.finish()).toThrow('ended after 0 of 4 bytes')
    const large = new Uint8Array(1024 * 1024 + 1)
    expect(() => assembler.add({ offset: 0, data: large, crc32: 0 })).toThrow('the limit is 1048576')
    expect(() => allocatePayload(11, 10, 'the update of region b')).toThrow(
      'announces 11 bytes, more than the limit of 10',
    )
    for (const bytes of [-1, 1.5, Number.NaN]) expect(() => allocatePayload(bytes, 10, 'it')).toThrow('is no length')
    expect(allocatePayload(10, 10, 'it').byteLength).toBe(10)
  })

  test('a resume offset outside the payload is refused', async () => {
    for (const fromOffset of [-1, 4, 0.5]) {
      await expect(pieces(new Uint8Array(3), { fromOffset })).rejects.toMatchObject({ reason: 'BAD_OFFSET' })
    }
    expect(await pieces(new Uint8Array(3), { fromOffset: 3 })).toEqual([])
  })

  test('a file is cut like memory, and one that shrinks meanwhile is an error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chunks-'))
    const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 251)
    writeFileSync(join(folder, 'model'), bytes)
    const file = await open(join(folder, 'model'))
    try {
      const fromFile = await pieces({ file, totalBytes: 1_000 }, { chunkBytes: 300, fromOffset: 100 })
      const fromMemory = await pieces(bytes, { chunkBytes: 300, fromOffset: 100 })
      expect(fromFile.map((chunk) => ({ ...chunk, data: [...chunk.data] }))).toEqual(
        fromMemory.map((chunk) => ({ ...chunk, data: [...chunk.data] })),
      )
      await expect(pieces({ file, totalBytes: 1_001 })).rejects.toMatchObject({ reason: 'FILE_SHRANK' })
    } finally {
      await file.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
