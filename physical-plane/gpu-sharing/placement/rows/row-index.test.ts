import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RowAsk, RowIndex, type RowPlace } from './row-index.ts'

const devices = (count: number, memoryBytes = 100) =>
  Array.from({ length: count }, (_, at) => ({ id: `gpu-${at}`, memoryBytes }))
const anAsk = (holder: string, smMilli: number, quotaMilli: number, over: Partial<RowAsk> = {}): RowAsk => ({
  holder,
  quotaMilli,
  smMilli,
  memoryBytes: 1,
  shared: null,
  takesOtherRows: false,
  ...over,
})

function give(index: RowIndex, ask: RowAsk): RowPlace | null {
  const place = index.choose(ask)
  if (place !== null) index.hold(ask, place)
  return place
}

describe('which row', () => {
  test('one with the same multiprocessors, else a new one, else a fresh GPU', () => {
    const index = new RowIndex(devices(2))
    expect(give(index, anAsk('a', 300, 400))).toEqual({ deviceId: 'gpu-0', smMilli: 300 })
    expect(give(index, anAsk('b', 300, 600))).toEqual({ deviceId: 'gpu-0', smMilli: 300 })
    expect(give(index, anAsk('c', 700, 500))).toEqual({ deviceId: 'gpu-0', smMilli: 700 })
    expect(give(index, anAsk('d', 300, 100))).toEqual({ deviceId: 'gpu-1', smMilli: 300 })
    expect(index.rowsOf('gpu-0')).toEqual([
      { smMilli: 300, quotaMilli: 1_000, holders: ['a', 'b'] },
      { smMilli: 700, quotaMilli: 500, holders: ['c'] },
    ])
  })

  test('rows together have no more multiprocessors than the GPU', () => {
    const index = new RowIndex(devices(1))
    give(index, anAsk('a', 600, 100))
    expect(give(index, anAsk('b', 500, 100))).toBeNull()
    expect(() => index.hold(anAsk('b', 500, 100), { deviceId: 'gpu-0', smMilli: 500 })).toThrow(
      /no room for a row of 500/,
    )
  })

  test('who can do with other multiprocessors takes the row with the most time left', () => {
    const index = new RowIndex(devices(1))
    give(index, anAsk('a', 600, 800))
    give(index, anAsk('b', 400, 300))
    expect(give(index, anAsk('c', 200, 500))).toBeNull()
    expect(give(index, anAsk('c', 200, 500, { takesOtherRows: true }))).toEqual({ deviceId: 'gpu-0', smMilli: 400 })
  })
})

test('occupancy counts every size of multiprocessors, not the whole GPU alone', () => {
  const index = new RowIndex(devices(2))
  give(index, anAsk('a', 300, 400))
  expect(index.occupancyMillionths('gpu-0')).toBe(120_000)
  index.hold(anAsk('b', 600, 400), { deviceId: 'gpu-1', smMilli: 600 })
  expect(give(index, anAsk('c', 200, 100))?.deviceId).toBe('gpu-0')
})

test('an instance is stretched within its row, and no further', () => {
  const index = new RowIndex(devices(1))
  give(index, anAsk('a', 300, 300))
  give(index, anAsk('b', 300, 400))
  expect(index.stretch('a', 601)).toBe(false)
  expect(index.stretch('a', 600)).toBe(true)
  expect(index.rowsOf('gpu-0')[0]!.quotaMilli).toBe(1_000)
  expect(index.stretch('a', 100)).toBe(true)
  expect(index.occupancyMillionths('gpu-0')).toBe(300 * 500)
})

test('no history oversells a row, a GPU or its memory, and occupancy recounted is occupancy kept', () => {
  const step = fc.record({
    sm: fc.constantFrom(100, 200, 300, 500, 1_000),
    quota: fc.integer({ min: 1, max: 10 }).map((n) => n * 100),
    memoryBytes: fc.integer({ min: 0, max: 40 }),
    takesOtherRows: fc.boolean(),
    next: fc.constantFrom('stay', 'leave', 'stretch'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const index = new RowIndex(devices(3))
      const held = new Map<string, { quota: number; readonly sm: number; readonly place: RowPlace }>()
      for (const [number, { sm, quota, next, ...rest }] of steps.entries()) {
        const place = give(index, anAsk(String(number), sm, quota, rest))
        if (place !== null) held.set(String(number), { quota, sm: place.smMilli, place })
        const [first, own] = [...held][0] ?? []
        if (first === undefined || own === undefined) continue
        if (next === 'leave') {
          index.release(first)
          held.delete(first)
        }
        if (next === 'stretch' && index.stretch(first, quota)) own.quota = quota
      }
      for (const { id } of devices(3)) {
        const here = [...held.values()].filter(({ place }) => place.deviceId === id)
        const rows = index.rowsOf(id)
        expect(rows.reduce((sum, { smMilli }) => sum + smMilli, 0)).toBeLessThanOrEqual(1_000)
        for (const { smMilli, quotaMilli } of rows) {
          expect(quotaMilli).toBeLessThanOrEqual(1_000)
          const own = here.filter(({ sm }) => sm === smMilli)
          expect(quotaMilli).toBe(own.reduce((sum, { quota }) => sum + quota, 0))
        }
        expect(index.occupancyMillionths(id)).toBe(here.reduce((sum, { quota, sm }) => sum + quota * sm, 0))
      }
      for (const holder of held.keys()) index.release(holder)
      for (const { id } of devices(3)) expect([index.rowsOf(id), index.occupancyMillionths(id)]).toEqual([[], 0])
    }),
    { numRuns: 100 },
  )
})
