// Whole devices, as Kubernetes hands them out: nothing is shared, and a node is not asked for.
import { placementConfig } from './config.ts'
import type { PlacementPolicy, Share } from './demand.ts'

export const exclusive: PlacementPolicy = {
  name: 'exclusive',
  bounds: { requestMilliMax: placementConfig.requestMilliMax, limitMilliMax: placementConfig.limitMilliMax },
  admits: (index, device) => !index.isActive(device),
  place: (index, demand) => {
    const placement: { deviceId: string; share: Share }[] = []
    for (const [device, { id, memoryBytes }] of index.devices.entries()) {
      const share = wholeShare(memoryBytes)
      if (index.isActive(device) || !index.fits(device, share) || demand.share.memoryBytes > memoryBytes) continue
      placement.push({ deviceId: id, share })
      if (placement.length === demand.devices) return placement
    }
    return null
  },
}

/** All of a device: with it held nothing else fits, since every share requests something. */
export function wholeShare(memoryBytes: number): Share {
  const { requestMilliMax, limitMilliMax } = placementConfig
  return { requestMilli: requestMilliMax, limitMilli: limitMilliMax, memoryBytes }
}
