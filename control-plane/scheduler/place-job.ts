// One job on one set of free units: who has data, what may be used there, what the policy takes, what it will cost.
// All or nothing: every region with data takes part, or the job waits.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, Partition, Plan, Reason } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { noDataReasonsMax } from './config.ts'
import { feasible, type Feasibility, type Held, type Refusal } from './feasible.ts'
import { forecast } from './forecast.ts'
import type { FreeUnits } from './free-units.ts'
import { policies } from './policies.ts'
import { throughputOf, type Choice, type RegionOffer } from './policy.ts'
import { throughputFor, weakestSource, type ThroughputOf } from './throughput.ts'
import { everyUnit } from './use-everything.ts'

export type PlaceContext = {
  readonly snapshot: Snapshot
  readonly index: CatalogueIndex
  readonly units: FreeUnits
  readonly held: Held
}

export type Placement = {
  readonly plan: Plan
  /** What a job that waits for nothing but units needs, by region; empty otherwise. */
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
}

const nothing: ReadonlyMap<string, readonly string[]> = new Map()

export function placeJob(context: PlaceContext, spec: JobSpec): Placement {
  const samples = samplesByRegion(spec)
  const policy = policies.get(spec.policy)
  if (samples.length === 0) return refuse(context, spec, 'no-shards', 'the job has no shard with samples')
  if (policy === undefined) {
    const names = [...policies.keys()].join(', ')
    return refuse(context, spec, 'unknown-policy', `policy "${spec.policy}" does not exist; use one of ${names}`)
  }
  const throughput = throughputFor(spec, context.snapshot.throughput, context.index)
  const input = { spec, index: context.index, units: context.units, held: context.held, throughput }
  const looked = samples.map(([region, count]) => feasible(input, region, count))
  const refusals = looked.filter((found) => found.kind !== 'offer')
  if (refusals.length > 0) return postpone(context, spec, looked, refusals)

  const offers = looked.flatMap((found) => (found.kind === 'offer' ? [found.offer] : []))
  const choices = policy({ regions: offers })
  const partitions = offers.map((offer, i) => partitionOf(offer, choices[i]!.units))
  const everything = offers.map((offer) => partitionOf(offer, everyUnit(offer)))
  const bottleneck = slowest(partitions)
  const estimate = (parts: readonly Partition[]): Forecast => {
    const throughputSource = sourceOf(parts, throughput)
    const modelSize = context.snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null
    return forecast({ spec, partitions: parts, index: context.index, modelSize, throughputSource })
  }
  const plan: Plan = {
    ...unplaced(context, spec, 'placed', [...choices.map(chosen), ...withoutData(context, samples)].sort(byRegion)),
    partitions,
    forecast: estimate(partitions),
    forecastUseEverything: estimate(everything),
    loadPower: bottleneck.loadPower,
    bottleneckRegion: bottleneck.region,
  }
  return { plan, waitsFor: nothing }
}

/** Samples of one epoch by region, in ascending order; regions with 0 samples hold no data. */
export function samplesByRegion(spec: JobSpec): readonly (readonly [string, number])[] {
  const samples = new Map<string, number>()
  for (const shard of spec.shards) {
    if (shard.samples > 0) samples.set(shard.region, (samples.get(shard.region) ?? 0) + shard.samples)
  }
  return [...samples].sort(([a], [b]) => (a < b ? -1 : 1))
}

function postpone(
  context: PlaceContext,
  spec: JobSpec,
  looked: readonly Feasibility[],
  refusals: readonly Refusal[],
): Placement {
  const outcome = refusals.some((refusal) => refusal.kind === 'impossible') ? 'impossible' : 'waiting'
  const reasons = looked.map((found): Reason => {
    if (found.kind !== 'offer') return { region: found.region, chosen: false, rule: found.rule, text: found.text }
    const { region, devices } = found.offer
    const free = devices.map((device) => `${device.unitsFree} ${device.deviceModel}`).join(', ')
    return { region, chosen: false, rule: 'ready', text: `${region} has ${free} free and waits for the others` }
  })
  const waitsOnlyForUnits = refusals.every(({ rule }) => rule === 'no-free-units' || rule === 'held-for-older-job')
  const waitsFor = waitsOnlyForUnits
    ? new Map(looked.map((found) => [found.kind === 'offer' ? found.offer.region : found.region, found.usableModels]))
    : nothing
  return { plan: unplaced(context, spec, outcome, reasons), waitsFor }
}

function refuse(context: PlaceContext, spec: JobSpec, rule: string, text: string): Placement {
  const reasons = [{ region: '', chosen: false, rule, text }]
  return { plan: unplaced(context, spec, 'impossible', reasons), waitsFor: nothing }
}

function unplaced({ index }: PlaceContext, spec: JobSpec, outcome: Plan['outcome'], reasons: readonly Reason[]): Plan {
  return {
    outcome,
    policy: spec.policy,
    partitions: [],
    reasons,
    forecast: null,
    forecastUseEverything: null,
    catalogVersion: index.catalogue.version,
    catalogHash: index.catalogue.hash,
    loadPower: 0,
    bottleneckRegion: '',
  }
}

function partitionOf(offer: RegionOffer, units: ReadonlyMap<string, number>): Partition {
  const allocations = offer.devices
    .filter((device) => (units.get(device.deviceModel) ?? 0) > 0)
    .map(({ deviceModel, samplesPerSecondPerUnit, usdPerUnitHour }) => ({
      deviceModel,
      units: units.get(deviceModel) ?? 0,
      samplesPerSecondPerUnit,
      usdPerUnitHour,
    }))
  const loadPower = throughputOf(offer, units) / offer.samples
  return { region: offer.region, samples: offer.samples, allocations, loadPower }
}

/** Ties go to the lower name, because partitions are in ascending order. */
function slowest(partitions: readonly Partition[]): Partition {
  return partitions.reduce((slow, partition) => (partition.loadPower < slow.loadPower ? partition : slow))
}

function sourceOf(partitions: readonly Partition[], throughput: ThroughputOf): Forecast['throughputSource'] {
  const models = partitions.flatMap(({ allocations }) => allocations.map(({ deviceModel }) => deviceModel))
  return weakestSource(models.flatMap((model) => throughput(model)?.source ?? []))
}

function chosen({ region, rule, text }: Choice): Reason {
  return { region, chosen: true, rule, text }
}

/** Regions that could run something but hold none of this job's data: data does not move. */
function withoutData(context: PlaceContext, samples: readonly (readonly [string, number])[]): readonly Reason[] {
  const withData = new Set(samples.map(([region]) => region))
  const others = context.snapshot.agents.filter(({ region, isConnected }) => isConnected && !withData.has(region))
  return others.slice(0, noDataReasonsMax).map(({ region }) => ({
    region,
    chosen: false,
    rule: 'no-data',
    text: `${region} holds 0 samples of this job`,
  }))
}

function byRegion(a: Reason, b: Reason): number {
  return a.region < b.region ? -1 : 1
}
