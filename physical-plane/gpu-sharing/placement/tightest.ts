// Best fit: of devices that have room, the one on which the least is left over, weighed between multiprocessors and memory.
// Ties go to the lower number, so that the same devices in the same state give the same answer.
import { placementConfig } from './config.ts'
import { partOfDeviceMilli, type Share } from './demand.ts'
import type { DeviceIndex } from './device-index.ts'

export type Weights = { readonly multiprocessor: number; readonly memory: number }

/** Dilu's alpha and beta. */
export const bothWeights: Weights = {
  multiprocessor: placementConfig.multiprocessorWeight,
  memory: placementConfig.memoryWeight,
}

/** What packs by multiprocessors alone, as INFless does. */
export const multiprocessorsOnly: Weights = { multiprocessor: 1, memory: 0 }

/** The share of the device that would be left over; lower is tighter. */
export function leftOver(index: DeviceIndex, device: number, share: Share, weights: Weights): number {
  const request =
    (index.requestMilli(device) + partOfDeviceMilli(share.requestMilli, share)) / placementConfig.wholeMilli
  const memory = (index.memoryBytes(device) + share.memoryBytes) / index.devices[device]!.memoryBytes
  return weights.multiprocessor * (1 - request) + weights.memory * (1 - memory)
}

/** -1 where none of the devices has room. */
export function tightest(
  index: DeviceIndex,
  devices: Iterable<number>,
  share: Share,
  weights: Weights = bothWeights,
): number {
  let best = -1
  let least = Number.POSITIVE_INFINITY
  for (const device of devices) {
    if (!index.fits(device, share)) continue
    const left = leftOver(index, device, share, weights)
    if (left > least || (left === least && device > best)) continue
    best = device
    least = left
  }
  return best
}

/** The same of all devices of which something is held. */
export function tightestActive(index: DeviceIndex, share: Share, weights: Weights = bothWeights): number {
  let best = -1
  let least = Number.POSITIVE_INFINITY
  for (let device = 0; device < index.devices.length; device += 1) {
    if (!index.isActive(device) || !index.fits(device, share)) continue
    const left = leftOver(index, device, share, weights)
    if (left >= least) continue
    best = device
    least = left
  }
  return best
}

/** The first device of which nothing is held; -1 where none has room. */
export function firstEmpty(index: DeviceIndex, share: Share): number {
  for (let device = 0; device < index.devices.length; device += 1)
    if (!index.isActive(device) && index.fits(device, share)) return device
  return -1
}
