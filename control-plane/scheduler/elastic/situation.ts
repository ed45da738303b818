// What a running job's plan is weighed with: the work that is left, the places that it may be done in with the job's own
// units counted as free, speeds and links as they are measured, and what a move takes besides.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { egressUsd } from '#control-plane/model/egress.ts'
import type { Budget, Job, JobSpec, Objective } from '#control-plane/model/job.ts'
import type { Exchange, Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { transferSeconds } from '../exchange.ts'
import { feasible } from '../feasible.ts'
import { unitsFor, withFreed, type FreeUnits } from '../free-units.ts'
import { leastCost } from '../least-cost/least-cost.ts'
import { linksNow } from '../links-now.ts'
import { mayMove } from '../may-move.ts'
import { policies } from '../policies.ts'
import type { Decision, DeviceOffer, Place, Policy } from '../policy.ts'
import { jobProblem, type JobProblem } from '../problem.ts'
import { throughputFor } from '../throughput.ts'
import { anySlack, checkpointVectors } from './config.ts'
import type { ElasticState } from './state.ts'
import { pacesOf, type WorkLeft } from './work-left.ts'

/** What the next plan is to be: as the job asks for, or what is left to wish where that can not be had. */
export type Aim = 'objective' | 'fastest' | 'cheapest'

export type Situation = {
  readonly objective: Objective
  /** The job's policy looks for the best plan, wherever that may be. */
  readonly isOptimising: boolean
  readonly nowMs: number
  /** What may still be spent. */
  readonly usdMax: number
  /** The plan's partitions that have work left. */
  readonly partitions: readonly Partition[]
  readonly exchange: Exchange | null
  /** The work that is left, where it may be done: one region of data for each partition, in its place. */
  readonly problemOf: (places: readonly Place[], moved: ReadonlyMap<string, string>, aim: Aim) => JobProblem
  readonly decide: (problem: JobProblem, aim: Aim) => Decision
  /** Every place that may be used, with the job's own units counted as free. */
  readonly places: readonly Place[]
  /** Places that a partition may be moved to, by its place. */
  readonly targets: ReadonlyMap<string, readonly string[]>
  /** For a checkpoint to get from one place to another. */
  readonly checkpointMove: (from: string, to: string) => { readonly seconds: number; readonly usd: number }
}

export type Context = {
  readonly snapshot: Snapshot
  readonly index: CatalogueIndex
  readonly units: FreeUnits
  /** No job waits for units. */
  readonly mayGrow: boolean
}

export type Running = {
  readonly job: Job
  readonly plan: Plan
  readonly instances: readonly Instance[]
  readonly state: ElasticState
  readonly left: WorkLeft
}

/** Null for a policy that does not exist. */
export function situationOf(context: Context, running: Running): Situation | null {
  const { snapshot, index } = context
  const { job, plan, left } = running
  const { spec } = left
  const policy = policies.get(spec.policy)
  if (policy === undefined) return null
  const links = linksNow(index, snapshot)
  const modelSize = snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null
  const throughput = throughputFor(spec, snapshot.throughput, index)
  const partitions = plan.partitions.filter(({ place }) => spec.shards.some(({ region }) => region === place))
  const { places, targets } = placesOf(context, running, partitions)
  const { nowMs } = snapshot
  const usdMax = job.spec.budget === null ? Number.POSITIVE_INFINITY : job.spec.budget.usd - paidUsd(snapshot, job.id)
  return {
    objective: spec.objective,
    isOptimising: policy === leastCost,
    nowMs,
    usdMax,
    partitions,
    exchange: inPlaces(plan),
    places,
    targets,
    problemOf: (offered, moved, aim) => {
      const shards = spec.shards.map((shard) => {
        const target = moved.get(shard.region)
        return { ...shard, mayMoveTo: target === undefined ? [] : [target] }
      })
      const asked = aimed({ ...spec, shards }, aim, usdMax)
      return jobProblem({ spec: asked, nowMs, index, links, modelSize, throughput, places: offered })
    },
    // Other policies know of no objective.
    decide: (problem, aim) => (aim === 'objective' ? policy : optimising(policy))(problem),
    checkpointMove: (from, to) => {
      const bytes = checkpointVectors * (modelSize?.updateBytes ?? 0)
      const seconds = transferSeconds(links, { from, to }, bytes)
      const price = index.link(from, to)?.egress
      return { seconds, usd: price === undefined ? 0 : egressUsd(price, bytes, seconds) }
    },
  }
}

/** The problem knows places only. */
function inPlaces({ exchange, partitions }: Plan): Exchange | null {
  if (exchange === null) return null
  return { ...exchange, hub: partitions.find(({ region }) => region === exchange.hub)?.place ?? '' }
}

function optimising(policy: Policy): Policy {
  return policy === leastCost ? policy : leastCost
}

export function paidUsd({ paidUsd: paid }: Snapshot, jobId: string): number {
  return paid?.get(jobId) ?? 0
}

function aimed(spec: JobSpec, aim: Aim, usdMax: number): JobSpec {
  const budget: Budget | null = spec.budget === null ? null : { ...spec.budget, usd: usdMax }
  switch (aim) {
    case 'objective':
      return { ...spec, budget }
    case 'fastest':
      return { ...spec, objective: { kind: 'least-time' }, budget }
    case 'cheapest':
      return { ...spec, objective: { kind: 'least-cost', slack: anySlack }, budget: null }
  }
}

function placesOf(
  { snapshot, index, units: all, mayGrow }: Context,
  { plan, instances, state, left: { spec } }: Running,
  partitions: readonly Partition[],
): Pick<Situation, 'places' | 'targets'> {
  const units = unitsFor(withFreed(all, instances), spec.resources.gpuShare)
  const throughput = throughputFor(spec, snapshot.throughput, index)
  const paces = pacesOf(plan, state, throughput)
  const own = new Set(plan.partitions.map(({ place }) => place))
  const targets = new Map(
    partitions.map(({ place }) => [place, [...units.keys()].filter((to) => !own.has(to) && mayMove(spec, place, to))]),
  )
  const names = [...new Set([...own, ...[...targets.values()].flat()])].sort()
  const input = { spec, index, units, held: new Map(), throughput }
  const places = names.flatMap((name): Place[] => {
    const found = feasible(input, name)
    if (found.kind !== 'place') return []
    const paced = atPace(found.place, paces.get(name) ?? 1)
    return mayGrow ? [paced] : [...within(paced, plan)]
  })
  return { places, targets }
}

/** As fast as it was measured to be, whatever other regions are. */
function atPace(place: Place, pace: number): Place {
  const devices = place.devices.map((offer): DeviceOffer => {
    return { ...offer, samplesPerSecondPerUnit: offer.samplesPerSecondPerUnit * pace }
  })
  return { ...place, devices }
}

/** No more units than the plan has there. */
function within(place: Place, plan: Plan): readonly Place[] {
  const held = plan.partitions.find((partition) => partition.place === place.region)
  if (held === undefined) return []
  const units = held.allocations.reduce((sum, allocation) => sum + allocation.units, 0)
  return [{ ...place, unitsMax: Math.min(place.unitsMax, units) }]
}
