// Training over k devices stays on one node. The node that needs the fewest empty devices is taken, and of those the one on
// which the least is left over; ties go to the first node. Dilu takes the first node instead; this packs a little tighter.
import type { Demand, Placement, Share } from './demand.ts'
import type { DeviceIndex, NodeRange } from './device-index.ts'
import { leftOver, type Weights } from './tightest.ts'

type Choice = { readonly devices: readonly number[]; readonly empty: number; readonly left: number }

/** Whether a device may take the share; the index's own `fits` where a policy has no word in it. */
export type Fits = (device: number, share: Share) => boolean

export function placeOnOneNode(
  index: DeviceIndex,
  demand: Demand,
  weights: Weights,
  fits: Fits = (device, share) => index.fits(device, share),
): Placement | null {
  let best: Choice | null = null
  for (const node of index.nodes) {
    const empty = emptyNeeded(index, node, demand, fits)
    if (empty === null || (best !== null && empty > best.empty)) continue
    const choice = choose(index, node, demand, weights, fits)
    if (best === null || choice.empty < best.empty || choice.left < best.left) best = choice
  }
  return best === null
    ? null
    : best.devices.map((device) => ({ deviceId: index.devices[device]!.id, share: demand.share }))
}

/** How many empty devices of the node it would take; null where it finds no room. Counted first: of most nodes no more is needed. */
function emptyNeeded(
  index: DeviceIndex,
  { from, to }: NodeRange,
  { devices, share }: Demand,
  fits: Fits,
): number | null {
  let active = 0
  let empty = 0
  for (let device = from; device < to; device += 1) {
    if (!fits(device, share)) continue
    if (index.isActive(device)) active += 1
    else empty += 1
  }
  return active + empty < devices ? null : Math.max(0, devices - active)
}

/** Devices in use before empty ones, tight ones before loose ones. */
function choose(index: DeviceIndex, { from, to }: NodeRange, demand: Demand, weights: Weights, fits: Fits): Choice {
  const found: { readonly device: number; readonly isActive: boolean; readonly left: number }[] = []
  for (let device = from; device < to; device += 1)
    if (fits(device, demand.share))
      found.push({ device, isActive: index.isActive(device), left: leftOver(index, device, demand.share, weights) })
  found.sort((a, b) => Number(b.isActive) - Number(a.isActive) || a.left - b.left || a.device - b.device)
  const taken = found.slice(0, demand.devices)
  return {
    devices: taken.map(({ device }) => device),
    empty: taken.filter(({ isActive }) => !isActive).length,
    left: taken.reduce((sum, { left }) => sum + left, 0),
  }
}
