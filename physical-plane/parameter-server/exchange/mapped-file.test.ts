import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { present } from '#runtime/assert.ts'
import { mapFile } from './mapped-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapped-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe.runIf(process.platform === 'linux')('a mapped file', () => {
  test('is seen and changed through its buffer, again and again', () => {
    const path = join(folder, 'a')
    writeFileSync(path, new Uint8Array(10_000).fill(7))
    for (let round = 1; round <= 3; round++) {
      const file = openSync(path, 'r+')
      const { buffer, unmap } = present(mapFile(file, 10_000), 'a map of a plain file')
      const bytes = new Uint8Array(buffer)
      expect([bytes.length, bytes[9_999]]).toEqual([10_000, round === 1 ? 7 : round - 1])
      bytes[9_999] = round
      unmap()
      closeSync(file)
      expect(readFileSync(path)[9_999]).toBe(round)
    }
  })

  test('what cannot be mapped is null', () => {
    const file = openSync(folder, 'r')
    expect(mapFile(file, 4096)).toBeNull()
    closeSync(file)
  })
})
