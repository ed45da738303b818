// One job on one set of free units: who has data, where it may be trained on, what the policy takes, what it will cost.
// All or nothing: every region's data is trained on, or the job waits.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Partition, Plan, Reason } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { noDataReasonsMax } from './config.ts'
import type { Links } from './exchange.ts'
import { feasible, type Feasibility, type Held } from './feasible.ts'
import { movementsOf } from './forecast.ts'
import { unitsFor, type FreeUnits } from './free-units.ts'
import { linksNow } from './links-now.ts'
import { movesOf } from './may-move.ts'
import { policies } from './policies.ts'
import type { Choice, Policy } from './policy.ts'
import { allUnits, isAllFree, reasonOf, untilUnitsAreFree, withoutPlace, type Postponed } from './postpone.ts'
import { jobProblem, samplesByRegion, type JobProblem } from './problem.ts'
import { throughputFor, type ThroughputOf } from './throughput.ts'

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
  /**
   * Of a job that no units could be found for: the regions without which it goes on waiting until one of them has other
   * units free, or held. Null where more than that decides.
   */
  readonly blockedBy: readonly string[] | null
}

const nothing: ReadonlyMap<string, readonly string[]> = new Map()

export function placeJob(everything: PlaceContext, spec: JobSpec): Placement {
  const context = { ...everything, units: unitsFor(everything.units, spec.resources.gpuShare) }
  const samples = samplesByRegion(spec)
  const policy = policies.get(spec.policy)
  if (samples.length === 0) return refuse(context, spec, 'no-shards', 'the job has no shard with samples')
  if (policy === undefined) {
    const names = [...policies.keys()].join(', ')
    return refuse(context, spec, 'unknown-policy', `policy "${spec.policy}" does not exist; use one of ${names}`)
  }
  const { index } = context
  const { problem, looked, links } = problemOf(context, spec)
  const stranded = problem.data.filter((each) => each.places.length === 0).map(({ region }) => region)
  if (stranded.length > 0) {
    const withData = samples.map(([region]) => region)
    // Data that may move has other regions to wait for, too.
    const may = movesOf(spec)
    const others = [...looked.keys()].filter((to) => stranded.some((from) => may(from, to)))
    const placement = postponed(context, spec, withoutPlace(spec, withData, stranded, looked), [])
    return { ...placement, blockedBy: [...new Set([...stranded, ...others])] }
  }
  const decision = policy(problem)
  if (decision.kind === 'none') {
    const later = whenUnitsAreFree(context, spec, policy, decision.reasons)
    const never: Postponed = { outcome: 'impossible', reasons: decision.reasons, waitsFor: nothing }
    return postponed(context, spec, later ?? never, decision.alternatives)
  }
  const { choices, exchange, refused, alternatives, bound } = decision
  const partitions = problem.partitionsOf({ partitions: choices, exchange })
  const bottleneck = slowest(partitions)
  const named = new Set([...choices.map(({ place }) => place), ...refused.map(({ region }) => region)])
  const unusable = [...looked].filter(([region, { kind }]) => kind !== 'place' && !named.has(region))
  const others = unusable.map(([region, found]) => reasonOf(region, found))
  for (const [region] of unusable) named.add(region)
  const reasons = [...choices.map(chosen), ...refused, ...others, ...withoutData(context, samples, named)]
  const plan: Plan = {
    ...unplaced(context, spec, 'placed', reasons.sort(byRegion)),
    partitions,
    exchange,
    movements: movementsOf(spec, partitions, index, links),
    forecast: problem.estimate({ partitions: choices, exchange }),
    forecastUseEverything: problem.useEverything(exchange),
    alternatives,
    bound,
    loadPower: bottleneck.loadPower,
    bottleneckRegion: bottleneck.region,
  }
  return { plan, waitsFor: nothing, blockedBy: null }
}

/** What the policy decides on, and what was found in each region. */
function problemOf(
  context: PlaceContext,
  spec: JobSpec,
): { readonly problem: JobProblem; readonly looked: ReadonlyMap<string, Feasibility>; readonly links: Links } {
  const { snapshot, index } = context
  const throughput = throughputFor(spec, snapshot.throughput, index)
  const looked = lookAround(context, spec, throughput)
  const places = [...looked.values()].flatMap((found) => (found.kind === 'place' ? [found.place] : []))
  const modelSize = snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null
  const links = linksNow(index, snapshot)
  const problem = jobProblem({ spec, nowMs: snapshot.nowMs, index, links, modelSize, throughput, places })
  return { problem, looked, links }
}

/** What the regions with data offer, and every other one with an agent that some data may be moved to. */
function lookAround(context: PlaceContext, spec: JobSpec, throughput: ThroughputOf): ReadonlyMap<string, Feasibility> {
  const { index, units, held } = context
  const withData = samplesByRegion(spec).map(([region]) => region)
  const may = movesOf(spec)
  const reachable = [...units.keys()].filter((to) => withData.some((from) => may(from, to)))
  const regions = [...new Set([...withData, ...reachable])].sort()
  return new Map(regions.map((region) => [region, feasible({ spec, index, units, held, throughput }, region)]))
}

function postponed(
  context: PlaceContext,
  spec: JobSpec,
  { outcome, reasons, waitsFor }: Postponed,
  alternatives: Plan['alternatives'],
): Placement {
  return { plan: { ...unplaced(context, spec, outcome, reasons), alternatives }, waitsFor, blockedBy: null }
}

/** Whether a job that no plan is good enough for now will have one once no other job has units. */
function whenUnitsAreFree(
  context: PlaceContext,
  spec: JobSpec,
  policy: Policy,
  reasons: readonly Reason[],
): Postponed | null {
  if (context.held.size === 0 && isAllFree(context.units)) return null
  const units = allUnits(context.units)
  const { problem, looked } = problemOf({ ...context, units, held: new Map() }, spec)
  if (problem.data.some(({ places }) => places.length === 0)) return null
  const decision = policy(problem)
  if (decision.kind === 'none') return null
  const { choices, exchange } = decision
  return untilUnitsAreFree(reasons, looked, choices, problem.estimate({ partitions: choices, exchange }))
}

function refuse(context: PlaceContext, spec: JobSpec, rule: string, text: string): Placement {
  const reasons = [{ region: '', chosen: false, rule, text, figures: {} }]
  return { plan: unplaced(context, spec, 'impossible', reasons), waitsFor: nothing, blockedBy: null }
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
