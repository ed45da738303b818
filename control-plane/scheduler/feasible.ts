// Which units of a region a job may use now, or why it can have none. Waiting means that time may help (an agent dials
// in, units fall free); impossible means that nothing but another catalogue or another job would.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { DeviceClass } from '#control-plane/model/device-class.ts'
import { partOfWhole, shareOn, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Price } from '#control-plane/model/snapshot.ts'
import type { FreeUnits } from './free-units.ts'
import { unitText, type DeviceOffer, type Place } from './policy.ts'
import { gibText } from './share-memory.ts'
import type { ThroughputOf } from './throughput.ts'

export type Feasibility =
  | { readonly kind: 'place'; readonly place: Place; readonly usableModels: readonly string[] }
  | Refusal

export type Refusal = {
  readonly kind: 'waiting' | 'impossible'
  readonly region: string
  readonly rule:
    | 'unknown-region'
    | 'no-price'
    | 'device-model-not-allowed'
    | 'market-not-allowed'
    | 'unknown-throughput'
    | 'too-little-memory'
    | 'no-agent'
    | 'agent-lost'
    | 'no-such-device'
    | 'no-free-units'
    | 'held-for-older-job'
  readonly text: string
  /** The numbers of the text by name. */
  readonly figures: Readonly<Record<string, number>>
  /** Device models that the job could use here if there were units. */
  readonly usableModels: readonly string[]
}

/** Units of a region that an older waiting job needs: device model to that job's id. */
export type Held = ReadonlyMap<string, ReadonlyMap<string, string>>

export type FeasibilityInput = {
  readonly spec: JobSpec
  readonly index: CatalogueIndex
  readonly units: FreeUnits
  readonly held: Held
  readonly throughput: ThroughputOf
}

export function feasible(input: FeasibilityInput, region: string): Feasibility {
  const found = usableModelsOf(input, region)
  if (found.kind !== 'usable') return found
  const { models: usableModels } = found
  const refuse = (rule: Refusal['rule'], text: string, figures: Refusal['figures'] = {}): Refusal => ({
    kind: 'waiting',
    region,
    rule,
    text,
    figures,
    usableModels,
  })

  const here = input.units.get(region)
  if (here === undefined) return refuse('no-agent', `${region} has no agent yet; start one there`)
  if (!here.isConnected) {
    const text = `${region} has lost its agent; last heard of at ${isoTime(here.lastHeartbeatAtMs)}`
    return refuse('agent-lost', text, { lastHeardAtMs: here.lastHeartbeatAtMs })
  }
  const share = input.spec.resources.gpuShare
  const name = (key: string): string => unitText(key, shareOn(here.classes.get(key)!.deviceModel, share))
  const usable = [...here.classes].filter(([, device]) => isUsable(input, region, usableModels, device)).sort(byKey)
  const present = usable.filter(([key]) => (here.total.get(key) ?? 0) > 0)
  if (present.length === 0 && usable.length > 0 && share !== undefined)
    return refuse('no-such-device', noShares(region, usable, share))
  if (present.length === 0) {
    const devices = [...here.total.keys()].sort().join(', ') || 'none'
    const wanted = input.spec.resources.markets.includes('on-demand') ? '' : ' on the spot market'
    return refuse(
      'no-such-device',
      `${region} has no device of ${usableModels.join(', ')}${wanted}; its agent brings ${devices}`,
    )
  }
  const free = present.filter(([key]) => (here.free.get(key) ?? 0) > 0)
  if (free.length === 0) {
    const counts = present.map(([key]) => `0 of ${here.total.get(key) ?? 0} ${name(key)}`).join(', ')
    const unitsTotal = present.reduce((sum, [key]) => sum + (here.total.get(key) ?? 0), 0)
    return refuse('no-free-units', `${region} has ${counts} free; at least 1 is needed`, { unitsFree: 0, unitsTotal })
  }
  const heldModels = input.held.get(region)
  const takeable = free.filter(([, { deviceModel }]) => heldModels?.has(deviceModel) !== true)
  if (takeable.length === 0) {
    const text = free.map(
      ([key, { deviceModel }]) =>
        `${here.free.get(key) ?? 0} ${name(key)} free, held for ${heldModels?.get(deviceModel)}`,
    )
    const unitsHeld = free.reduce((sum, [key]) => sum + (here.free.get(key) ?? 0), 0)
    return refuse('held-for-older-job', `${region} has ${text.join(', ')}, which has waited longer`, { unitsHeld })
  }
  const devices = takeable.map(([key, device]) => offerOf(input, region, key, device, here.free.get(key) ?? 0))
  return { kind: 'place', place: { region, unitsMax: unitsMax(input.spec, devices), devices }, usableModels }
}

function byKey([a]: readonly [string, DeviceClass], [b]: readonly [string, DeviceClass]): number {
  return a < b ? -1 : 1
}

function isUsable(
  { spec, index }: FeasibilityInput,
  region: string,
  models: readonly string[],
  device: DeviceClass,
): boolean {
  const isWanted = models.includes(device.deviceModel) && spec.resources.markets.includes(device.market)
  return isWanted && index.price(region, device) !== null
}

function offerOf(
  input: FeasibilityInput,
  region: string,
  key: string,
  device: DeviceClass,
  unitsFree: number,
): DeviceOffer {
  const price = input.index.price(region, device)
  const share = shareOn(device.deviceModel, input.spec.resources.gpuShare)
  return {
    ...device,
    ...(share === null ? {} : { gpuShare: share }),
    key,
    unitsFree,
    samplesPerSecondPerUnit: input.throughput(device.deviceModel)?.samplesPerSecond ?? 0,
    usdPerUnitHour: (price?.usdPerUnitHour ?? 0) * partOfWhole(share),
    lossesPerHour: price?.lossesPerHour ?? 0,
  }
}

function noShares(region: string, devices: readonly (readonly [string, DeviceClass])[], share: GpuShare): string {
  const { requestMilli, limitMilli, memoryBytes, smMilli } = share
  const part = smMilli === undefined ? '' : ` of the time on ${smMilli / 10} % of the multiprocessors`
  const memory = memoryBytes === 0 ? '' : ` and ${gibText(memoryBytes)}`
  const wanted = `request ${requestMilli / 1000}, limit ${limitMilli / 1000}${part}${memory}`
  return `${region} has no ${devices.map(([key]) => key).join(' or ')} that takes a share with ${wanted}`
}

type Usable = { readonly kind: 'usable'; readonly models: readonly string[] }

/** Models, in ascending order, that the catalogue prices here, the job allows, whose speed is known and that a share may fit on. */
function usableModelsOf(input: FeasibilityInput, region: string): Usable | Refusal {
  const impossible = (rule: Refusal['rule'], text: string): Refusal => ({
    kind: 'impossible',
    region,
    rule,
    text,
    figures: {},
    usableModels: [],
  })
  const known = input.index.region(region)
  const version = input.index.catalogue.version
  if (known === null) return impossible('unknown-region', `${region} is not in catalogue ${version}`)
  const sold = modelsOf(known.prices)
  if (sold.length === 0) return impossible('no-price', `${region} has no price in catalogue ${version}`)
  const { deviceModels: allowed, markets } = input.spec.resources
  const wanted = allowed.length === 0 ? sold : sold.filter((model) => allowed.includes(model))
  if (wanted.length === 0) {
    const text = `${region} offers ${sold.join(', ')}; the job allows ${allowed.join(', ')} only`
    return impossible('device-model-not-allowed', text)
  }
  const bought = modelsOf(known.prices.filter(({ market }) => markets.includes(market)))
  const buyable = wanted.filter((model) => bought.includes(model))
  if (buyable.length === 0) {
    const text = `${region} has no ${markets.join(' or ')} price for ${wanted.join(', ')} in catalogue ${version}`
    return impossible('market-not-allowed', text)
  }
  const usable = buyable.filter((model) => input.throughput(model) !== null)
  if (usable.length === 0) {
    const text = `${region}: no samples per second are declared, measured or estimated for ${buyable.join(', ')}`
    return impossible('unknown-throughput', text)
  }
  const large = usable.filter((model) => mayHold(input, region, model))
  if (large.length === 0) {
    const sizes = usable.map((model) => `${model} has ${gibText(input.index.memoryBytes(model) ?? 0)}`)
    const { memoryBytes } = input.spec.resources.gpuShare!
    return impossible(
      'too-little-memory',
      `${region}: a share asks for ${gibText(memoryBytes)}, and ${sizes.join(', ')}`,
    )
  }
  return { kind: 'usable', models: large }
}

/** As the catalogue knows the model, or as the region's agent has brought one. */
function mayHold({ spec, index, units }: FeasibilityInput, region: string, model: string): boolean {
  const share = shareOn(model, spec.resources.gpuShare)
  const memoryBytes = index.memoryBytes(model)
  if (share === null || memoryBytes === null || share.memoryBytes <= memoryBytes) return true
  const here = units.get(region)
  return [...(here?.classes ?? [])].some(
    ([key, { deviceModel }]) => deviceModel === model && (here!.total.get(key) ?? 0) > 0,
  )
}

function modelsOf(prices: readonly Price[]): readonly string[] {
  return [...new Set(prices.map(({ deviceModel }) => deviceModel))].sort()
}

function unitsMax(spec: JobSpec, devices: readonly DeviceOffer[]): number {
  const free = devices.reduce((sum, device) => sum + device.unitsFree, 0)
  const limit = spec.resources.workersMaxPerRegion
  return limit > 0 ? Math.min(limit, free) : free
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString()
}
