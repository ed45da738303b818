// One load against one policy: after each arrival what is allocated and how much of the rest is fragmented, averaged by whole
// percent of the capacity that has been asked for. A pod that fits nowhere is dropped and counts as arrived.
import {
  ClusterIndex,
  type ClusterNode,
  type Place,
} from '#physical-plane/gpu-sharing/placement/cluster/cluster-index.ts'
import { fragmentation, type Task } from '#physical-plane/gpu-sharing/placement/cluster/fragmentation.ts'
import type { NodePolicy } from '#physical-plane/gpu-sharing/placement/cluster/node-policy.ts'
import { devicesFor, fits, type NodeState, type Pod } from '#physical-plane/gpu-sharing/placement/cluster/node-state.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Random } from '#runtime/random.ts'
import { gpuMilliOf } from './workload.ts'

export type Point = { readonly allocated: number; readonly fragmented: number; readonly fragmentedOfIdle: number }
export type Replayed = { readonly byPercent: ReadonlyMap<number, Point>; readonly timesMs: readonly number[] }
/** A policy, or chance: a random node and GPU of those that have room. */
export type Chooser = NodePolicy | 'random'

export function replay(
  nodes: readonly ClusterNode[],
  load: readonly Pod[],
  chooser: Chooser,
  { tasks, clock, random }: { readonly tasks: readonly Task[]; readonly clock: Clock; readonly random: Random },
): Replayed {
  const index = new ClusterIndex(nodes, chooser === 'random' ? none : chooser)
  const capacity = nodes.reduce((sum, { gpus }) => sum + gpus * 1_000, 0)
  const measured = new WeakMap<NodeState, number>()
  const measure = (node: string): number => {
    const state = index.stateOf(node)
    const known = measured.get(state) ?? fragmentation(state, tasks)
    measured.set(state, known)
    return known
  }
  const sums = new Map<number, { count: number; allocated: number; fragmented: number; fragmentedOfIdle: number }>()
  const timesMs: number[] = []
  let fragmented = nodes.reduce((sum, { name }) => sum + measure(name), 0)
  let arrived = 0
  let allocated = 0
  for (const [at, pod] of load.entries()) {
    arrived += gpuMilliOf(pod)
    const beganAtMs = clock.monotonicMs()
    const place = chooser === 'random' ? atRandom(index, pod, random) : index.choose(pod)
    const choseAtMs = clock.monotonicMs()
    if (place !== null) {
      fragmented -= measure(place.node)
      index.hold(String(at), pod, place)
      fragmented += measure(place.node)
      allocated += gpuMilliOf(pod)
    }
    timesMs.push(choseAtMs - beganAtMs)
    const percent = Math.round((100 * arrived) / capacity)
    const sum = sums.get(percent) ?? { count: 0, allocated: 0, fragmented: 0, fragmentedOfIdle: 0 }
    sums.set(percent, sum)
    sum.count += 1
    sum.allocated += (100 * allocated) / capacity
    sum.fragmented += (100 * fragmented) / capacity
    sum.fragmentedOfIdle += (100 * fragmented) / (capacity - allocated)
  }
  const byPercent = new Map(
    [...sums].map(([percent, { count, ...sum }]) => [
      percent,
      {
        allocated: sum.allocated / count,
        fragmented: sum.fragmented / count,
        fragmentedOfIdle: sum.fragmentedOfIdle / count,
      },
    ]),
  )
  return { byPercent, timesMs }
}

const none: NodePolicy = { name: 'random', choose: () => ({ score: 0, device: -1 }) }

function atRandom(index: ClusterIndex, pod: Pod, random: Random): Place | null {
  const open = [...index.groups()].filter(({ state }) => fits(state, pod))
  let left = random.integer(open.reduce((sum, { nodes }) => sum + nodes.length, 0))
  for (const { state, nodes } of open) {
    if (left >= nodes.length) {
      left -= nodes.length
      continue
    }
    const devices = [...state.gpuMilli.keys()].filter((device) => state.gpuMilli[device]! >= pod.gpuMilli)
    return { node: nodes[left]!, devices: devicesFor(state, pod, devices[random.integer(devices.length)] ?? -1) }
  }
  return null
}
