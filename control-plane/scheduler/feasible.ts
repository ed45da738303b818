// Which units of a region a job may use now, or why it can have none. Waiting means that time may help (an agent dials
// in, units fall free); impossible means that nothing but another catalogue or another job would.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { FreeUnits } from './free-units.ts'
import type { DeviceOffer, RegionOffer } from './policy.ts'
import type { ThroughputOf } from './throughput.ts'

export type Feasibility =
  | { readonly kind: 'offer'; readonly offer: RegionOffer; readonly usableModels: readonly string[] }
  | Refusal

export type Refusal = {
  readonly kind: 'waiting' | 'impossible'
  readonly region: string
  readonly rule:
    | 'unknown-region'
    | 'no-price'
    | 'device-model-not-allowed'
    | 'unknown-throughput'
    | 'no-agent'
    | 'agent-lost'
    | 'no-such-device'
    | 'no-free-units'
    | 'held-for-older-job'
  readonly text: string
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

export function feasible(input: FeasibilityInput, region: string, samples: number): Feasibility {
  const priced = pricedModels(input, region)
  if (priced.kind !== 'priced') return priced
  const usableModels = [...priced.usdPerUnitHour.keys()]
  const refuse = (rule: Refusal['rule'], text: string): Refusal => ({
    kind: 'waiting',
    region,
    rule,
    text,
    usableModels,
  })

  const here = input.units.get(region)
  if (here === undefined) return refuse('no-agent', `${region} has no agent yet; start one there`)
  if (!here.isConnected) {
    return refuse('agent-lost', `${region} has lost its agent; last heard of at ${isoTime(here.lastHeartbeatAtMs)}`)
  }
  const present = usableModels.filter((model) => (here.total.get(model) ?? 0) > 0)
  if (present.length === 0) {
    const devices = [...here.total.keys()].sort().join(', ') || 'none'
    return refuse(
      'no-such-device',
      `${region} has no device of ${usableModels.join(', ')}; its agent brings ${devices}`,
    )
  }
  const free = present.filter((model) => (here.free.get(model) ?? 0) > 0)
  if (free.length === 0) {
    const counts = present.map((model) => `0 of ${here.total.get(model) ?? 0} ${model}`).join(', ')
    return refuse('no-free-units', `${region} has ${counts} free; at least 1 is needed`)
  }
  const heldModels = input.held.get(region)
  const takeable = free.filter((model) => heldModels?.has(model) !== true)
  if (takeable.length === 0) {
    const text = free.map((model) => `${here.free.get(model) ?? 0} ${model} free, held for ${heldModels?.get(model)}`)
    return refuse('held-for-older-job', `${region} has ${text.join(', ')}, which has waited longer`)
  }
  const devices = takeable.map((deviceModel): DeviceOffer => {
    const samplesPerSecondPerUnit = input.throughput(deviceModel)?.samplesPerSecond ?? 0
    const usdPerUnitHour = priced.usdPerUnitHour.get(deviceModel) ?? 0
    return { deviceModel, unitsFree: here.free.get(deviceModel) ?? 0, samplesPerSecondPerUnit, usdPerUnitHour }
  })
  return { kind: 'offer', offer: { region, samples, unitsMax: unitsMax(input.spec, devices), devices }, usableModels }
}

type Priced = { readonly kind: 'priced'; readonly usdPerUnitHour: ReadonlyMap<string, number> }

/** Models, in ascending order, that the catalogue prices here, the job allows and whose speed is known. */
function pricedModels(input: FeasibilityInput, region: string): Priced | Refusal {
  const impossible = (rule: Refusal['rule'], text: string): Refusal => ({
    kind: 'impossible',
    region,
    rule,
    text,
    usableModels: [],
  })
  const known = input.index.region(region)
  const version = input.index.catalogue.version
  if (known === null) return impossible('unknown-region', `${region} is not in catalogue ${version}`)
  const sold = Object.keys(known.usdPerUnitHour).sort()
  if (sold.length === 0) return impossible('no-price', `${region} has no price in catalogue ${version}`)
  const allowed = input.spec.resources.deviceModels
  const wanted = allowed.length === 0 ? sold : sold.filter((model) => allowed.includes(model))
  if (wanted.length === 0) {
    const text = `${region} offers ${sold.join(', ')}; the job allows ${allowed.join(', ')} only`
    return impossible('device-model-not-allowed', text)
  }
  const usable = wanted.filter((model) => input.throughput(model) !== null)
  if (usable.length === 0) {
    const text = `${region}: no samples per second are declared, measured or estimated for ${wanted.join(', ')}`
    return impossible('unknown-throughput', text)
  }
  return { kind: 'priced', usdPerUnitHour: new Map(usable.map((model) => [model, known.usdPerUnitHour[model]!])) }
}

function unitsMax(spec: JobSpec, devices: readonly DeviceOffer[]): number {
  const free = devices.reduce((sum, device) => sum + device.unitsFree, 0)
  const limit = spec.resources.workersMaxPerRegion
  return limit > 0 ? Math.min(limit, free) : free
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString()
}
