import { expect, test } from 'vitest'
import { SharedMemory } from './shared-memory.ts'

/** MB of FaST-GShare's table: alone, with sharing, and what is shared with its context. */
const published = [
  { model: 'ResNet50', alone: 1_525, own: 1_427, shared: 416, from: 5 },
  { model: 'ResNet152', alone: 1_745, own: 1_501, shared: 601, from: 3 },
  { model: 'ResNeXt-xlarge', alone: 3_335, own: 1_829, shared: 1_805, from: 2 },
  { model: 'ViT-huge', alone: 4_735, own: 2_101, shared: 2_979, from: 2 },
] as const

test.each(published)('sharing the tensors of $model takes less memory from $from instances on', (row) => {
  const used = (count: number): number => {
    const memory = new SharedMemory(1_000_000)
    for (let at = 0; at < count; at += 1)
      memory.hold(String(at), { memoryBytes: row.own, shared: { key: row.model, bytes: row.shared } })
    return memory.totalBytes - memory.freeBytes
  }
  expect(used(row.from)).toBeLessThan(row.from * row.alone)
  expect(used(row.from - 1)).toBeGreaterThanOrEqual((row.from - 1) * row.alone)
})

test.each([
  { model: 'ViT-huge', count: 2, alone: 9_470, sharing: 7_181 },
  { model: 'ResNet50', count: 5, alone: 7_625, sharing: 7_551 },
])('$count of $model take $sharing instead of $alone MB', ({ model, count, alone, sharing }) => {
  const row = published.find((one) => one.model === model)!
  const memory = new SharedMemory(10_000)
  for (let at = 0; at < count; at += 1)
    memory.hold(String(at), { memoryBytes: row.own, shared: { key: row.model, bytes: row.shared } })
  expect([count * row.alone, memory.totalBytes - memory.freeBytes]).toEqual([alone, sharing])
})

test('another instance of a model fits where its first would not', () => {
  const memory = new SharedMemory(100)
  const ask = { memoryBytes: 20, shared: { key: 'm', bytes: 50 } }
  memory.hold('1', ask)
  expect(memory.fits(ask)).toBe(true)
  expect(memory.fits({ ...ask, shared: { key: 'n', bytes: 50 } })).toBe(false)
  expect(() => memory.hold('2', { ...ask, shared: { key: 'n', bytes: 50 } })).toThrow('2 needs 70 bytes of 30')
  expect(memory.release('1')).toBe(true)
  expect(memory.release('1')).toBe(false)
  expect(memory.freeBytes).toBe(100)
})
