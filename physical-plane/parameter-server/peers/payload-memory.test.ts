import { expect, test } from 'vitest'
import { payloadMemory } from './payload-memory.ts'

test('payloads of any length lie in vectors, and go back as the vectors that they were', () => {
  const arena = new ArrayBuffer(1024)
  const given: { start: number; elements: number }[] = []
  const back: typeof given = []
  const memory = payloadMemory({
    allocate: (elements) => {
      given.push({ start: 64, elements })
      return new Float32Array(arena, 64, elements)
    },
    release: (vector) => void back.push({ start: vector.byteOffset, elements: vector.length }),
  })
  for (const length of [1, 3, 4, 5, 33]) {
    const bytes = memory.allocate(length)
    expect([bytes.byteLength, bytes.byteOffset, bytes.buffer]).toEqual([length, 64, arena])
    memory.release(bytes)
  }
  expect(given.map(({ elements }) => elements)).toEqual([1, 1, 1, 2, 9])
  expect(back).toEqual(given)
})
