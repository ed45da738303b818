import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VectorMemory, type FullArena } from './memory.ts'

describe('vector memory', () => {
  test('vectors are zero, aligned to 64 bytes and never overlap, in any order of allocating and releasing', () => {
    const action = fc.record({ elements: fc.integer({ min: 0, max: 600 }), releases: fc.boolean(), which: fc.nat() })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const memory = VectorMemory.create(65_536)
        const live: { vector: Float32Array; mark: number }[] = []
        for (const [mark, { elements, releases, which }] of actions.entries()) {
          if (releases && live.length > 0) memory.release(live.splice(which % live.length, 1)[0]!.vector)
          const vector = memory.allocate(elements)
          expect(vector.length).toBe(elements)
          expect(vector.byteOffset % 64).toBe(0)
          expect(vector.every((value) => value === 0)).toBe(true)
          vector.fill(mark + 1)
          live.push({ vector, mark: mark + 1 })
          for (const other of live) expect(other.vector.every((value) => value === other.mark)).toBe(true)
        }
        for (const { vector } of live) memory.release(vector)
        expect(memory.usedBytes).toBe(0)
        // Everything released joins into one block again.
        expect(memory.allocate(5_000).byteOffset).toBe(memory.allocate(1).byteOffset - 20_032)
      }),
    )
  })

  test('a full arena goes on in ordinary memory, with the same results', () => {
    const memory = VectorMemory.create(65_536)
    const inside = memory.allocate(1_000)
    const outside = memory.allocate(100_000)
    expect(outside.buffer).not.toBe(inside.buffer)
    const source = outside.subarray(0, 1_000).fill(3)
    memory.kernels.addScaled(inside, source, 2)
    expect(inside.every((value) => value === 6)).toBe(true)
    memory.release(outside)
  })

  test('a full arena is told once, with numbers', () => {
    const told: FullArena[] = []
    const memory = VectorMemory.create({ bytes: 65_536, onFull: (full) => told.push(full) })
    const inside = memory.allocate(1_000)
    expect(told).toEqual([])
    const outside = memory.allocate(100_000)
    memory.copyOf(outside)
    expect(told).toEqual([{ wantedBytes: 400_000, usedBytes: memory.usedBytes, bytes: 65_536 }])
    expect(memory.holds(inside)).toBe(true)
  })

  test('a copy is the vector, in memory that held others before as outside of the arena', () => {
    const memory = VectorMemory.create(65_536)
    for (const elements of [1, 7, 1_000, 100_000]) {
      memory.release(memory.allocate(elements).fill(9))
      const vector = Float32Array.from({ length: elements }, (_, i) => i)
      const copies = [memory.copyOf(vector), memory.copyOf(memory.copyOf(vector))]
      for (const copy of copies) expect(copy).toEqual(vector)
    }
  })

  test('a vector released twice is a bug', () => {
    const memory = VectorMemory.create(65_536)
    const vector = memory.allocate(4)
    memory.release(vector)
    expect(() => memory.release(vector)).toThrow('no vector was allocated')
  })
})
