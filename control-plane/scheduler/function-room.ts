// Where functions find room: in each region the cheapest class of devices that the function may use and that has a unit free.
// Capacity is bought on demand, since whoever waits for an answer can not wait for spot capacity to come back.
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { FunctionRoom, RoomTaken } from '#control-plane/model/function-room.ts'
import { partOfWhole, shareOn, shareText, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { InferenceSpec } from '#control-plane/model/inference.ts'
import { migSlice } from '#control-plane/model/mig-slice.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { gibText } from './share-memory.ts'
import {
  countFreeUnits,
  resizeShare,
  takeUnit,
  unitsFor,
  type FreeUnits,
  type RegionUnits,
  type UnitsMemory,
} from './free-units.ts'

export function functionRoom(snapshot: Snapshot, memory?: UnitsMemory): FunctionRoom {
  // A pass without functions that lack instances asks nothing.
  let counted: { readonly free: FreeUnits; readonly index: CatalogueIndex } | null = null
  const now = (): NonNullable<typeof counted> =>
    (counted ??= { free: countFreeUnits(snapshot, '', memory), index: indexCatalogue(snapshot.catalogue) })
  return {
    resize: (instance, share) => {
      const here = now().free.get(instance.region)
      return here?.isConnected === true && resizeShare(here, instance, share)
    },
    take: (spec, region) => {
      const { free, index } = now()
      const found = look(spec, region, free, index)
      if (found.kind === 'none') return found
      takeUnit(free.get(region)!, region, classKey(found.deviceClass), shareFor(spec, found.deviceClass))
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
    lacks: (spec) => {
      const { free, index } = now()
      return [...free.keys()].sort().flatMap((region) => {
        const room = look(spec, region, free, index)
        return room.kind === 'none' ? [room.because] : []
      })
    },
  }
}

function look(spec: InferenceSpec, region: string, free: FreeUnits, index: CatalogueIndex): RoomTaken {
  if (index.region(region) === null) return none(`region ${region} is not in the catalogue`)
  const all = free.get(region)
  if (all === undefined) return none(`${region} has no agent yet; start one there`)
  if (!all.isConnected) return none(`${region} has lost its agent`)
  const here = unitsFor(new Map([[region, all]]), spec.gpuShare ?? undefined).get(region)!
  const usable = [...here.classes]
    .filter(([key, device]) => mayUse(spec, device) && (here.total.get(key) ?? 0) > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (usable.length === 0) return none(`${region} has no device ${asked(spec)}; its agent brings ${brought(all)}`)
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
    const counts = priced.map(({ key, deviceClass }) => {
      const share = shareFor(spec, deviceClass)
      return `0 of ${here.total.get(key) ?? 0} ${share === null ? '' : `shares of ${shareText(share)} `}${key}`
    })
    return none(`${region} has ${counts.join(', ')} free`)
  }
  return { kind: 'taken', deviceClass: best.deviceClass, usdPerUnitHour: best.usdPerUnitHour }
}

/** Of a device: what it is guaranteed is what it pays. */
function partOf(spec: InferenceSpec, device: DeviceClass): number {
  return partOfWhole(shareFor(spec, device))
}

function shareFor({ gpuShare }: InferenceSpec, { deviceModel }: DeviceClass): GpuShare | null {
  return shareOn(deviceModel, gpuShare ?? undefined)
}

function mayUse({ deviceModels }: InferenceSpec, { deviceModel, market }: DeviceClass): boolean {
  if (market !== 'on-demand') return false
  // Whoever takes any device counts on a whole one: how much of it would do is for the file to say.
  return deviceModels.length === 0 ? migSlice(deviceModel) === null : deviceModels.includes(deviceModel)
}

function asked({ deviceModels, gpuShare }: InferenceSpec): string {
  const models = deviceModels.length === 0 ? 'on demand' : `on demand of ${deviceModels.join(', ')}`
  if (gpuShare === null) return models
  const memory = gpuShare.memoryBytes === 0 ? '' : ` with ${gibText(gpuShare.memoryBytes)}`
  return `${models} that takes shares of ${shareText(gpuShare)}${memory}`
}

/** Of GPUs that take shares the largest memory, too. */
function brought({ total, shared }: RegionUnits): string {
  const texts = [...total.keys()].sort().map((key) => {
    const memoryBytes = shared?.get(key)?.memoryBytesMax
    return memoryBytes === undefined ? key : `${key} (${gibText(memoryBytes)})`
  })
  return texts.join(', ') || 'none'
}

function none(because: string): RoomTaken {
  return { kind: 'none', because }
}
