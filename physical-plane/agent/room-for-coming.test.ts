import { describe, expect, test } from 'vitest'
import { complementary } from '#physical-plane/gpu-sharing/placement/complementary.ts'
import { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import type { SliceShare } from '#physical-plane/runtime/runtime.ts'
import type { Device } from './devices.ts'
import { GpuTable, type ShareAsk } from './gpu-table.ts'
import { mayGo, roomForComing, type Coming } from './room-for-coming.ts'

const indexOf = (count: number): DeviceIndex => {
  const devices = Array.from({ length: count }, (_, i) => ({ id: `gpu-${i}`, memoryBytes: 16, node: 'machine' }))
  return new DeviceIndex(devices, complementary.bounds)
}
const share = (holder: string, requestMilli: number, memoryBytes = 0): Coming => {
  return { holder, share: { requestMilli, limitMilli: requestMilli, memoryBytes } }
}
const hold = (index: DeviceIndex, deviceId: string, requestMilli: number): void => {
  const own = { requestMilli, limitMilli: requestMilli, memoryBytes: 0 }
  const demand = { holder: deviceId, functionId: 'f', kind: 'inference', devices: 1, share: own, mayBeSplit: false }
  index.hold({ ...demand, kind: 'inference' }, [{ deviceId, share: own }])
}

describe('room for those who are to come', () => {
  test('is found for each beside who is there, and nobody holds it yet', () => {
    const index = indexOf(2)
    hold(index, 'gpu-1', 400)
    const coming = [share('a', 400), share('b', 600), share('c', 600)]
    expect(Object.fromEntries(roomForComing(index, coming)!)).toEqual({ a: 'gpu-0', b: 'gpu-1', c: 'gpu-0' })
    expect([index.requestMilli(0), index.requestMilli(1), index.activeCount]).toEqual([0, 400, 1])
  })

  test('is looked for again where the tightest choice ends nowhere', () => {
    // 6, 5, 5 and 4, 4, 4, 4 of 16: large ones first the tightest would be 6 and 5 together, and 5 alone.
    const coming = [6, 5, 5, 4, 4, 4, 4].map((memory, i) => share(`h-${i}`, 1, memory))
    expect(roomForComing(indexOf(2), coming)?.size).toBe(7)
  })

  test('is of a GPU that nobody has anything of for a whole one', () => {
    const index = indexOf(2)
    hold(index, 'gpu-0', 100)
    const whole: Coming = { holder: 'whole', share: null }
    expect(Object.fromEntries(roomForComing(index, [share('a', 800), whole])!)).toEqual({ a: 'gpu-0', whole: 'gpu-1' })
    expect(roomForComing(index, [whole, { ...whole, holder: 'second' }])).toBeNull()
  })

  test('is looked for where it could be: who fits on none waits for somebody to go', () => {
    const index = indexOf(1)
    hold(index, 'gpu-0', 500)
    expect([mayGo(index, share('a', 600)), mayGo(index, share('b', 500))]).toEqual([false, true])
    expect([
      mayGo(index, { holder: 'whole', share: null }),
      mayGo(indexOf(1), { holder: 'whole', share: null }),
    ]).toEqual([false, true])
  })

  test('is none where they do not fit', () => {
    expect(roomForComing(indexOf(2), [share('a', 600), share('b', 600), share('c', 600)])).toBeNull()
    expect(roomForComing(indexOf(2), [])).toEqual(new Map())
  })
})

test('a choice leaves a GPU to those who are to come', () => {
  const requests: Readonly<Record<string, number>> = { b: 400, d: 400, a: 600, c: 600 }
  const gpus = ['x', 'y'].map((id): Device => ({ id, model: 't4', units: 1, memoryBytes: 16, sharing: 'interposer' }))
  const shareOf = (holder: string): SliceShare => share(holder, requests[holder]!).share!
  const takeAll = (table: GpuTable): readonly string[] =>
    Object.keys(requests).map((holder) => {
      const ask: ShareAsk = { share: shareOf(holder), kind: 'inference', functionId: holder }
      return table.takeShares(holder, 't4', 1, ask)?.[0]?.deviceId ?? 'none'
    })
  expect(takeAll(new GpuTable(gpus))).toEqual(['x', 'x', 'y', 'none'])
  const table = new GpuTable(gpus)
  table.comingIs(() => Object.keys(requests).map((holder) => ({ holder, model: 't4', share: shareOf(holder) })))
  expect(takeAll(table)).toEqual(['x', 'y', 'x', 'y'])
})
