// Several shares of one GPU for an instance that asks for more of them than there are GPUs with room: as few on each as it
// can be. Every GPU takes what fits on it, so whoever is given nothing would not have fitted in any way.
import type { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import type { Slice, SliceShare } from '#physical-plane/runtime/runtime.ts'

export function takeEvenly(
  index: DeviceIndex,
  deviceModel: string,
  units: number,
  share: SliceShare,
): readonly Slice[] | null {
  const counts = index.devices.map(() => 0)
  for (let unit = 0; unit < units; unit += 1) {
    let least = -1
    for (const at of counts.keys())
      if (index.fits(at, times(share, counts[at]! + 1)) && (least < 0 || counts[at]! < counts[least]!)) least = at
    if (least < 0) return null
    counts[least]! += 1
  }
  return index.devices.flatMap(({ id }, at) => {
    const count = counts[at]!
    return count === 0 ? [] : [{ deviceId: id, deviceModel, units: count, share: times(share, count) }]
  })
}

/** Nobody can use more than all of a device. */
function times({ requestMilli, limitMilli, memoryBytes }: SliceShare, count: number): SliceShare {
  const { wholeMilli } = placementConfig
  const request = requestMilli * count
  const limit = Math.max(request, Math.min(wholeMilli, limitMilli * count))
  return { requestMilli: request, limitMilli: limit, memoryBytes: memoryBytes * count }
}
