// Dilu's rule as its authors' scheduler has it, to be compared with on the same draw: training and split language models take the
// first node that will do, and a split starts with the fullest device.
import { complementary } from '#physical-plane/gpu-sharing/placement/complementary.ts'
import type { Demand, Piece, Placement, PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { DeviceIndex, NodeRange } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { firstEmpty, tightestActive } from '#physical-plane/gpu-sharing/placement/tightest.ts'

export const publishedRule: PlacementPolicy = {
  name: 'published-rule',
  bounds: complementary.bounds,
  place: (index, demand) => {
    switch (demand.kind) {
      case 'inference':
        return complementary.place(index, demand)
      case 'training':
        return firstNode(index, demand, (active) => active >= demand.devices) ?? firstNode(index, demand, () => true)
      case 'llm-inference': {
        const inUse = tightestActive(index, demand.share)
        if (inUse >= 0) return one(index, inUse, demand)
        return splitOnFirstNode(index, demand) ?? one(index, firstEmpty(index, demand.share), demand)
      }
    }
  },
}

function firstNode(index: DeviceIndex, demand: Demand, isTaken: (active: number) => boolean): Placement | null {
  for (const node of index.nodes) {
    const fitting = devicesOf(node).filter((device) => index.fits(device, demand.share))
    const active = fitting.filter((device) => index.isActive(device))
    if (fitting.length < demand.devices || !isTaken(active.length)) continue
    const taken = [...active, ...fitting.filter((device) => !index.isActive(device))].slice(0, demand.devices)
    return taken.map((device) => ({ deviceId: index.devices[device]!.id, share: demand.share }))
  }
  return null
}

function splitOnFirstNode(
  index: DeviceIndex,
  { share: { requestMilli, limitMilli, memoryBytes } }: Demand,
): Placement | null {
  for (const node of index.nodes) {
    const open = devicesOf(node)
      .filter((device) => index.isActive(device) && index.fits(device, { requestMilli, limitMilli, memoryBytes: 0 }))
      .toSorted((a, b) => index.memoryBytes(b) - index.memoryBytes(a))
    const pieces: Piece[] = []
    let missing = memoryBytes
    for (const device of open) {
      const given = Math.min(missing, index.freeMemoryBytes(device))
      if (given <= 0) continue
      const share = { requestMilli, limitMilli: requestMilli, memoryBytes: given }
      pieces.push({ deviceId: index.devices[device]!.id, share })
      missing -= given
    }
    if (missing === 0) return pieces
  }
  return null
}

function one(index: DeviceIndex, device: number, { share }: Demand): Placement | null {
  return device < 0 ? null : [{ deviceId: index.devices[device]!.id, share }]
}

function devicesOf({ from, to }: NodeRange): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}
