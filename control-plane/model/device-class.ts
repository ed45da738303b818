// What a scheduler counts alike: units of one device model, bought in one way, of one kind of machine in one zone. Most
// regions have one class per model: zone and instance type are '' where nobody tells them.
import type { Market } from '#regions/catalogue.ts'

export type DeviceClass = {
  readonly deviceModel: string
  readonly market: Market
  readonly zone: string
  readonly instanceType: string
}

/** For example "cpu", "nvidia-t4@spot" or "nvidia-t4@spot/us-east-1a/g4dn.xlarge": its name in maps, tables and messages. */
export function classKey({ deviceModel, market, zone, instanceType }: DeviceClass): string {
  const bought = market === 'on-demand' ? deviceModel : `${deviceModel}@${market}`
  if (zone === '' && instanceType === '') return bought
  return `${bought}/${zone}${instanceType === '' ? '' : `/${instanceType}`}`
}

/** Only its fields, in one order. */
export function classOf({ deviceModel, market, zone, instanceType }: DeviceClass): DeviceClass {
  return { deviceModel, market, zone, instanceType }
}

/** The class of a key: what classKey made of it. */
export function classNamed(key: string): DeviceClass {
  const [bought = '', zone = '', instanceType = ''] = key.split('/')
  const [deviceModel = '', market] = bought.split('@')
  return { deviceModel, market: market === 'spot' ? 'spot' : 'on-demand', zone, instanceType }
}

/** Of a model of which nothing else is known. */
export function plainClass(deviceModel: string): DeviceClass {
  return { deviceModel, market: 'on-demand', zone: '', instanceType: '' }
}
