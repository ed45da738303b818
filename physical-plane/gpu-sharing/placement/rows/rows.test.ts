import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Demand } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { aCluster, aDemand } from '#physical-plane/gpu-sharing/placement/placement.fixture.ts'
import { rows } from './rows.ts'

const onPart = (smMilli: number, requestMilli: number, over: Partial<Demand> = {}): Demand => {
  const whole = aDemand({ requestMilli, limitMilli: requestMilli, memoryBytes: 0 })
  return { ...whole, ...over, share: { ...whole.share, smMilli } }
}

function place(index: DeviceIndex, demand: Demand): string | null {
  const placed = rows.place(index, demand)
  if (placed !== null) index.hold(demand, placed)
  return placed?.map(({ deviceId }) => deviceId).join(' ') ?? null
}

test('a row of its multiprocessors is filled, then another is begun, then another GPU', () => {
  const index = new DeviceIndex(aCluster(1, 2), rows.bounds)
  expect(place(index, onPart(300, 600))).toBe('n0-0')
  expect(place(index, onPart(300, 400))).toBe('n0-0')
  // The row is full; a rectangle of the same height would lie above it, and that is no row.
  expect(place(index, onPart(300, 100))).toBe('n0-1')
  expect(place(index, onPart(500, 900))).toBe('n0-1')
  // The least occupied of those in use: 300 of n0-0 against 480 of n0-1.
  expect(place(index, onPart(200, 100))).toBe('n0-0')
  expect(place(index, onPart(600, 100))).toBeNull()
})

test('a share of all multiprocessors is the only row, and several GPUs of one instance have one each', () => {
  const index = new DeviceIndex(aCluster(1, 3), rows.bounds)
  expect(place(index, onPart(300, 600))).toBe('n0-0')
  expect(place(index, onPart(1_000, 100))).toBe('n0-1')
  expect(place(index, onPart(1_000, 100, { kind: 'training', devices: 2 }))).toBe('n0-1 n0-2')
})

test('no history begins rows beyond the multiprocessors, or gives more time in a row than there is', () => {
  const asked = fc.record({ smMilli: fc.integer({ min: 1, max: 10 }), requestMilli: fc.integer({ min: 1, max: 10 }) })
  const steps = fc.array(fc.record({ asked, leaves: fc.boolean() }), { maxLength: 40 })
  fc.assert(
    fc.property(steps, (given) => {
      const index = new DeviceIndex(aCluster(1, 2), rows.bounds)
      const held: { readonly demand: Demand; readonly deviceId: string }[] = []
      for (const { asked: one, leaves } of given) {
        const demand = onPart(one.smMilli * 100, one.requestMilli * 100)
        const deviceId = place(index, demand)
        if (deviceId !== null) held.push({ demand, deviceId })
        const gone = leaves ? held.shift() : undefined
        if (gone !== undefined) index.release(gone.demand.holder)
        for (const { id } of index.devices) {
          const here = held.filter((each) => each.deviceId === id).map((each) => each.demand.share)
          const quotas = Map.groupBy(here, (share) => share.smMilli!)
          expect(quotas.size).toBeLessThanOrEqual(4)
          expect([...quotas.keys()].reduce((sum, row) => sum + row, 0)).toBeLessThanOrEqual(1_000)
          for (const row of quotas.values())
            expect(row.reduce((sum, share) => sum + share.requestMilli, 0)).toBeLessThanOrEqual(1_000)
        }
      }
    }),
  )
})
