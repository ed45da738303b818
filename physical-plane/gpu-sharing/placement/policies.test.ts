import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { complementary, sharedAlike } from './complementary.ts'
import type { Demand, Placement, PlacementPolicy, Share } from './demand.ts'
import { DeviceIndex, type IndexedDevice } from './device-index.ts'
import { exclusive } from './exclusive.ts'
import { limitPacking } from './limit-packing.ts'
import { placementNames } from './placement-names.ts'
import { aCluster, aDemand, demands } from './placement.fixture.ts'
import { placementPolicyOf } from './policies.ts'
import { bothWeights, leftOver } from './tightest.ts'

const policies = placementNames.map(placementPolicyOf)

const steps = fc.array(fc.record({ demand: demands, leaves: fc.nat(3) }), { maxLength: 40 })
const clusters = fc.record({ nodes: fc.integer({ min: 1, max: 3 }), perNode: fc.integer({ min: 1, max: 3 }) })

/** Counted anew from what was handed out, without the index. */
function sumsOf(device: IndexedDevice, placements: Iterable<Placement>): Share {
  const sums = { requestMilli: 0, limitMilli: 0, memoryBytes: 0 }
  for (const placement of placements)
    for (const { deviceId, share } of placement) {
      if (deviceId !== device.id) continue
      sums.requestMilli += share.requestMilli
      sums.limitMilli += share.limitMilli
      sums.memoryBytes += share.memoryBytes
    }
  return sums
}

/** Plays the steps; `look` sees each demand before it is placed, and what it was given. */
function play(
  policy: PlacementPolicy,
  devices: readonly IndexedDevice[],
  given: readonly { readonly demand: Demand; readonly leaves: number }[],
  look: (index: DeviceIndex, demand: Demand, placement: Placement | null) => void,
): { readonly index: DeviceIndex; readonly held: Map<string, Placement> } {
  const index = new DeviceIndex(devices, policy.bounds)
  const held = new Map<string, Placement>()
  for (const { demand, leaves } of given) {
    const placement = policy.place(index, demand)
    look(index, demand, placement)
    if (placement !== null) {
      index.hold(demand, placement)
      held.set(demand.holder, placement)
    }
    for (const holder of [...held.keys()].slice(0, leaves === 0 ? 1 : 0)) {
      expect(index.release(holder)).toBe(true)
      held.delete(holder)
    }
  }
  return { index, held }
}

test('every policy goes by the name that it is asked for', () => {
  expect(policies.map(({ name }) => name)).toEqual([...placementNames])
})

describe.each(policies.map((policy) => [policy.name, policy] as const))('%s', (_, policy) => {
  test('no history oversells a device, by an independent count, and release restores what was', () => {
    fc.assert(
      fc.property(clusters, steps, ({ nodes, perNode }, given) => {
        const devices = aCluster(nodes, perNode)
        const { index, held } = play(policy, devices, given, () => {})
        for (const [number, device] of index.devices.entries()) {
          const sums = sumsOf(device, held.values())
          expect(sums.requestMilli).toBeLessThanOrEqual(policy.bounds.requestMilliMax)
          expect(sums.limitMilli).toBeLessThanOrEqual(policy.bounds.limitMilliMax)
          expect(sums.memoryBytes).toBeLessThanOrEqual(device.memoryBytes)
          const now = [index.requestMilli(number), index.limitMilli(number), index.memoryBytes(number)]
          expect(now).toEqual([sums.requestMilli, sums.limitMilli, sums.memoryBytes])
        }
        expect(index.activeCount).toBe(
          new Set([...held.values()].flatMap((placement) => placement.map(({ deviceId }) => deviceId))).size,
        )
        for (const holder of held.keys()) index.release(holder)
        expect(index.activeCount).toBe(0)
        for (const number of index.devices.keys())
          expect([index.requestMilli(number), index.limitMilli(number), index.memoryBytes(number)]).toEqual([0, 0, 0])
        expect([...index.devicesOfFunction('f')]).toEqual([])
      }),
    )
  })

  test('who finds no room has none: brute force finds none either', () => {
    fc.assert(
      fc.property(clusters, steps, ({ nodes, perNode }, given) => {
        play(policy, aCluster(nodes, perNode), given, (index, demand, placement) => {
          if (placement !== null || policy === exclusive) return
          const charged =
            policy === limitPacking ? { ...demand.share, requestMilli: demand.share.limitMilli } : demand.share
          const room = index.nodes.map(({ from, to }) => {
            const fitting = index.devices.filter((_device, at) => at >= from && at < to && index.fits(at, charged))
            return fitting.length
          })
          expect(Math.max(...room)).toBeLessThan(demand.devices)
        })
      }),
    )
  })

  test('the same devices in the same state give the same answer', () => {
    fc.assert(
      fc.property(clusters, steps, ({ nodes, perNode }, given) => {
        play(policy, aCluster(nodes, perNode), given, (index, demand, placement) => {
          expect(policy.place(index, demand)).toEqual(placement)
        })
      }),
      { numRuns: 30 },
    )
  })
})

test('complementary inference is on the tightest device of the first pool that has room, by brute force', () => {
  fc.assert(
    fc.property(clusters, steps, ({ nodes, perNode }, given) => {
      play(complementary, aCluster(nodes, perNode), given, (index, demand, placement) => {
        if (demand.kind !== 'inference') return
        const all = [...index.devices.keys()]
        const alike = sharedAlike(index, demand.functionId)
        const pools = [
          all.filter((device) => alike.has(device)),
          all.filter((device) => index.isActive(device)),
          all.filter((device) => !index.isActive(device)),
        ]
        const pool = pools.find((devices) => devices.some((device) => index.fits(device, demand.share)))
        expect(placement === null).toBe(pool === undefined)
        if (pool === undefined) return
        const fitting = pool.filter((device) => index.fits(device, demand.share))
        const least = Math.min(...fitting.map((device) => leftOver(index, device, demand.share, bothWeights)))
        const chosen = index.numberOf(placement![0]!.deviceId)
        expect(fitting).toContain(chosen)
        expect(leftOver(index, chosen, demand.share, bothWeights)).toBe(least)
      })
    }),
  )
})

test('complementary training takes no more empty devices than any node would need, by brute force', () => {
  fc.assert(
    fc.property(clusters, steps, ({ nodes, perNode }, given) => {
      play(complementary, aCluster(nodes, perNode), given, (index, demand, placement) => {
        if (demand.kind !== 'training' || placement === null) return
        const chosen = placement.map(({ deviceId }) => index.numberOf(deviceId))
        expect(new Set(chosen).size).toBe(demand.devices)
        expect(new Set(chosen.map((device) => index.devices[device]!.node)).size).toBe(1)
        const needed = index.nodes.map(({ from, to }) => {
          const fitting = [...index.devices.keys()].filter(
            (at) => at >= from && at < to && index.fits(at, demand.share),
          )
          if (fitting.length < demand.devices) return Number.POSITIVE_INFINITY
          return Math.max(0, demand.devices - fitting.filter((device) => index.isActive(device)).length)
        })
        expect(chosen.filter((device) => !index.isActive(device)).length).toBe(Math.min(...needed))
      })
    }),
  )
})

test('a split language model has all of its memory, on one node, on devices that have the room', () => {
  const own = (deviceId: string) =>
    aDemand({ functionId: deviceId, memoryBytes: 25, requestMilli: 100, limitMilli: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 900 }), (memoryBytes, requestMilli) => {
      const index = new DeviceIndex(aCluster(2, 4), complementary.bounds)
      for (const { id } of index.devices) {
        const demand = own(id)
        index.hold(demand, [{ deviceId: id, share: demand.share }])
      }
      const demand = aDemand({ kind: 'llm-inference', requestMilli, limitMilli: 1_000, memoryBytes })
      const placement = complementary.place(index, demand)
      expect(placement).not.toBeNull()
      index.hold(demand, placement!)
      expect(placement!.reduce((sum, { share }) => sum + share.memoryBytes, 0)).toBe(memoryBytes)
      expect(placement!.length).toBe(Math.ceil(memoryBytes / 15))
      expect(new Set(placement!.map(({ deviceId }) => deviceId.split('-')[0])).size).toBe(1)
    }),
  )
})
