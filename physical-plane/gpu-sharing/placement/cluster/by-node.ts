// A policy for nodes, asked of devices: each node is what is free of its devices. What devices know nothing of, CPU and memory of the
// host, never runs out here. What is expected is the mix of what is held, with the one that comes.
import type { Demand, Placement, PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { partOfDeviceMilli } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { DeviceIndex, NodeRange } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { requestPacking } from '#physical-plane/gpu-sharing/placement/request-packing.ts'
import type { NodePolicy } from './node-policy.ts'
import { classOf, devicesFor, fits, type NodeState, type Pod } from './node-state.ts'

const plentyMilli = 2 ** 40

export function byNode(name: string, policyFor: (expected: readonly Pod[]) => NodePolicy): PlacementPolicy {
  const place = (index: DeviceIndex, demand: Demand): Placement | null => {
    const pod = podOf(demand)
    const policy = policyFor([...[...index.demands()].map(podOf), pod])
    const classes = classesByNode(index)
    let best: { readonly score: number; readonly devices: readonly number[] } | null = null
    for (const node of index.nodes) {
      const state = stateOf(index, node, demand, classes.get(node.from) ?? 0)
      if (!fits(state, pod)) continue
      const { score, device } = policy.choose(state, pod)
      if (best !== null && score <= best.score) continue
      best = { score, devices: devicesFor(state, pod, device).map((at) => node.from + at) }
    }
    return best?.devices.map((at) => ({ deviceId: index.devices[at]!.id, share: demand.share })) ?? null
  }
  return { name, bounds: requestPacking.bounds, place }
}

function podOf({ devices, share }: Demand): Pod {
  return {
    cpuMilli: 0,
    memoryMib: 0,
    gpus: devices,
    gpuMilli: partOfDeviceMilli(share.requestMilli, share),
    models: [],
  }
}

/** A device with the time but without the memory, the limits or the multiprocessors shows a thousandth less than is asked for. */
function stateOf(index: DeviceIndex, { from, to }: NodeRange, demand: Demand, classes: number): NodeState {
  const { gpuMilli: asked } = podOf(demand)
  const gpuMilli = index.devices.slice(from, to).map((_, at) => {
    const free = index.bounds.requestMilliMax - index.requestMilli(from + at)
    return index.fits(from + at, demand.share) ? free : Math.max(0, Math.min(free, asked - 1))
  })
  return { model: '', cpuMilli: plentyMilli, memoryMib: plentyMilli, gpuMilli, classes }
}

/** By the number of a node's first device. */
function classesByNode(index: DeviceIndex): ReadonlyMap<number, number> {
  const classes = new Map<number, number>()
  for (const demand of index.demands()) {
    const [device] = index.devicesOf(demand.holder)
    if (device === undefined) continue
    const { from } = index.nodeOf(device)
    classes.set(from, (classes.get(from) ?? 0) | classOf(podOf(demand)))
  }
  return classes
}
