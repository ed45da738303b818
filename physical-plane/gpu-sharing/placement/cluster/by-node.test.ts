import { expect, test } from 'vitest'
import type { Demand } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { aCluster, aDemand } from '#physical-plane/gpu-sharing/placement/placement.fixture.ts'
import { placementPolicyOf } from '#physical-plane/gpu-sharing/placement/policies.ts'
import { byNode } from './by-node.ts'
import type { NodeState, Pod } from './node-state.ts'
import { bestFit } from './published.ts'

const small = (requestMilli: number, over: Partial<Demand> = {}): Demand => ({
  ...aDemand({ requestMilli, limitMilli: requestMilli, memoryBytes: 1 }),
  ...over,
})

function holding(...held: readonly (readonly [deviceId: string, requestMilli: number])[]): DeviceIndex {
  const index = new DeviceIndex(aCluster(2, 2), placementPolicyOf('fgd').bounds)
  for (const [deviceId, requestMilli] of held) {
    const demand = small(requestMilli)
    index.hold(demand, [{ deviceId, share: demand.share }])
  }
  return index
}

test('a node policy sees what is free of each device, the mix of who is there, and which classes are on which node', () => {
  const seen: NodeState[] = []
  let mix: readonly Pod[] = []
  const spy = byNode('spy', (expected) => {
    mix = expected
    return { name: 'spy', choose: (state, pod) => (seen.push(state), bestFit.choose(state, pod)) }
  })
  const index = holding(['n0-0', 600], ['n1-1', 300])
  const training = small(1_000, { kind: 'training', devices: 1 })
  index.hold(training, [{ deviceId: 'n0-1', share: training.share }])
  expect(spy.place(index, small(200))).toMatchObject([{ deviceId: 'n0-0' }])
  expect(seen.map(({ gpuMilli, classes }) => ({ gpuMilli, classes }))).toEqual([
    { gpuMilli: [400, 0], classes: 3 },
    { gpuMilli: [1_000, 700], classes: 1 },
  ])
  expect(mix.map(({ gpuMilli }) => gpuMilli)).toEqual([600, 300, 1_000, 200])
})

test('a device with the time but without the memory is passed over', () => {
  const index = new DeviceIndex(aCluster(1, 2), placementPolicyOf('best-fit').bounds)
  const first = small(500)
  const full = { ...first, share: { ...first.share, memoryBytes: 39 } }
  index.hold(full, [{ deviceId: 'n0-0', share: full.share }])
  const wanted = small(100)
  const heavy = { ...wanted, share: { ...wanted.share, memoryBytes: 5 } }
  expect(placementPolicyOf('best-fit').place(index, wanted)).toMatchObject([{ deviceId: 'n0-0' }])
  expect(placementPolicyOf('best-fit').place(index, heavy)).toMatchObject([{ deviceId: 'n0-1' }])
})

test('FGD leaves free what those who are there would ask for again', () => {
  // 470 are the mix: on n0-0 they leave 60 of a GPU, on n0-1 what is left takes another one.
  const index = holding(['n0-0', 470], ['n0-1', 300], ['n1-0', 470], ['n1-1', 470])
  const fgd = placementPolicyOf('fgd').place(index, small(470))
  expect(fgd).toMatchObject([{ deviceId: 'n0-0' }])
  const two = small(400, { kind: 'training', devices: 2 })
  expect(placementPolicyOf('fgd').place(index, two)?.length).toBe(2)
})
