import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClusterIndex, type Place } from './cluster-index.ts'
import { aNode, clusterNodes, clusterPods } from './cluster.fixture.ts'
import { typicalTasks } from './fragmentation.ts'
import { leastStranding } from './least-stranding.ts'
import { classOf, fits, type NodeState, type Pod } from './node-state.ts'
import { bestFit, dotProduct, fragmentationGradient, gpuClustering, gpuPacking } from './published.ts'

const expected: readonly Pod[] = [100, 320, 470, 810, 1_000].map((gpuMilli) => ({
  cpuMilli: 3_000,
  memoryMib: 4,
  gpus: 1,
  gpuMilli,
  models: [],
}))
const tasks = typicalTasks(expected, 1)
const policies = [
  leastStranding(expected, tasks),
  fragmentationGradient(tasks),
  bestFit,
  dotProduct,
  gpuPacking,
  gpuClustering,
]
const steps = fc.array(fc.record({ pod: clusterPods, leaves: fc.nat(3) }), { maxLength: 30 })

describe.each(policies.map((policy) => [policy.name, policy] as const))('%s', (_, policy) => {
  test('no history oversells a node, who is refused has room nowhere, and release restores what was', () => {
    fc.assert(
      fc.property(clusterNodes, steps, (nodes, given) => {
        const index = new ClusterIndex(nodes, policy)
        const fresh = nodes.map(({ name }) => index.stateOf(name))
        const held = new Map<string, { readonly pod: Pod; readonly place: Place }>()
        for (const [at, { pod, leaves }] of given.entries()) {
          const place = index.choose(pod)
          expect(index.choose(pod)).toEqual(place)
          const hasRoom = nodes.some(({ name }) => fits(index.stateOf(name), pod))
          expect(place !== null).toBe(hasRoom)
          if (place !== null) {
            index.hold(String(at), pod, place)
            held.set(String(at), { pod, place })
          }
          const first = [...held.keys()][0]
          if (leaves === 0 && first !== undefined) {
            index.release(first)
            held.delete(first)
          }
          for (const [number, { name }] of nodes.entries())
            expect(index.stateOf(name)).toEqual(recounted(fresh[number]!, name, held.values()))
        }
        const grouped = [...index.groups()].flatMap((group) => group.nodes)
        expect(grouped.toSorted()).toEqual(nodes.map(({ name }) => name))
        for (const holder of held.keys()) index.release(holder)
        expect(nodes.map(({ name }) => index.stateOf(name))).toEqual(fresh)
      }),
      { numRuns: 60 },
    )
  })

  test('the place is the best of all nodes, the first by name where they are alike, by brute force', () => {
    fc.assert(
      fc.property(clusterNodes, fc.array(clusterPods, { maxLength: 15 }), (nodes, pods) => {
        const index = new ClusterIndex(nodes, policy)
        for (const [at, pod] of pods.entries()) {
          const place = index.choose(pod)
          if (place === null) continue
          const scored = nodes.flatMap(({ name }) => {
            const state = index.stateOf(name)
            return fits(state, pod) ? [{ name, score: policy.choose(state, pod).score }] : []
          })
          const most = Math.max(...scored.map(({ score }) => score))
          expect(place.node).toBe(scored.find(({ score }) => score === most)!.name)
          index.hold(String(at), pod, place)
        }
      }),
      { numRuns: 60 },
    )
  })
})

test('more than a GPU has left can not be held, and a holder holds once', () => {
  const index = new ClusterIndex([aNode('a')], bestFit)
  const pod = { cpuMilli: 1, memoryMib: 1, gpus: 1, gpuMilli: 600, models: [] }
  index.hold('x', pod, { node: 'a', devices: [0] })
  expect(() => index.hold('y', pod, { node: 'a', devices: [0] })).toThrow(/GPU 0 of a is oversold by y/)
  expect(() => index.hold('x', pod, { node: 'a', devices: [1] })).toThrow(/x is placed already/)
  expect(() => index.hold('y', pod, { node: 'a', devices: [] })).toThrow(/y takes 0 of 1 GPUs/)
  expect(() => new ClusterIndex([aNode('a'), aNode('a')], bestFit)).toThrow(/two nodes have one name/)
  expect(index.release('z')).toBe(false)
})

test('our default pairs halves, and sends CPU-hungry pods where CPU is left over', () => {
  const mix = [
    ...Array.from({ length: 8 }, () => ({ cpuMilli: 4_000, memoryMib: 1, gpus: 1, gpuMilli: 470, models: [] })),
    ...Array.from({ length: 2 }, () => ({ cpuMilli: 4_000, memoryMib: 1, gpus: 1, gpuMilli: 320, models: [] })),
  ]
  const policy = leastStranding(mix, typicalTasks(mix))
  const index = new ClusterIndex([aNode('a', { gpus: 1 }), aNode('b', { gpus: 1 })], policy)
  const half = mix[0]!
  index.hold('1', half, { node: 'b', devices: [0] })
  index.hold('2', { ...half, gpuMilli: 320 }, { node: 'a', devices: [0] })
  expect(index.choose(half)).toEqual({ node: 'b', devices: [0] })
  const rich = new ClusterIndex([aNode('a'), aNode('b', { cpuMilli: 100_000 })], policy)
  expect(rich.choose({ ...half, cpuMilli: 15_000 })!.node).toBe('b')
})

function recounted(
  fresh: NodeState,
  node: string,
  held: Iterable<{ readonly pod: Pod; readonly place: Place }>,
): NodeState {
  const gpuMilli = [...fresh.gpuMilli]
  let { cpuMilli, memoryMib, classes } = fresh
  for (const { pod, place } of held) {
    if (place.node !== node) continue
    cpuMilli -= pod.cpuMilli
    memoryMib -= pod.memoryMib
    classes |= classOf(pod)
    for (const device of place.devices) gpuMilli[device]! -= pod.gpuMilli
  }
  for (const free of gpuMilli) expect(free).toBeGreaterThanOrEqual(0)
  expect(Math.min(cpuMilli, memoryMib)).toBeGreaterThanOrEqual(0)
  return { model: fresh.model, cpuMilli, memoryMib, gpuMilli, classes }
}
