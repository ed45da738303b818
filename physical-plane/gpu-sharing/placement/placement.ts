// Our default. Whoever shares a device is chosen as Dilu does (complementary.ts): requests to one device, limits to one and a half,
// beside the training that a function's instances already share, else where the least is left over. Two things are added:
//   parts of the multiprocessors go beside other parts, where tokens keep time already: a device that has only whole shares keeps its
//   reflexes, which answer sooner, and its bubbles
//   among the nodes of a cluster the one that strands least (cluster/least-stranding.ts), where the node's CPU and the expected mix
//   are known too
import { complementary, sharedAlike } from './complementary.ts'
import { leastStranding } from './cluster/least-stranding.ts'
import type { Task } from './cluster/fragmentation.ts'
import type { NodePolicy } from './cluster/node-policy.ts'
import type { Pod } from './cluster/node-state.ts'
import type { PlacementPolicy, Share } from './demand.ts'
import type { DeviceIndex } from './device-index.ts'
import { isPart, sizeOf } from './space-time.ts'
import { tightest } from './tightest.ts'

export const placement: PlacementPolicy = {
  name: 'placement',
  bounds: complementary.bounds,
  place: (index, demand) => {
    const { functionId, kind, share } = demand
    if (!index.hasParts || demand.devices > 1) return complementary.place(index, demand)
    const beside = kind === 'inference' ? tightest(index, sharedAlike(index, functionId), share) : -1
    const device = beside >= 0 ? beside : tightest(index, managedAlike(index, share), share)
    return device < 0 ? complementary.place(index, demand) : [{ deviceId: index.devices[device]!.id, share }]
  },
}

export function placementAmongNodes(expected: readonly Pod[], tasks: readonly Task[]): NodePolicy {
  return { ...leastStranding(expected, tasks), name: placement.name }
}

/** Devices in use on which time is kept as this share needs it: by tokens where anybody has a part, by reflexes elsewhere. */
function* managedAlike(index: DeviceIndex, share: Share): Iterable<number> {
  const byTokens = isPart(sizeOf(share))
  for (const device of index.devices.keys())
    if (index.isActive(device) && index.sizesOn(device).some(isPart) === byTokens) yield device
}
