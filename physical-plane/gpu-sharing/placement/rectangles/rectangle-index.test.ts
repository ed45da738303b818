import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areaOf, freeBeside, overlap, type Rectangle } from '#proto/rectangles/max-rects.ts'
import { asText, orders } from '#proto/rectangles/max-rects.fixture.ts'
import { packTogether } from '#proto/rectangles/repack.ts'
import { RectangleIndex, type SpaceAsk, type SpacePlace } from './rectangle-index.ts'

const devices = (count: number, memoryBytes = 100) =>
  Array.from({ length: count }, (_, number) => ({ id: `gpu-${number}`, memoryBytes }))
const anAsk = (holder: string, quotaMilli: number, smMilli: number, over: Partial<SpaceAsk> = {}): SpaceAsk => ({
  holder,
  quotaMilli,
  smMilli,
  memoryBytes: 1,
  shared: null,
  ...over,
})

function give(index: RectangleIndex, ask: SpaceAsk): SpacePlace | null {
  const place = index.choose(ask)
  if (place !== null) index.hold(ask, place)
  return place
}

describe('which GPU', () => {
  test('of those in use with a hole the one on which the least stays free, and a fresh one last', () => {
    const index = new RectangleIndex(devices(3))
    index.hold(anAsk('half', 1_000, 500), { deviceId: 'gpu-1', own: at(0, 0, 1_000, 500), moved: new Map() })
    index.hold(anAsk('most', 1_000, 700), { deviceId: 'gpu-2', own: at(0, 0, 1_000, 700), moved: new Map() })
    expect(give(index, anAsk('a', 500, 200))?.deviceId).toBe('gpu-2')
    expect(give(index, anAsk('b', 500, 400))?.deviceId).toBe('gpu-1')
    expect(give(index, anAsk('c', 600, 600))?.deviceId).toBe('gpu-0')
    expect(give(index, anAsk('d', 1_000, 1_000))).toBeNull()
  })

  test('where it fits nowhere although enough is free, the others are laid out anew', () => {
    const index = new RectangleIndex(devices(2))
    give(index, anAsk('a', 400, 500))
    give(index, anAsk('b', 600, 300))
    give(index, anAsk('c', 400, 500))
    const place = give(index, anAsk('d', 300, 600))
    expect(place?.deviceId).toBe('gpu-0')
    expect(place!.moved.size).toBeGreaterThan(0)
    expect(index.activeCount).toBe(1)
  })

  test('one move is made where one suffices', () => {
    const index = new RectangleIndex(devices(1))
    index.hold(anAsk('a', 200, 1_000), { deviceId: 'gpu-0', own: at(400, 0, 200, 1_000), moved: new Map() })
    index.hold(anAsk('b', 100, 100), { deviceId: 'gpu-0', own: at(0, 0, 100, 100), moved: new Map() })
    const place = give(index, anAsk('c', 700, 800))
    expect([...place!.moved.keys()]).toEqual(['a'])
  })

  test("FaST-GShare's eight fit one GPU in whatever order they come", () => {
    const paper = [
      { of: { quota: 400, sm: 120 }, count: 4 },
      { of: { quota: 400, sm: 240 }, count: 2 },
      { of: { quota: 600, sm: 500 }, count: 2 },
    ]
    const spilled = orders(paper).filter((order) => {
      const index = new RectangleIndex(devices(8))
      for (const [number, { quota, sm }] of order.entries()) give(index, anAsk(String(number), quota, sm))
      return index.activeCount > 1
    })
    expect(spilled).toEqual([])
  })
})

test('an index rebuilt in any order from what runs loses nobody', () => {
  const sizes = [
    { of: { quota: 400, sm: 120 }, count: 4 },
    { of: { quota: 400, sm: 240 }, count: 2 },
    { of: { quota: 600, sm: 500 }, count: 2 },
  ]
  for (const order of orders(sizes)) {
    const index = new RectangleIndex(devices(2))
    for (const [number, { quota, sm }] of order.entries()) {
      const ask = anAsk(String(number), quota, sm)
      index.hold(ask, index.chooseOn('gpu-1', ask)!)
    }
    expect([index.takenOf('gpu-1').size, index.takenOf('gpu-0').size]).toEqual([8, 0])
  }
})

test('what is too much for the GPU on which it should be is refused there', () => {
  const index = new RectangleIndex(devices(2))
  give(index, anAsk('a', 600, 600))
  expect(index.chooseOn('gpu-0', anAsk('b', 600, 600))).toBeNull()
  expect(index.chooseOn('gpu-1', anAsk('b', 600, 600, { memoryBytes: 101 }))).toBeNull()
  expect(index.chooseOn('gpu-1', anAsk('b', 600, 600))?.own).toEqual(at(0, 0, 600, 600))
})

test('sizes are packed together where some order of them fits, and not where their area or shape is too large', () => {
  const bin = { width: 1_000, height: 1_000 }
  const sizes = (...given: readonly (readonly [number, number])[]) =>
    new Map(given.map(([width, height], number) => [String(number), { width, height }]))
  const packed = packTogether(bin, sizes([400, 500], [600, 300], [400, 500], [300, 600]))
  expect([...packed!.keys()].toSorted()).toEqual(['0', '1', '2', '3'])
  // Areas add up to 0.72, and no two lie side by side.
  expect(packTogether(bin, sizes([600, 600], [600, 600]))).toBeNull()
})

describe('memory', () => {
  test('shared tensors count once while anybody has them', () => {
    // ViT-huge in MB: alone 4,735; shared 2,979 and 2,101 each.
    const shared = { key: 'vit-huge', bytes: 2_979 }
    const index = new RectangleIndex(devices(1, 7_200))
    expect(give(index, anAsk('1', 100, 100, { memoryBytes: 2_101, shared }))).not.toBeNull()
    expect(give(index, anAsk('2', 100, 100, { memoryBytes: 2_101, shared }))).not.toBeNull()
    expect(index.freeMemoryBytes('gpu-0')).toBe(7_200 - 7_181)
    expect(index.choose(anAsk('3', 100, 100, { memoryBytes: 20 }))).toBeNull()
    index.release('1')
    expect(index.freeMemoryBytes('gpu-0')).toBe(7_200 - 2_979 - 2_101)
    index.release('2')
    expect(index.freeMemoryBytes('gpu-0')).toBe(7_200)
  })

  test('a GPU with space and no memory is passed over', () => {
    const index = new RectangleIndex([
      { id: 'a', memoryBytes: 10 },
      { id: 'b', memoryBytes: 50 },
    ])
    expect(give(index, anAsk('x', 10, 10, { memoryBytes: 20 }))?.deviceId).toBe('b')
    expect(give(index, anAsk('y', 10, 10, { memoryBytes: 31 }))).toBeNull()
  })
})

test.each<[string, SpacePlace, RegExp]>([
  ['over another', { deviceId: 'gpu-0', own: at(0, 0, 500, 500), moved: new Map() }, /y and x overlap on gpu-0/],
  ['over the edge', { deviceId: 'gpu-0', own: at(600, 0, 500, 500), moved: new Map() }, /over the edge/],
  ['smaller than asked', { deviceId: 'gpu-0', own: at(500, 0, 400, 500), moved: new Map() }, /another size/],
  ['moving a stranger', { deviceId: 'gpu-0', own: at(500, 0, 500, 500), moved: new Map([['z', at(0, 0, 1, 1)]]) }, /z/],
])('a rectangle %s is not held, and nothing changes', (_, place, message) => {
  const index = new RectangleIndex(devices(1))
  give(index, anAsk('x', 500, 500))
  expect(() => index.hold(anAsk('y', 500, 500), place)).toThrow(message)
  expect([...index.takenOf('gpu-0').keys()]).toEqual(['x'])
})

test('no history overlaps, oversells memory or loses anybody, and release gives back all', () => {
  const step = fc.record({
    quota: fc.integer({ min: 1, max: 10 }).map((n) => n * 100),
    sm: fc.constantFrom(60, 120, 240, 500, 600, 1_000),
    memoryBytes: fc.integer({ min: 0, max: 40 }),
    model: fc.constantFrom(null, 'm', 'n'),
    leaves: fc.nat(2),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const index = new RectangleIndex(devices(3))
      const held = new Map<string, SpaceAsk>()
      for (const [number, { quota, sm, memoryBytes, model, leaves }] of steps.entries()) {
        const shared = model === null ? null : { key: model, bytes: 15 }
        const ask = anAsk(String(number), quota, sm, { memoryBytes, shared })
        if (give(index, ask) !== null) held.set(ask.holder, ask)
        const first = [...held.keys()][0]
        if (leaves === 0 && first !== undefined) {
          index.release(first)
          held.delete(first)
        }
        check(index, held)
      }
      for (const holder of held.keys()) index.release(holder)
      expect(index.activeCount).toBe(0)
      for (const { id } of devices(3)) expect([index.freeMemoryBytes(id), index.freeOf(id).length]).toEqual([100, 1])
    }),
    { numRuns: 60 },
  )
})

function check(index: RectangleIndex, held: ReadonlyMap<string, SpaceAsk>): void {
  const all = devices(3).flatMap(({ id }) => [...index.takenOf(id).keys()])
  expect(all.toSorted()).toEqual([...held.keys()].toSorted())
  for (const { id } of devices(3)) {
    const taken = [...index.takenOf(id)]
    for (const [number, [holder, own]] of taken.entries()) {
      const { quotaMilli, smMilli } = held.get(holder)!
      expect([own.width, own.height]).toEqual([quotaMilli, smMilli])
      expect(taken.slice(number + 1).some(([, other]) => overlap(own, other))).toBe(false)
    }
    const rectangles = taken.map(([, own]) => own)
    expect(asText(index.freeOf(id))).toEqual(asText(freeBeside({ width: 1_000, height: 1_000 }, rectangles)))
    expect(rectangles.reduce((sum, one) => sum + areaOf(one), 0)).toBeLessThanOrEqual(1_000_000)
    const asks = taken.map(([holder]) => held.get(holder)!)
    const models = new Set(asks.flatMap(({ shared }) => (shared === null ? [] : [shared.key])))
    const used = asks.reduce((sum, { memoryBytes }) => sum + memoryBytes, 15 * models.size)
    expect(index.freeMemoryBytes(id)).toBe(100 - used)
    expect(used).toBeLessThanOrEqual(100)
  }
}

function at(x: number, y: number, width: number, height: number): Rectangle {
  return { x, y, width, height }
}
