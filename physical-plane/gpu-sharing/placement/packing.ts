// What Dilu is compared with: tightest fit over devices in use, then an empty one, for whatever a policy counts as taken.
import type { Demand, Placement } from './demand.ts'
import type { DeviceIndex } from './device-index.ts'
import { placeOnOneNode } from './one-node.ts'
import { firstEmpty, multiprocessorsOnly, tightestActive } from './tightest.ts'

export function pack(index: DeviceIndex, demand: Demand): Placement | null {
  if (demand.kind === 'training') return placeOnOneNode(index, demand, multiprocessorsOnly)
  const inUse = tightestActive(index, demand.share, multiprocessorsOnly)
  const device = inUse >= 0 ? inUse : firstEmpty(index, demand.share)
  return device < 0 ? null : [{ deviceId: index.devices[device]!.id, share: demand.share }]
}
