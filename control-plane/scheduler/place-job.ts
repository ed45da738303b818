// One job on one set of free units: who has data, where it may be trained on, what the policy takes, what it will cost.
// All or nothing: every region's data is trained on, or the job waits.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, Partition, Plan, Reason } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { noDataReasonsMax } from './config.ts'
import { feasible, type Feasibility, type Held, type Refusal } from './feasible.ts'
import { forecast, movementsOf } from './forecast.ts'
import type { FreeUnits } from './free-units.ts'
import { linksNow } from './links-now.ts'
import { mayMove } from './may-move.ts'
import { policies } from './policies.ts'
import { throughputOf, type Candidate, type Choice, type DataRegion, type Place, type Problem } from './policy.ts'
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
  const looked = lookAround(context, spec, throughput)
  const places = [...looked.values()].flatMap((found) => (found.kind === 'place' ? [found.place] : []))
  const data = samples.map(([region, count]) => dataRegion(spec, region, count, places))
  const stranded = data.filter((each) => each.places.length === 0).map(({ region }) => looked.get(region)!)
  if (stranded.length > 0) return postpone(context, spec, samples, looked, stranded)

  const estimates = new Estimates(context, spec, places, throughput)
  const decision = policy(problemOf(context, spec, data, places, estimates))
  if (decision.kind === 'none') {
    const plan = unplaced(context, spec, 'impossible', decision.reasons)
    return { plan: { ...plan, alternatives: decision.alternatives }, waitsFor: nothing }
  }
  const { choices, exchange, refused, alternatives, bound } = decision
  const partitions = estimates.partitionsOf({ partitions: choices, exchange })
  const bottleneck = slowest(partitions)
  const named = new Set([...choices.map(({ place }) => place), ...refused.map(({ region }) => region)])
  const reasons = [...choices.map(chosen), ...refused, ...withoutData(context, samples, named)]
  const plan: Plan = {
    ...unplaced(context, spec, 'placed', reasons.sort(byRegion)),
    partitions,
    exchange,
    movements: movementsOf(spec, partitions, context.index, estimates.links),
    forecast: estimates.forecast({ partitions: choices, exchange }),
    forecastUseEverything: estimates.everything(data, exchange),
    alternatives,
    bound,
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

/** What the regions with data offer, and every other one with an agent that some data may be moved to. */
function lookAround(context: PlaceContext, spec: JobSpec, throughput: ThroughputOf): ReadonlyMap<string, Feasibility> {
  const { index, units, held } = context
  const withData = samplesByRegion(spec).map(([region]) => region)
  const reachable = [...units.keys()].filter((to) => withData.some((from) => mayMove(spec, from, to)))
  const regions = [...new Set([...withData, ...reachable])].sort()
  return new Map(regions.map((region) => [region, feasible({ spec, index, units, held, throughput }, region)]))
}

function dataRegion(spec: JobSpec, region: string, samples: number, places: readonly Place[]): DataRegion {
  const shards = spec.shards.filter((shard) => shard.region === region)
  return {
    region,
    samples,
    bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    places: places.map((place) => place.region).filter((to) => to === region || mayMove(spec, region, to)),
  }
}

function problemOf(
  { snapshot }: PlaceContext,
  spec: JobSpec,
  data: readonly DataRegion[],
  places: readonly Place[],
  estimates: Estimates,
): Problem {
  const { objective, budget, training } = spec
  return {
    objective,
    budget,
    nowMs: snapshot.nowMs,
    epochs: training.epochs,
    data,
    places,
    exchanges: [null],
    estimate: (candidate) => estimates.forecast(candidate),
  }
}

/** What candidates would take and cost. */
class Estimates {
  readonly links: CatalogueIndex['link']
  readonly #context: PlaceContext
  readonly #spec: JobSpec
  readonly #places: ReadonlyMap<string, Place>
  readonly #samples: ReadonlyMap<string, number>
  readonly #throughput: ThroughputOf

  constructor(context: PlaceContext, spec: JobSpec, places: readonly Place[], throughput: ThroughputOf) {
    this.#context = context
    this.#spec = spec
    this.#places = new Map(places.map((place) => [place.region, place]))
    this.#samples = new Map(samplesByRegion(spec))
    this.#throughput = throughput
    this.links = linksNow(context.index, context.snapshot)
  }

  partitionsOf({ partitions }: Candidate): readonly Partition[] {
    return partitions
      .map(({ place, dataRegions, units }): Partition => {
        const offer = this.#places.get(place)!
        const samples = dataRegions.reduce((sum, region) => sum + (this.#samples.get(region) ?? 0), 0)
        const allocations = offer.devices.flatMap(({ key, unitsFree: _, ...device }) => {
          const taken = units.get(key) ?? 0
          return taken > 0 ? [{ ...device, units: taken }] : []
        })
        return {
          region: place,
          place,
          samples,
          dataRegions,
          allocations,
          loadPower: throughputOf(offer, units) / samples,
        }
      })
      .sort(byRegion)
  }

  forecast(candidate: Candidate): Forecast {
    const partitions = this.partitionsOf(candidate)
    const models = partitions.flatMap(({ allocations }) => allocations.map(({ deviceModel }) => deviceModel))
    const { snapshot, index } = this.#context
    return forecast({
      spec: this.#spec,
      partitions,
      exchange: candidate.exchange,
      index,
      links: this.links,
      modelSize: snapshot.modelSizes?.get(this.#spec.function.bundleDigest) ?? null,
      throughputSource: weakestSource(models.flatMap((model) => this.#throughput(model)?.source ?? [])),
    })
  }

  /** Null where some region's data could not stay. */
  everything(data: readonly DataRegion[], exchange: Candidate['exchange']): Forecast | null {
    if (data.some(({ region }) => !this.#places.has(region))) return null
    const partitions = data.map(({ region }) => ({
      place: region,
      dataRegions: [region],
      units: everyUnit(this.#places.get(region)!),
    }))
    return this.forecast({ partitions, exchange })
  }
}

function postpone(
  context: PlaceContext,
  spec: JobSpec,
  samples: readonly (readonly [string, number])[],
  looked: ReadonlyMap<string, Feasibility>,
  stranded: readonly Feasibility[],
): Placement {
  const refusals = stranded.filter((found): found is Refusal => found.kind !== 'place')
  const outcome = refusals.some((refusal) => isHopeless(spec, refusal, looked)) ? 'impossible' : 'waiting'
  const reasons = samples.map(([of]): Reason => {
    const found = looked.get(of)!
    if (found.kind !== 'place') return { region: of, chosen: false, rule: found.rule, text: found.text, figures: {} }
    const { region, devices } = found.place
    const free = devices.map(({ key, unitsFree }) => `${unitsFree} ${key}`).join(', ')
    return {
      region,
      chosen: false,
      rule: 'ready',
      text: `${region} has ${free} free and waits for the others`,
      figures: {},
    }
  })
  const waitsOnlyForUnits = refusals.every(({ rule }) => rule === 'no-free-units' || rule === 'held-for-older-job')
  const waitsFor = waitsOnlyForUnits
    ? new Map(samples.map(([region]) => [region, looked.get(region)!.usableModels]))
    : nothing
  return { plan: unplaced(context, spec, outcome, reasons), waitsFor }
}

/** Nothing but another catalogue or another job would help: neither here nor wherever the data may go. */
function isHopeless(spec: JobSpec, { kind, region }: Refusal, looked: ReadonlyMap<string, Feasibility>): boolean {
  if (kind !== 'impossible') return false
  return ![...looked].some(([to, found]) => found.kind === 'waiting' && mayMove(spec, region, to))
}

function refuse(context: PlaceContext, spec: JobSpec, rule: string, text: string): Placement {
  const reasons = [{ region: '', chosen: false, rule, text, figures: {} }]
  return { plan: unplaced(context, spec, 'impossible', reasons), waitsFor: nothing }
}

function unplaced(
  { index, snapshot }: PlaceContext,
  spec: JobSpec,
  outcome: Plan['outcome'],
  reasons: readonly Reason[],
): Plan {
  return {
    outcome,
    policy: spec.policy,
    objective: spec.objective,
    version: 1,
    plannedAtMs: snapshot.nowMs,
    cause: '',
    partitions: [],
    exchange: null,
    movements: [],
    reasons,
    forecast: null,
    forecastUseEverything: null,
    alternatives: [],
    bound: null,
    catalogVersion: index.catalogue.version,
    catalogHash: index.catalogue.hash,
    loadPower: 0,
    bottleneckRegion: '',
  }
}

/** Ties go to the lower name, because partitions are in ascending order. */
function slowest(partitions: readonly Partition[]): Partition {
  return partitions.reduce((slow, partition) => (partition.loadPower < slow.loadPower ? partition : slow))
}

function chosen({ place, rule, text, figures }: Choice): Reason {
  return { region: place, chosen: true, rule, text, figures }
}

/** Regions that could run something, hold none of this job's data and may not be given any. */
function withoutData(
  context: PlaceContext,
  samples: readonly (readonly [string, number])[],
  named: ReadonlySet<string>,
): readonly Reason[] {
  const known = new Set([...samples.map(([region]) => region), ...named])
  const others = context.snapshot.agents.filter(({ region, isConnected }) => isConnected && !known.has(region))
  return others.slice(0, noDataReasonsMax).map(({ region }) => ({
    region,
    chosen: false,
    rule: 'no-data',
    text: `${region} holds 0 samples of this job`,
    figures: {},
  }))
}

function byRegion(a: { readonly region: string }, b: { readonly region: string }): number {
  return a.region < b.region ? -1 : 1
}
