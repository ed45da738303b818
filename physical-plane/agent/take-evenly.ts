// Several shares of one GPU for an instance that asks for more of them than there are GPUs with room: as few on each as it
// can be. Every GPU takes what fits on it, so whoever is given nothing would not have fitted in any way.
import type { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import type { PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import type { Slice, SliceShare } from '#physical-plane/runtime/runtime.ts'

export function takeEvenly(
  index: DeviceIndex,
  deviceModel: string,
  units: number,
  share: SliceShare,
  admits: PlacementPolicy['admits'] = () => true,
): readonly Slice[] | null {
  const counts = index.devices.map(() => 0)
  for (let unit = 0; unit < units; unit += 1) {
    let least = -1
    for (const at of counts.keys()) {
      if (least >= 0 && counts[at]! >= counts[least]!) continue
      const several = times(share, counts[at]! + 1)
      if (fits(index, at, several) && admits(index, at, several)) least = at
    }
    if (least < 0) return null
    counts[least]! += 1
  }
  return index.devices.flatMap(({ id }, at) => {
    const count = counts[at]!
    return count === 0 ? [] : [{ deviceId: id, deviceModel, units: count, share: times(share, count) }]
  })
}

function fits(index: DeviceIndex, at: number, share: SliceShare): boolean {
  return share.requestMilli <= placementConfig.wholeMilli && index.fits(at, share)
}

/** Nobody can use more than all of a device. */
function times({ requestMilli, limitMilli, memoryBytes, smMilli }: SliceShare, count: number): SliceShare {
  const { wholeMilli } = placementConfig
  // Parts of the multiprocessors lie side by side, and time on them is the same; what is wider takes more of the time.
  if (smMilli !== undefined && smMilli * count <= wholeMilli)
    return { requestMilli, limitMilli, memoryBytes: memoryBytes * count, smMilli: smMilli * count }
  const request = requestMilli * count
  const part = smMilli === undefined ? {} : { smMilli }
  const limit = Math.max(request, Math.min(wholeMilli, limitMilli * count))
  return { requestMilli: request, limitMilli: limit, memoryBytes: memoryBytes * count, ...part }
}
