// Which device classes a pattern means: what it leaves open matches any.
import type { DeviceClass } from '#control-plane/model/device-class.ts'
import type { DevicePattern } from './what-if.ts'

export function fits(device: DeviceClass, pattern: DevicePattern | null): boolean {
  if (pattern === null) return true
  const isOpenOr = (wanted: string | null, has: string): boolean => wanted === null || wanted === '' || wanted === has
  return (
    device.deviceModel === pattern.deviceModel &&
    isOpenOr(pattern.market, device.market) &&
    isOpenOr(pattern.zone, device.zone) &&
    isOpenOr(pattern.instanceType, device.instanceType)
  )
}

export function nameOf({ deviceModel, market, zone, instanceType }: DevicePattern): string {
  const parts = [market === null ? deviceModel : `${deviceModel}@${market}`, zone, instanceType]
  return parts.join('/').replace(/\/+$/, '')
}
