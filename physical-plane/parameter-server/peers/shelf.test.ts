import { describe, expect, test } from 'vitest'
import { Shelf } from './shelf.ts'

describe('a shelf', () => {
  test('goes on offering content that lay there twice, from the memory that is left', () => {
    const shelf = new Shelf()
    const [first, second] = [Uint8Array.of(1, 2), Uint8Array.of(1, 2)]
    shelf.put('same', first)
    shelf.put('same', second)
    expect(shelf.bytes).toBe(2)
    shelf.remove('same', first)
    // Its owner uses the memory for something else.
    first.fill(9)
    expect(shelf.get('same')).toEqual(Uint8Array.of(1, 2))
    shelf.remove('same', second)
    expect(shelf.get('same')).toBeNull()
    expect(shelf.bytes).toBe(0)
  })

  test('knows memory by where it lies, not by the view of it', () => {
    const shelf = new Shelf()
    const memory = new Uint8Array(64)
    shelf.put('left', memory.subarray(0, 16))
    shelf.remove('left', memory.subarray(16, 32))
    expect(shelf.get('left')).not.toBeNull()
    shelf.remove('left', new Uint8Array(memory.buffer, 0, 16))
    expect(shelf.get('left')).toBeNull()
  })
})
