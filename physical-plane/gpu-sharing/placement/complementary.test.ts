import { describe, expect, test } from 'vitest'
import { complementary, sharedAlike } from './complementary.ts'
import type { Demand } from './demand.ts'
import { DeviceIndex } from './device-index.ts'
import { aCluster, aDemand } from './placement.fixture.ts'

function place(index: DeviceIndex, demand: Demand): readonly string[] | null {
  const placement = complementary.place(index, demand)
  if (placement !== null) index.hold(demand, placement)
  return placement?.map(({ deviceId }) => deviceId) ?? null
}

const training = (over: Parameters<typeof aDemand>[0] = {}): Demand =>
  aDemand({
    kind: 'training',
    functionId: 'job',
    devices: 2,
    requestMilli: 500,
    limitMilli: 900,
    memoryBytes: 25,
    ...over,
  })
const llm = (over: Parameters<typeof aDemand>[0] = {}): Demand =>
  aDemand({ kind: 'llm-inference', requestMilli: 400, limitMilli: 600, memoryBytes: 24, ...over })

describe('complementary placement', () => {
  test('inference takes the tightest device in use, and an empty one only when none has room', () => {
    const index = new DeviceIndex(aCluster(1, 4), complementary.bounds)
    expect(place(index, training())).toEqual(['n0-0', 'n0-1'])
    expect(place(index, aDemand({ functionId: 'a', memoryBytes: 10 }))).toEqual(['n0-0'])
    // n0-0 is tighter, but its limits sum up to 1.4 already.
    expect(place(index, aDemand({ functionId: 'b', requestMilli: 100, limitMilli: 200 }))).toEqual(['n0-1'])
    expect(place(index, aDemand({ functionId: 'c', requestMilli: 500, limitMilli: 600 }))).toEqual(['n0-2'])
  })

  test('the second instance of a function goes where it slows the other workers of the same training job', () => {
    const index = new DeviceIndex(aCluster(2, 2), complementary.bounds)
    expect(place(index, aDemand({ functionId: 'other', requestMilli: 700, limitMilli: 700, memoryBytes: 30 }))).toEqual(
      ['n0-0'],
    )
    expect(place(index, training())).toEqual(['n1-0', 'n1-1'])
    const first = aDemand({ functionId: 'a', memoryBytes: 12 })
    index.hold(first, [{ deviceId: 'n1-0', share: first.share }])
    expect([...sharedAlike(index, 'a')].map((device) => index.devices[device]!.id)).toEqual(['n1-1'])
    // n0-0 would be tighter.
    expect(place(index, aDemand({ functionId: 'a', requestMilli: 200, limitMilli: 400, memoryBytes: 5 }))).toEqual([
      'n1-1',
    ])
    expect(place(index, aDemand({ functionId: 'z', requestMilli: 200, limitMilli: 400, memoryBytes: 5 }))).toEqual([
      'n0-0',
    ])
    expect([...sharedAlike(index, 'a')]).toEqual([])
  })

  test('training stays on one node and takes as few empty devices as it can', () => {
    const index = new DeviceIndex(aCluster(2, 3), complementary.bounds)
    for (const deviceId of ['n0-0', 'n1-1', 'n1-2']) {
      const own = aDemand({ functionId: deviceId })
      index.hold(own, [{ deviceId, share: own.share }])
    }
    expect(place(index, training())).toEqual(['n1-1', 'n1-2'])
    expect(place(index, training({ requestMilli: 800, devices: 2 }))).toEqual(['n0-1', 'n0-2'])
    expect(place(index, training({ devices: 4 }))).toBeNull()
  })

  test('a language model that fits on no device in use is split over those of one node, the fullest first', () => {
    const index = new DeviceIndex(aCluster(2, 2), complementary.bounds)
    const used = { 'n0-0': 25, 'n1-0': 25, 'n1-1': 30 }
    for (const [deviceId, memoryBytes] of Object.entries(used)) {
      const own = aDemand({ functionId: deviceId, memoryBytes })
      index.hold(own, [{ deviceId, share: own.share }])
    }
    expect(complementary.place(index, llm())).toEqual([
      { deviceId: 'n1-1', share: { requestMilli: 400, limitMilli: 400, memoryBytes: 10 } },
      { deviceId: 'n1-0', share: { requestMilli: 400, limitMilli: 400, memoryBytes: 14 } },
    ])
    expect(place(index, llm({ memoryBytes: 31 }))).toEqual(['n0-1'])
    expect(place(index, llm({ memoryBytes: 41 }))).toBeNull()
  })

  test('a language model that fits on a device in use is not split', () => {
    const index = new DeviceIndex(aCluster(1, 2), complementary.bounds)
    expect(place(index, llm({ memoryBytes: 20 }))).toEqual(['n0-0'])
    expect(place(index, llm({ memoryBytes: 20 }))).toEqual(['n0-0'])
    expect(place(index, llm({ memoryBytes: 20 }))).toEqual(['n0-1'])
  })
})
