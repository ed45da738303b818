// Small clusters of nodes and pods for tests.
import * as fc from 'fast-check'
import type { ClusterNode } from './cluster-index.ts'
import type { Pod } from './node-state.ts'

export function aNode(name: string, over: Partial<ClusterNode> = {}): ClusterNode {
  return { name, model: 'T4', cpuMilli: 16_000, memoryMib: 64, gpus: 2, ...over }
}

export const clusterNodes: fc.Arbitrary<readonly ClusterNode[]> = fc
  .array(
    fc.record({
      model: fc.constantFrom('T4', 'A10'),
      cpuMilli: fc.constantFrom(8_000, 16_000, 32_000),
      gpus: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((nodes) => nodes.map((over, at) => aNode(`n${at}`, over)))

export const clusterPods: fc.Arbitrary<Pod> = fc
  .record({
    cpuMilli: fc.constantFrom(1_000, 3_000, 8_000),
    memoryMib: fc.integer({ min: 0, max: 20 }),
    gpus: fc.constantFrom(0, 1, 1, 1, 2, 4),
    share: fc.constantFrom(100, 320, 470, 810, 1_000),
    models: fc.constantFrom<readonly string[]>([], [], ['A10'], ['A10', 'T4']),
  })
  .map(({ gpus, share, ...rest }) => ({ ...rest, gpus, gpuMilli: gpus === 0 ? 0 : gpus === 1 ? share : 1_000 }))
