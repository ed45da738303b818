// Where functions find room: in each region the cheapest class of devices that the function may use and that has a unit free.
// Capacity is bought on demand, since whoever waits for an answer can not wait for spot capacity to come back.
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { FunctionRoom, RoomTaken } from '#control-plane/model/function-room.ts'
import { shareOn } from '#control-plane/model/gpu-share.ts'
import type { InferenceSpec } from '#control-plane/model/inference.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits, type FreeUnits, type RegionUnits } from './free-units.ts'

export function functionRoom(snapshot: Snapshot): FunctionRoom {
  // A pass without functions that lack instances asks nothing.
  let counted: { readonly free: FreeUnits; readonly index: CatalogueIndex } | null = null
  const now = (): NonNullable<typeof counted> =>
    (counted ??= { free: countFreeUnits(snapshot), index: indexCatalogue(snapshot.catalogue) })
  return {
    take: (spec, region) => {
      const { free, index } = now()
      const found = look(spec, region, free, index)
      if (found.kind === 'none') return found
      const here = free.get(region)!
      const key = classKey(found.deviceClass)
      here.free.set(key, (here.free.get(key) ?? 0) - 1)
      return found
    },
    regions: (spec) => {
      const { free, index } = now()
      const found = [...free.keys()].flatMap((region) => {
        const room = look(spec, region, free, index)
        return room.kind === 'taken' ? [{ region, usd: room.usdPerUnitHour }] : []
      })
      return found.sort((a, b) => a.usd - b.usd || (a.region < b.region ? -1 : 1)).map(({ region }) => region)
    },
  }
}

function look(spec: InferenceSpec, region: string, free: FreeUnits, index: CatalogueIndex): RoomTaken {
  if (index.region(region) === null) return none(`region ${region} is not in the catalogue`)
  const here = free.get(region)
  if (here === undefined) return none(`${region} has no agent yet; start one there`)
  if (!here.isConnected) return none(`${region} has lost its agent`)
  const usable = [...here.classes].filter(([, device]) => mayUse(spec, device)).sort(([a], [b]) => (a < b ? -1 : 1))
  if (usable.length === 0) return none(`${region} has no device ${asked(spec)}; its agent brings ${brought(here)}`)
  const priced = usable.flatMap(([key, deviceClass]) => {
    const price = index.price(region, deviceClass)
    return price === null
      ? []
      : [{ key, deviceClass, usdPerUnitHour: price.usdPerUnitHour * partOf(spec, deviceClass) }]
  })
  if (priced.length === 0) return none(`${region} has no price for ${usable.map(([key]) => key).join(', ')}`)
  const best = priced
    .filter(({ key }) => (here.free.get(key) ?? 0) > 0)
    .toSorted((a, b) => a.usdPerUnitHour - b.usdPerUnitHour)[0]
  if (best === undefined) {
    const counts = priced.map(({ key }) => `0 of ${here.total.get(key) ?? 0} ${key}`).join(', ')
    return none(`${region} has ${counts} free`)
  }
  return { kind: 'taken', deviceClass: best.deviceClass, usdPerUnitHour: best.usdPerUnitHour }
}

/** Of a device: what it is guaranteed is what it pays. */
function partOf({ gpuShare }: InferenceSpec, { deviceModel }: DeviceClass): number {
  return (shareOn(deviceModel, gpuShare ?? undefined)?.requestMilli ?? 1000) / 1000
}

function mayUse({ deviceModels }: InferenceSpec, { deviceModel, market }: DeviceClass): boolean {
  if (market !== 'on-demand') return false
  return deviceModels.length === 0 || deviceModels.includes(deviceModel)
}

function asked({ deviceModels }: InferenceSpec): string {
  return deviceModels.length === 0 ? 'on demand' : `on demand of ${deviceModels.join(', ')}`
}

function brought({ total }: RegionUnits): string {
  return [...total.keys()].sort().join(', ') || 'none'
}

function none(because: string): RoomTaken {
  return { kind: 'none', because }
}
