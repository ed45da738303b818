// All placement policies, by name.
import { byNode } from './cluster/by-node.ts'
import { typicalTasks } from './cluster/fragmentation.ts'
import { leastStranding } from './cluster/least-stranding.ts'
import { bestFit, dotProduct, fragmentationGradient, gpuClustering, gpuPacking } from './cluster/published.ts'
import { complementary } from './complementary.ts'
import type { PlacementPolicy } from './demand.ts'
import { exclusive } from './exclusive.ts'
import { limitPacking } from './limit-packing.ts'
import type { PlacementName } from './placement-names.ts'
import { placement } from './placement.ts'
import { rectangles } from './rectangles/rectangles.ts'
import { requestPacking } from './request-packing.ts'
import { rows } from './rows/rows.ts'

export function placementPolicyOf(name: PlacementName): PlacementPolicy {
  switch (name) {
    case 'placement':
      return placement
    case 'complementary':
      return complementary
    case 'rectangles':
      return rectangles
    case 'rows':
      return rows
    case 'fgd':
      return byNode(name, (expected) => fragmentationGradient(typicalTasks(expected)))
    case 'best-fit':
      return byNode(name, () => bestFit)
    case 'dot-product':
      return byNode(name, () => dotProduct)
    case 'gpu-packing':
      return byNode(name, () => gpuPacking)
    case 'gpu-clustering':
      return byNode(name, () => gpuClustering)
    case 'least-stranding':
      return byNode(name, (expected) => leastStranding(expected, typicalTasks(expected)))
    case 'limit-packing':
      return limitPacking
    case 'request-packing':
      return requestPacking
    case 'exclusive':
      return exclusive
  }
}
