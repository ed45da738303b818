import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VectorMemory } from '../replica/memory.ts'
import { readChunkBytes } from './config.ts'
import { SharedFile } from './shared-file.ts'

const chunkElements = readChunkBytes / 4
const memory = VectorMemory.create(1 << 24)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe.each([true, false])('a shared file (mapped: %s)', (isMapped) => {
  test.each([1, 1023, 1024, 1025, chunkElements, chunkElements + 1, 2 * chunkElements + 7])(
    'of %i elements has two regions on whole pages, both taken, and carries every bit both ways',
    async (elements) => {
      const shared = SharedFile.create(folder, 'a', elements, isMapped)
      expect([shared.parametersOffset % 4096, shared.bytes - 2 * shared.parametersOffset]).toEqual([0, 0])
      expect(shared.parametersOffset).toBeGreaterThanOrEqual(elements * 4)
      const { size, mode, blocks } = statSync(shared.path)
      expect([size, mode & 0o777, blocks * 512 >= size]).toEqual([shared.bytes, 0o600, true])

      const values = Float32Array.from({ length: elements }, (_, index) => Math.sin(index))
      put(shared.path, 0, values)
      const landing = memory.allocate(elements)
      expect(await shared.readGradient(landing, memory)).toBe(true)
      expect(landing).toEqual(values)

      shared.writeParameters(values.map((value) => -value))
      expect(await shared.readParameters(landing, memory)).toBe(true)
      expect(landing).toEqual(values.map((value) => -value))
      expect(await shared.readGradient(landing, memory)).toBe(true)
      expect(landing).toEqual(values)
      memory.release(landing)
      shared.close()
      expect(existsSync(shared.path)).toBe(false)
    },
  )

  test('one number that is not finite is found in any piece', async () => {
    const elements = 2 * chunkElements + 7
    const shared = SharedFile.create(folder, 'a', elements, isMapped)
    const landing = memory.allocate(elements)
    for (const at of [0, chunkElements - 1, chunkElements, elements - 1]) {
      put(shared.path, at * 4, Float32Array.of(Number.NaN))
      expect(await shared.readGradient(landing, memory)).toBe(false)
      expect(landing[at]).toBeNaN()
      put(shared.path, at * 4, Float32Array.of(0))
    }
    expect(await shared.readGradient(landing, memory)).toBe(true)
    memory.release(landing)
    shared.close()
  })

  test('that someone cut short is an error that says where, not a wait', async () => {
    const shared = SharedFile.create(folder, 'a', 5_000, isMapped)
    truncateSync(shared.path, 8_192)
    const landing = memory.allocate(5_000)
    await expect(shared.readGradient(landing, memory)).rejects.toThrow('the shared file ends at 8192')
    memory.release(landing)
    shared.close()
  })

  test('does not take the place of another', () => {
    const shared = SharedFile.create(folder, 'a', 4, isMapped)
    expect(() => SharedFile.create(folder, 'a', 4, isMapped)).toThrow('EEXIST')
    shared.close()
  })
})

function put(path: string, position: number, values: Float32Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, values, 0, values.byteLength, position)
  closeSync(file)
}
