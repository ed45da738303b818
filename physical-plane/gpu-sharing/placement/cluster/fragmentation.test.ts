import { expect, test } from 'vitest'
import { fragmentation, typicalTasks } from './fragmentation.ts'
import type { NodeState, Pod } from './node-state.ts'

const aPod = (over: Partial<Pod> = {}): Pod => ({
  cpuMilli: 4_000,
  memoryMib: 1,
  gpus: 1,
  gpuMilli: 500,
  models: [],
  ...over,
})
const aState = (over: Partial<NodeState> = {}): NodeState => ({
  model: 'T4',
  cpuMilli: 8_000,
  memoryMib: 64,
  gpuMilli: [300, 700, 1_000],
  classes: 0,
  ...over,
})
const alone = (over: Partial<Pod>) => [{ ...aPod(over), share: 1 }]

test('of a node that can run the task only the GPUs too full for it are lost', () => {
  expect(fragmentation(aState(), alone({}))).toBe(300)
  expect(fragmentation(aState(), alone({ gpuMilli: 800 }))).toBe(1_000)
})

test.each<[string, Partial<Pod>]>([
  ['lacks the CPU', { cpuMilli: 8_001 }],
  ['lacks the GPU model', { models: ['A10'] }],
  ['has too few GPUs', { gpus: 2, gpuMilli: 1_000 }],
])('of a node that %s, and for a task without GPU, all is lost', (_, over) => {
  expect(fragmentation(aState(), alone(over))).toBe(2_000)
  expect(fragmentation(aState(), alone({ gpus: 0, gpuMilli: 0 }))).toBe(2_000)
})

test('over a mix it is the mean', () => {
  const mix = [
    { ...aPod(), share: 0.25 },
    { ...aPod({ gpus: 0, gpuMilli: 0 }), share: 0.75 },
  ]
  expect(fragmentation(aState(), mix)).toBe(0.25 * 300 + 0.75 * 2_000)
})

test('typical are the most frequent kinds up to the covered part, as shares of one', () => {
  const pods = [
    ...Array(6).fill(aPod()),
    ...Array(3).fill(aPod({ gpuMilli: 300, memoryMib: 2 })),
    aPod({ cpuMilli: 1 }),
  ]
  pods[0] = { ...pods[0], memoryMib: 999 }
  const tasks = typicalTasks(pods, 0.9)
  expect(tasks.map(({ gpuMilli, share }) => [gpuMilli, share])).toEqual([
    [500, 6 / 9],
    [300, 3 / 9],
  ])
})
