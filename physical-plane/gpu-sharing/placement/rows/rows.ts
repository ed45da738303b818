// HAS-GPU's choice of a GPU, over whatever is held already (row-index.ts keeps rows by itself): GPUs in use before fresh ones, the least
// occupied first, where the share's row has the time or a row of its multiprocessors may be begun.
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import type { Demand, Placement, PlacementPolicy, Share } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { placeOnOneNode } from '#physical-plane/gpu-sharing/placement/one-node.ts'
import { requestPacking } from '#physical-plane/gpu-sharing/placement/request-packing.ts'
import { sizeOf } from '#physical-plane/gpu-sharing/placement/space-time.ts'
import { multiprocessorsOnly } from '#physical-plane/gpu-sharing/placement/tightest.ts'

const { wholeMilli, rowsMax } = placementConfig

export const rows: PlacementPolicy = { name: 'rows', bounds: requestPacking.bounds, admits: hasRowFor, place }

function place(index: DeviceIndex, demand: Demand): Placement | null {
  const { share } = demand
  const fits = (device: number, wanted: Share): boolean =>
    index.fits(device, wanted) && hasRowFor(index, device, wanted)
  if (demand.devices > 1) return placeOnOneNode(index, demand, multiprocessorsOnly, fits)
  let best = -1
  for (const device of index.devices.keys())
    if (fits(device, share) && (best < 0 || isBefore(index, device, best))) best = device
  return best < 0 ? null : [{ deviceId: index.devices[best]!.id, share }]
}

function isBefore(index: DeviceIndex, device: number, other: number): boolean {
  if (index.isActive(device) !== index.isActive(other)) return index.isActive(device)
  return index.requestMilli(device) < index.requestMilli(other)
}

/** Shares of all multiprocessors are a row too, and then the only one. */
function hasRowFor(index: DeviceIndex, device: number, share: Share): boolean {
  const { width, height } = sizeOf(share)
  const quotas = new Map([[height, width]])
  for (const size of index.sizesOn(device)) quotas.set(size.height, (quotas.get(size.height) ?? 0) + size.width)
  const heights = [...quotas.keys()].reduce((sum, one) => sum + one, 0)
  return quotas.get(height)! <= wholeMilli && (quotas.size === 1 || (heights <= wholeMilli && quotas.size <= rowsMax))
}
