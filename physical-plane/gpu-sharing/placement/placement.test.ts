import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { complementary } from './complementary.ts'
import type { Demand, PlacementPolicy } from './demand.ts'
import { DeviceIndex } from './device-index.ts'
import { aCluster, aDemand, demands } from './placement.fixture.ts'
import { placement } from './placement.ts'

function place(index: DeviceIndex, demand: Demand, policy: PlacementPolicy = placement): string | null {
  const placed = policy.place(index, demand)
  if (placed !== null) index.hold(demand, placed)
  return placed?.map(({ deviceId }) => deviceId).join(' ') ?? null
}

const onPart = (smMilli: number, over: Parameters<typeof aDemand>[0] = {}): Demand => {
  const whole = aDemand({ requestMilli: 400, limitMilli: 400, memoryBytes: 1, ...over })
  return { ...whole, functionId: whole.holder, share: { ...whole.share, smMilli } }
}

test('parts of the multiprocessors go beside parts, whole shares beside whole ones, and neither to an empty GPU before the other', () => {
  const index = new DeviceIndex(aCluster(1, 3), placement.bounds)
  expect(place(index, aDemand({ functionId: 'a', requestMilli: 500, limitMilli: 500 }))).toBe('n0-0')
  // Nobody has a part yet: a GPU in use comes before an empty one.
  expect(place(index, onPart(240))).toBe('n0-0')
  expect(place(index, aDemand({ functionId: 'b', requestMilli: 700, limitMilli: 700 }))).toBe('n0-1')
  // By Dilu's rule it would be n0-1, which is fuller and has its reflexes still.
  expect(place(index, onPart(240))).toBe('n0-0')
  expect(place(index, aDemand({ functionId: 'c', requestMilli: 200, limitMilli: 200 }))).toBe('n0-1')
  expect(place(index, onPart(700))).toBe('n0-2')
})

test('what stands beside a training job is found before that', () => {
  const index = new DeviceIndex(aCluster(1, 4), placement.bounds)
  const job = aDemand({ kind: 'training', functionId: 'job', devices: 2, memoryBytes: 1 })
  expect(place(index, job)).toBe('n0-0 n0-1')
  const first = aDemand({ functionId: 'f', memoryBytes: 1 })
  index.hold(first, [{ deviceId: 'n0-0', share: first.share }])
  const part = onPart(300)
  index.hold(part, [{ deviceId: 'n0-2', share: part.share }])
  const second = onPart(300)
  expect(place(index, { ...second, functionId: 'f' })).toBe('n0-1')
})

test("where all shares are of all multiprocessors it is Dilu's rule", () => {
  fc.assert(
    fc.property(fc.array(demands, { maxLength: 30 }), (given) => {
      const [ours, theirs] = [0, 1].map(() => new DeviceIndex(aCluster(2, 3), placement.bounds)) as [
        DeviceIndex,
        DeviceIndex,
      ]
      for (const demand of given) expect(place(ours, demand)).toBe(place(theirs, demand, complementary))
    }),
  )
})
