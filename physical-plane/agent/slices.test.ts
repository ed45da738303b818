import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle } from '#runtime/virtual-clock.ts'
import type { Device } from './devices.ts'
import { SliceTable } from './slices.ts'

const aDevice = (id: string, model: string, units: number): Device => ({ id, model, units, memoryBytes: 1 })

describe('SliceTable', () => {
  test('takes the tightest device, the lower id first, and spreads only when it must', () => {
    const table = new SliceTable([
      aDevice('b', 'cpu', 4),
      aDevice('a', 'cpu', 4),
      aDevice('c', 'cpu', 2),
      aDevice('g', 't4', 9),
    ])
    expect(table.take('one', 'cpu', 2)).toEqual([{ deviceId: 'c', deviceModel: 'cpu', units: 2 }])
    expect(table.take('two', 'cpu', 3)).toEqual([{ deviceId: 'a', deviceModel: 'cpu', units: 3 }])
    expect(table.take('three', 'cpu', 5)).toEqual([
      { deviceId: 'a', deviceModel: 'cpu', units: 1 },
      { deviceId: 'b', deviceModel: 'cpu', units: 4 },
    ])
    expect(table.take('four', 'cpu', 1)).toBeNull()
    expect(table.describe('cpu')).toBe('0 of 10 units of cpu are free')
  })

  test('an adopted run keeps its slice, unless the device is gone, another model or taken', () => {
    const table = new SliceTable([aDevice('a', 'cpu', 2)])
    expect(table.claim('x', [{ deviceId: 'a', deviceModel: 'cpu', units: 2 }])).toBe(true)
    expect(table.claim('y', [{ deviceId: 'a', deviceModel: 'cpu', units: 1 }])).toBe(false)
    expect(table.claim('y', [{ deviceId: 'gone', deviceModel: 'cpu', units: 1 }])).toBe(false)
    table.release('x')
    expect(table.claim('y', [{ deviceId: 'a', deviceModel: 't4', units: 1 }])).toBe(false)
  })

  test('who waits hears of units given back, or of its own end', async () => {
    const table = new SliceTable([aDevice('a', 'cpu', 1)])
    table.take('x', 'cpu', 1)
    const heard: string[] = []
    const leaving = new AbortController()
    void table.changed(new AbortController().signal).then(() => heard.push('freed'))
    void table.changed(leaving.signal).then(() => heard.push('left'))
    leaving.abort()
    await settle()
    expect(heard).toEqual(['left'])
    table.release('x')
    await settle()
    expect(heard).toEqual(['left', 'freed'])
  })

  test('a second slice for one holder is our own mistake', () => {
    const table = new SliceTable([aDevice('a', 'cpu', 4)])
    table.take('x', 'cpu', 1)
    expect(() => table.take('x', 'cpu', 1)).toThrow(/holds a slice already/)
  })

  test('no history oversells a device, and whoever fits is served', () => {
    const step = fc.record({ holder: fc.nat(7), units: fc.integer({ min: 1, max: 5 }), isRelease: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        fc.array(step),
        (sizes, steps) => {
          const devices = sizes.map((units, index) => aDevice(`d${index}`, 'cpu', units))
          const total = sizes.reduce((sum, units) => sum + units, 0)
          const table = new SliceTable(devices)
          const held = new Map<string, Map<string, number>>()
          for (const { holder, units, isRelease } of steps) {
            const name = `h${holder}`
            if (isRelease || held.has(name)) {
              table.release(name)
              held.delete(name)
              continue
            }
            const used = [...held.values()]
              .flatMap((slices) => [...slices.values()])
              .reduce((sum, count) => sum + count, 0)
            const slices = table.take(name, 'cpu', units)
            expect(slices !== null).toBe(units <= total - used)
            if (slices !== null) held.set(name, new Map(slices.map((slice) => [slice.deviceId, slice.units])))
            for (const device of devices) {
              const sold = [...held.values()].reduce((sum, slice) => sum + (slice.get(device.id) ?? 0), 0)
              expect(sold).toBeLessThanOrEqual(device.units)
            }
          }
        },
      ),
    )
  })
})
