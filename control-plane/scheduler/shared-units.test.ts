import { assert, constantFrom, array, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import { SharedUnits, type Holding, type SharedDevice } from './shared-units.ts'

const gib = 2 ** 30
const devicesOf = (...memoryGib: readonly number[]): readonly SharedDevice[] =>
  memoryGib.map((size, i) => ({ id: `gpu-${i}`, memoryBytes: size * gib }))
const share = (request: number, limit = request, memoryGib = 0): GpuShare => {
  return { requestMilli: 1000 * request, limitMilli: 1000 * limit, memoryBytes: memoryGib * gib }
}
const onPart = (smMilli: number, request: number, limit = request): GpuShare => ({ ...share(request, limit), smMilli })
const held = (of: GpuShare | null, deviceId = ''): Holding => ({ share: of, deviceId })

describe('shares that fit', () => {
  test('are bounded by requests, by limits at one and a half, and by memory', () => {
    const units = new SharedUnits(devicesOf(16, 16, 24), 3)
    expect(units.free(share(0.3))).toBe(9)
    expect(units.free(share(0.3, 0.5))).toBe(9)
    expect(units.free(share(0.3, 0.6))).toBe(6)
    expect(units.free(share(0.1, 0.1, 8))).toBe(2 + 2 + 3)
    expect(units.free(share(0.1, 0.1, 32))).toBe(0)
  })

  test('on parts of the multiprocessors are rectangles of time by multiprocessors, which must lie side by side', () => {
    const units = new SharedUnits(devicesOf(16), 1)
    // Two rows of time of 0.4 side by side, four of 24 % above each other, though ten would fit by area.
    expect(units.free(onPart(240, 0.4, 0.6))).toBe(8)
    expect(units.free(onPart(240, 0.4, 1))).toBe(6)
    const load = [
      ...Array.from({ length: 4 }, () => onPart(120, 0.4, 0.6)),
      ...Array.from({ length: 2 }, () => onPart(240, 0.4, 0.6)),
      ...Array.from({ length: 2 }, () => onPart(500, 0.6, 0.7)),
    ]
    units.take(load.map((of) => held(of, 'gpu-0')))
    expect(units.requestsLeft).toEqual([16])
    // What is left is 40 % of the time on 4 % of the multiprocessors.
    expect([units.free(onPart(40, 0.4, 0.5)), units.free(onPart(100, 0.16, 0.2))]).toEqual([1, 0])
  })

  test('are not promised where they fit by area alone', () => {
    const units = new SharedUnits(devicesOf(16, 16), 2, [held(onPart(600, 0.6, 0.6), 'gpu-0')])
    expect(units.free(onPart(600, 0.6, 0.6))).toBe(1)
    expect(units.free(onPart(400, 0.6, 0.6))).toBe(1 + 2)
    expect(units.free(share(0.4))).toBe(1 + 2)
    expect(units.free(share(0.5))).toBe(0 + 2)
    // Of all multiprocessors what is left of the time beside the part.
    const beside = new SharedUnits(devicesOf(16), 1, [held(onPart(500, 0.6), 'gpu-0')])
    expect([beside.requestsLeft, beside.largestRequestMilli]).toEqual([[700], 400])
    expect([beside.free(share(0.4)), beside.free(share(0.401))]).toEqual([1, 0])
    // What is to change must lie beside the others too.
    const two = [held(onPart(500, 0.6), 'gpu-0'), held(onPart(600, 0.4), 'gpu-0')]
    const gpu = new SharedUnits(devicesOf(16), 1, two)
    expect(gpu.resized(two[0]!, onPart(500, 0.7))).toBeNull()
    expect(gpu.resized(two[0]!, onPart(500, 0.5))).not.toBeNull()
  })

  test('find as much room where the same parts are taken, and tell it apart from where others are', () => {
    const of = (...parts: readonly GpuShare[]): string =>
      new SharedUnits(
        devicesOf(16),
        1,
        parts.map((part) => held(part, 'gpu-0')),
      ).signature()
    const [tall, wide] = [onPart(500, 0.4), onPart(400, 0.5)]
    expect(of(tall, wide)).toBe(of(wide, tall))
    expect(of(tall)).not.toBe(of(wide))
    expect(of(share(0.2))).toBe(of(share(0.1), share(0.1)))
  })

  test('go beside what is held of their GPU', () => {
    const units = new SharedUnits(devicesOf(16, 16), 2, [held(share(0.6, 0.6, 10), 'gpu-1')])
    expect(units.free(share(0.5))).toBe(2)
    expect(units.free(share(0.4))).toBe(2 + 1)
    expect(units.free(share(0.1, 0.1, 8))).toBe(2)
    expect(units.total(share(0.5))).toBe(4)
  })

  test('never stand beside a whole one, nor a whole one beside them', () => {
    const units = new SharedUnits(devicesOf(16, 16), 2, [held(null, 'gpu-0'), held(share(0.1), 'gpu-1')])
    expect([units.wholeFree, units.free(share(0.1)), units.free(share(1))]).toEqual([0, 9, 0])
  })

  test('are of GPUs that take them: the class may have others, which are free whole', () => {
    const units = new SharedUnits(devicesOf(16), 3, [held(share(0.5), 'gpu-0')])
    expect([units.wholeFree, units.free(share(0.5))]).toEqual([2, 1])
    units.take([held(null), held(null)])
    expect([units.wholeFree, units.free(share(0.5))]).toEqual([0, 1])
  })
})

describe('what an agent has not told of yet', () => {
  test('is taken to be where it leaves the least', () => {
    const units = new SharedUnits(devicesOf(16, 16, 16), 3, [held(share(0.3)), held(share(0.3)), held(null)])
    expect([units.wholeFree, units.free(share(0.8)), units.free(share(0.5))]).toEqual([0, 0, 2])
  })

  test('is packed together where it only fits so', () => {
    const shares = [0.4, 0.4, 0.3, 0.3, 0.3, 0.3].map((request) => held(share(request)))
    const units = new SharedUnits(devicesOf(16, 16), 2, shares)
    expect(units.free(share(0.1))).toBe(0)
    expect(new SharedUnits(devicesOf(16, 16), 2, shares.slice(1)).free(share(0.3))).toBe(1)
  })

  test('leaves nothing to promise where it can not be seen how it fits', () => {
    const units = new SharedUnits(devicesOf(16, 16), 2, [held(share(0.9)), held(share(0.9)), held(share(0.2))])
    expect([units.free(share(0.1)), units.wholeFree]).toEqual([0, 0])
  })

  test('is freed again without those that are taken away', () => {
    const two = [held(share(0.5), 'gpu-0'), held(share(0.5))]
    const units = new SharedUnits(devicesOf(16, 16), 2, [...two, held(share(0.5), 'gpu-0')])
    expect(units.without(two).free(share(0.5))).toBe(3)
    expect(units.without([held(share(0.4))]).free(share(0.5))).toBe(units.free(share(0.5)))
    expect(units.room).toBeCloseTo(0.5)
  })

  test('tells the largest request that each GPU still takes, as far as limits leave it', () => {
    const two = [held(share(0.3, 0.7), 'gpu-0'), held(share(0.3, 0.7), 'gpu-0')]
    expect(new SharedUnits(devicesOf(16, 16), 2, two).requestsLeft).toEqual([100, 1000])
    expect(new SharedUnits(devicesOf(16, 16), 2, two).largestRequestMilli).toBe(1000)
    const full = new SharedUnits(devicesOf(16), 1, two)
    expect([full.free(share(0.1)), full.free(share(0.101))]).toEqual([1, 0])
  })
})

const anyShare = record({
  requestMilli: constantFrom(100, 250, 300, 500, 700, 1000),
  more: constantFrom(0, 100, 400),
  memoryBytes: constantFrom(0, 4 * gib, 10 * gib),
}).map(({ requestMilli, more, memoryBytes }): GpuShare => {
  return { requestMilli, limitMilli: Math.min(1000, requestMilli + more), memoryBytes }
})

const anyDevices = array(constantFrom(8, 16, 24), { minLength: 1, maxLength: 3 }).map((sizes) => devicesOf(...sizes))

test('whatever is asked for in turn, there is a way to place all that was promised', () => {
  const asked = record({
    share: anyShare,
    count: integer({ min: 1, max: 4 }),
    isWhole: constantFrom(false, false, true),
  })
  assert(
    property(anyDevices, array(asked, { maxLength: 5 }), (devices, questions) => {
      const units = new SharedUnits(devices, devices.length)
      const taken: (GpuShare | null)[] = []
      for (const { share: wanted, count, isWhole } of questions) {
        const free = isWhole ? units.wholeFree : units.free(wanted)
        const granted = Array.from({ length: Math.min(count, free) }, () => (isWhole ? null : wanted))
        units.take(granted.map((each) => held(each)))
        taken.push(...granted)
        // Counted afresh, as the next pass does, nothing more is promised than all fits with.
        const again = new SharedUnits(
          devices,
          devices.length,
          taken.map((each) => held(each)),
        )
        const more = Array.from({ length: again.free(wanted) }, () => wanted)
        expect(canPlace(devices, [...taken, ...more])).toBe(true)
        expect(canPlace(devices, [...taken, ...Array.from({ length: again.wholeFree }, () => null)])).toBe(true)
      }
    }),
    { numRuns: 150 },
  )
})

test('where agents have told of everything, exactly what fits is promised', () => {
  const places = array(record({ share: anyShare, at: integer({ min: 0, max: 2 }) }), { maxLength: 5 })
  assert(
    property(anyDevices, places, anyShare, (devices, given, wanted) => {
      const rooms: GpuShare[][] = devices.map(() => [])
      const told: Holding[] = []
      for (const { share: each, at } of given) {
        const i = at % devices.length
        if (!fits(devices[i]!, [...rooms[i]!, each])) continue
        rooms[i]!.push(each)
        told.push(held(each, devices[i]!.id))
      }
      const most = devices.reduce((sum, device, i) => {
        let count = 0
        while (fits(device, [...rooms[i]!, ...Array.from({ length: count + 1 }, () => wanted)])) count += 1
        return sum + count
      }, 0)
      const units = new SharedUnits(devices, devices.length, told)
      expect(units.free(wanted)).toBe(most)
      expect(units.wholeFree).toBe(rooms.filter((room) => room.length === 0).length)
    }),
    { numRuns: 200 },
  )
})

/** By brute force: null is a whole GPU. */
function canPlace(devices: readonly SharedDevice[], wanted: readonly (GpuShare | null)[]): boolean {
  const rooms: (GpuShare | null)[][] = devices.map(() => [])
  const failed = new Set<string>()
  const place = (at: number): boolean => {
    const each = wanted[at]
    if (each === undefined) return true
    const state = `${at} ${rooms.map((room) => room.map((one) => wanted.indexOf(one)).join('.')).join('|')}`
    if (failed.has(state)) return false
    for (const [i, room] of rooms.entries()) {
      room.push(each)
      if (fits(devices[i]!, room) && place(at + 1)) return true
      room.pop()
    }
    failed.add(state)
    return false
  }
  return place(0)
}

function fits({ memoryBytes }: SharedDevice, room: readonly (GpuShare | null)[]): boolean {
  if (room.includes(null)) return room.length === 1
  const sum = (of: (each: GpuShare) => number): number => room.reduce((all, each) => all + of(each!), 0)
  const isWithin = sum((each) => each.requestMilli) <= 1000 && sum((each) => each.limitMilli) <= 1500
  return isWithin && sum((each) => each.memoryBytes) <= memoryBytes
}
