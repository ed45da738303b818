import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readModelFile, writeModelFile } from './model-file.ts'
import { aLayout } from './partition.fixture.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('a model file', () => {
  test('is read as it was written, with the types of the user in its metadata', async () => {
    const path = join(folder, 'model.safetensors')
    const values = Float32Array.of(1, 2, 3, 0.5)
    await writeModelFile(path, aLayout(3, { buffers: 1 }), values, { job: 'j' })
    const { tensors, metadata } = await readModelFile(path)
    expect(tensors).toEqual([
      { name: 'weight', shape: [3], values: Float32Array.of(1, 2, 3) },
      { name: 'running', shape: [1], values: Float32Array.of(0.5) },
    ])
    expect(metadata).toEqual({ format: 'pt', job: 'j', 'dtype.weight': 'float32', 'dtype.running': 'float32' })
  })

  test('has the bytes that the format asks for', async () => {
    const path = join(folder, 'model.safetensors')
    await writeModelFile(path, aLayout(2), Float32Array.of(1, -2), {})
    const bytes = await readFile(path)
    const headerBytes = Number(bytes.readBigUInt64LE(0))
    expect(headerBytes % 8).toBe(0)
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes))).toMatchObject({
      weight: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    })
    expect([bytes.readFloatLE(8 + headerBytes), bytes.readFloatLE(12 + headerBytes)]).toEqual([1, -2])
    expect(bytes.length).toBe(8 + headerBytes + 8)
  })

  test.each([
    ['nothing', Buffer.alloc(3), 'it has 3 bytes'],
    ['a header beyond the end', Buffer.from('ffffffffffffffff', 'hex'), 'its header would have'],
    ['no JSON', Buffer.concat([Buffer.from('0300000000000000', 'hex'), Buffer.from('{{{')]), 'not JSON'],
  ])('%s is refused with the reason', async (_, bytes, reason) => {
    const path = join(folder, 'broken')
    await writeFile(path, bytes)
    await expect(readModelFile(path)).rejects.toThrow(reason)
  })
})
