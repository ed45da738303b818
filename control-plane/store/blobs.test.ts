import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryBlobs, openBlobs, type Blobs } from './blobs.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-blobs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

async function* chunksOf(data: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  await Promise.resolve()
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size)
}

const variants: readonly (readonly [string, () => Promise<Blobs>])[] = [
  ['files', () => openBlobs(folder)],
  ['memory', () => Promise.resolve(memoryBlobs())],
]

describe.each(variants)('blobs in %s', (_name, make) => {
  const data = Buffer.alloc(700_000, 'abc')
  const header = { digest: sha256(data), totalBytes: data.byteLength }

  test('what was received is read back', async () => {
    const blobs = await make()
    expect(await blobs.size(header.digest)).toBeNull()
    await blobs.receive(header, chunksOf(data, 1000))
    expect(await blobs.size(header.digest)).toBe(data.byteLength)
    const read: Uint8Array[] = []
    for await (const chunk of blobs.read(header.digest)) read.push(chunk)
    expect(Buffer.concat(read).equals(data)).toBe(true)
  })

  test.each([
    ['too short', { ...header, totalBytes: 700_001 }, 'LENGTH_MISMATCH'],
    ['too long', { ...header, totalBytes: 699_999 }, 'LENGTH_MISMATCH'],
    ['another content', { ...header, digest: 'b'.repeat(64) }, 'DIGEST_MISMATCH'],
  ])('content that is %s leaves nothing', async (_case, wrong, reason) => {
    const blobs = await make()
    await expect(blobs.receive(wrong, chunksOf(data, 1000))).rejects.toMatchObject({ kind: 'invalid', reason })
    expect(await blobs.size(wrong.digest)).toBeNull()
  })

  test('a blob that is not there is not found', async () => {
    const blobs = await make()
    await expect(Array.fromAsync(blobs.read('c'.repeat(64)))).rejects.toMatchObject({ kind: 'not-found' })
  })
})

test('a stream that breaks off leaves no file, nor does a crash', async () => {
  const blobs = await openBlobs(folder)
  async function* broken(): AsyncIterable<Uint8Array> {
    yield* chunksOf(Buffer.from('abc'), 1)
    throw new Error('cut')
  }
  await expect(blobs.receive({ digest: 'd'.repeat(64), totalBytes: 9 }, broken())).rejects.toThrow('cut')
  expect(await readdir(join(folder, 'incoming'))).toEqual([])
  await writeFile(join(folder, 'incoming', 'half'), 'x')
  await openBlobs(folder)
  expect(await readdir(join(folder, 'incoming'))).toEqual([])
})
