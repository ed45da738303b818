// The scheduler's third question: which running jobs go on with another plan. A job is looked at whenever something is off its
// plan, and now and then besides, because units may have come free; see observe.ts and reconsider.ts. Whatever it decides it
// decides from the snapshot alone, and a plan that was just replaced stays for a while, unless it can not.
import { noActions, type Actions, type JobUpdate } from '#control-plane/model/actions.ts'
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { feasible } from '../feasible.ts'
import { countFreeUnits, takePlan, withFreed, type FreeUnits } from '../free-units.ts'
import { linksNow } from '../links-now.ts'
import { mayMove } from '../may-move.ts'
import { policies } from '../policies.ts'
import { figure, type DeviceOffer, type Place } from '../policy.ts'
import { jobProblem } from '../problem.ts'
import { throughputFor } from '../throughput.ts'
import { replaceEveryMs, weighEveryMs } from './config.ts'
import { observe, type Trigger } from './observe.ts'
import { reconsider, type Change } from './reconsider.ts'
import { nothingSeen, type ElasticMemory, type ElasticState } from './state.ts'
import { workLeft, type WorkLeft } from './work-left.ts'

export type Replanned = { readonly actions: Actions; readonly memory: ElasticMemory }

/** New plans for running jobs, and what is to be remembered of them. */
export function replanRunning(snapshot: Snapshot, memory: ElasticMemory): Replanned {
  const index = indexCatalogue(snapshot.catalogue)
  const byJob = Map.groupBy(snapshot.instances, ({ jobId }) => jobId)
  // While others wait for units, no job takes more than it has.
  const mayGrow = !snapshot.jobs.some(({ state }) => state === 'pending')
  const next = new Map<string, ElasticState>()
  let units = countFreeUnits(snapshot)
  const jobs = snapshot.jobs.flatMap((job): JobUpdate[] => {
    if (job.state !== 'running' || job.plan?.outcome !== 'placed') return []
    const before = memory.get(job.id) ?? nothingSeen
    const instances = byJob.get(job.id) ?? []
    const { state, plan } = lookAt({ snapshot, index, units, mayGrow }, job, job.plan, instances, before)
    next.set(job.id, state)
    if (plan === null) return []
    // The next job sees what this one leaves.
    units = withFreed(units, instances)
    takePlan(units, plan)
    return [{ id: job.id, ifRevision: job.revision, change: { plan } }]
  })
  return { actions: { ...noActions, jobs }, memory: next }
}

type Context = {
  readonly snapshot: Snapshot
  readonly index: CatalogueIndex
  readonly units: FreeUnits
  readonly mayGrow: boolean
}

type Look = { readonly state: ElasticState; readonly plan: Plan | null }

function lookAt(context: Context, job: Job, plan: Plan, instances: readonly Instance[], before: ElasticState): Look {
  const { snapshot, index } = context
  const { nowMs } = snapshot
  const { state, triggers, isNews } = observe(snapshot, index, plan, instances, before)
  const isForced = triggers.some((trigger) => trigger.isForced)
  const isDue = isForced || isNews || nowMs - state.weighedAtMs >= weighEveryMs
  const isFresh = plan.version > 1 && nowMs - plan.plannedAtMs < replaceEveryMs
  if (!isDue || (isFresh && !isForced)) return { state, plan: null }
  const left = workLeft(job, plan, instances, state)
  const change = left === null ? null : weigh(context, job, plan, instances, left)
  const next =
    left === null || change === null ? null : nextPlan(context, plan, change, causeOf(triggers, change, left))
  return { state: { ...state, weighedAtMs: nowMs, off: next === null ? state.off : {} }, plan: next }
}

function weigh(
  { snapshot, index, units: all, mayGrow }: Context,
  job: Job,
  plan: Plan,
  instances: readonly Instance[],
  left: WorkLeft,
): Change | null {
  const policy = policies.get(job.spec.policy)
  if (policy === undefined) return null
  const { spec, paceOf } = left
  const units = withFreed(all, instances)
  const throughput = throughputFor(spec, snapshot.throughput, index)
  const links = linksNow(index, snapshot)
  const modelSize = snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null
  const own = new Set(plan.partitions.map(({ place }) => place))
  const working = plan.partitions.filter(({ place }) => spec.shards.some(({ region }) => region === place))
  const targets = new Map(
    working.map(({ place }) => [place, [...units.keys()].filter((to) => !own.has(to) && mayMove(spec, place, to))]),
  )
  const names = [...new Set([...own, ...[...targets.values()].flat()])].sort()
  const input = { spec, index, units, held: new Map(), throughput }
  const places = names.flatMap((name): Place[] => {
    const found = feasible(input, name)
    if (found.kind !== 'place') return []
    const paced = atPace(found.place, paceOf.get(name) ?? 1)
    return mayGrow ? [paced] : [...within(paced, plan)]
  })
  const budget = job.spec.budget
  const paidUsd = snapshot.paidUsd?.get(job.id) ?? 0
  return reconsider({
    policy,
    objective: job.spec.objective,
    nowMs: snapshot.nowMs,
    partitions: working,
    exchange: plan.exchange,
    places,
    targets,
    problemOf: (offered, moved) => {
      const shards = spec.shards.map((shard) => {
        const target = moved.get(shard.region)
        return { ...shard, mayMoveTo: target === undefined ? [] : [target] }
      })
      const rest = { ...spec, shards, budget: budget === null ? null : { ...budget, usd: budget.usd - paidUsd } }
      return jobProblem({ spec: rest, nowMs: snapshot.nowMs, index, links, modelSize, throughput, places: offered })
    },
  })
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

/** Null where it would be the same. */
function nextPlan({ snapshot, index }: Context, plan: Plan, change: Change, cause: string): Plan | null {
  const { partitions: changed, decision, forecast, moved } = change
  const partitions = plan.partitions.map((partition): Partition => {
    const place = moved.get(partition.place) ?? partition.place
    const found = changed.find((each) => each.place === place)
    // What has used its samples goes on as it is.
    if (found === undefined) return partition
    const { allocations } = found
    const samplesPerSecond = allocations.reduce((sum, each) => sum + each.units * each.samplesPerSecondPerUnit, 0)
    const moves = partition.moves + (place === partition.place ? 0 : 1)
    return { ...partition, place, moves, allocations, loadPower: samplesPerSecond / partition.samples }
  })
  if (JSON.stringify(partitions) === JSON.stringify(plan.partitions)) return null
  const slowest = partitions.reduce((slow, partition) => (partition.loadPower < slow.loadPower ? partition : slow))
  return {
    ...plan,
    version: plan.version + 1,
    plannedAtMs: snapshot.nowMs,
    cause,
    partitions,
    exchange: decision.exchange ?? plan.exchange,
    forecast,
    alternatives: decision.alternatives,
    bound: decision.bound,
    catalogVersion: index.catalogue.version,
    catalogHash: index.catalogue.hash,
    loadPower: slowest.loadPower,
    bottleneckRegion: slowest.region,
  }
}

/** What was off, and what the change brings. */
function causeOf(triggers: readonly Trigger[], { step, forecast, unchanged }: Change, left: WorkLeft): string {
  const why = triggers.length === 0 ? 'units, prices or speeds changed' : triggers.map(({ text }) => text).join('; ')
  const rest = `${figure(100 * left.share)} % of the work is left`
  const now = `${figure(forecast.seconds)} s and $${figure(forecast.totalUsd)}`
  const before =
    unchanged === null ? '' : ` instead of ${figure(unchanged.seconds)} s and $${figure(unchanged.totalUsd)}`
  return `${why}; ${rest}, ${stepText[step]} takes ${now} for it${before}`
}

const stepText: Readonly<Record<Change['step'], string>> = {
  resize: 'another number of units',
  'other-devices': 'other devices in place',
  move: 'moving a partition',
}
