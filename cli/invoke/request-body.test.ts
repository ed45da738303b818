import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readData, requestBody } from './request-body.ts'

const noInput = (): string => {
  throw new Error('nobody asked for standard input')
}

test('JSON, a file and standard input say the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-request-'))
  const path = join(folder, 'request.json')
  writeFileSync(path, '{"x": [1]}')
  try {
    for (const given of ['{"x": [1]}', path]) expect(readData(given, noInput)).toEqual({ x: [1] })
    expect(readData('-', () => '{"x": [1]}')).toEqual({ x: [1] })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a request of the protocol stays as it is', () => {
  const request = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }], id: 'r' }
  expect(requestBody(request, [])).toBe(request)
})

test('tensors by name get the shape that they are nested by, and the data type that is declared or looked like', () => {
  const given = {
    x: [
      [1, 2],
      [3, 4],
    ],
    words: ['a'],
    flags: [true],
    one: 5,
    ids: [7],
    none: [],
  }
  expect(requestBody(given, [{ name: 'ids', datatype: 'INT64' }])).toEqual({
    inputs: [
      { name: 'x', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] },
      { name: 'words', shape: [1], datatype: 'BYTES', data: ['a'] },
      { name: 'flags', shape: [1], datatype: 'BOOL', data: [true] },
      { name: 'one', shape: [1], datatype: 'FP32', data: [5] },
      { name: 'ids', shape: [1], datatype: 'INT64', data: [7] },
      { name: 'none', shape: [0], datatype: 'FP32', data: [] },
    ],
  })
})

test.each([
  ['{"x": ', 'is no JSON'],
  ['[1]', 'is no object'],
  ['{}', 'names no tensor'],
  ['/nowhere/at/all', 'neither JSON nor a file'],
  ['{"x": [[1], [2, 3]]}', 'tensor x'],
  ['{"x": [[1], 2]}', 'tensor x'],
  ['{"x": [1, [2]]}', 'unevenly'],
  ['{"x": [{}]}', 'tensor x'],
  ['{"x": [1, "a"]}', 'mixes kinds'],
])('%s is refused', (given, why) => {
  expect(() => requestBody(readData(given, noInput), [])).toThrow(why)
})
