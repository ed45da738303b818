// From a snapshot to what must change: pure, level-triggered and idempotent. Applying the actions and asking again with
// the same snapshot gives nothing more to do. The order of work of a control loop:
// snapshot -> planPending -> commit -> reconcile -> commit -> desiredByRegion -> send.
import type { Actions, JobChange, JobUpdate } from '#control-plane/model/actions.ts'
import { instancesByJob } from '#control-plane/model/instance-groups.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { Agent, Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { nextAddressBook } from './address-book.ts'
import { defaultPruneAfterMs } from './config.ts'
import { beginning, changesTo, type InstanceChanges } from './instances.ts'
import { standingOf, standingOfCancelled, standingOfPending, type Standing } from './job-state.ts'
import { isDrained, viewPartitions, type PartitionView } from './partitions.ts'
import { regionsToPrune } from './prune.ts'

export type ReconcileOptions = {
  /** A region that is unseen for longer is given up, if the others go on. */
  readonly pruneAfterMs?: number
}

/**
 * Of a job whose plan, instances and state are as they were, nothing is to be done that was not done before, unless an
 * agent was lost or found: with `only` no other job is looked at.
 */
export function reconcile(
  snapshot: Snapshot,
  options: ReconcileOptions = {},
  only: ReadonlySet<string> | null = null,
): Actions {
  const context: Context = {
    nowMs: snapshot.nowMs,
    pruneAfterMs: options.pruneAfterMs ?? defaultPruneAfterMs,
    agents: new Map(snapshot.agents.map((agent) => [agent.region, agent])),
  }
  const byJob = instancesByJob(snapshot)
  const jobs: JobUpdate[] = []
  const newInstances: Instance[] = []
  const releasedInstanceIds: string[] = []
  for (const job of snapshot.jobs) {
    if (only?.has(job.id) === false) continue
    const next = reconcileJob(context, job, byJob.get(job.id) ?? [])
    const change = changeOf(job, next)
    if (change !== null) jobs.push({ id: job.id, ifRevision: job.revision, change })
    newInstances.push(...next.newInstances)
    releasedInstanceIds.push(...next.releasedInstanceIds)
  }
  return {
    jobs: jobs.sort((a, b) => (a.id < b.id ? -1 : 1)),
    newInstances: newInstances.sort((a, b) => (a.id < b.id ? -1 : 1)),
    releasedInstanceIds: releasedInstanceIds.sort(),
  }
}

type Context = {
  readonly nowMs: number
  readonly pruneAfterMs: number
  readonly agents: ReadonlyMap<string, Agent>
}

type Next = {
  readonly job: Job
  readonly newInstances: readonly Instance[]
  readonly releasedInstanceIds: readonly string[]
}

function reconcileJob(context: Context, job: Job, instances: readonly Instance[]): Next {
  if (job.state === 'pending') return start(context, job, instances)
  if (job.state === 'cancelling') return takeDown(context, job, instances)
  if (endStates.has(job.state)) return { job, newInstances: [], releasedInstanceIds: releasable(instances) }
  return advance(context, job, instances)
}

/** Creates the instances of a placed plan; otherwise says why the job waits. */
function start(context: Context, job: Job, existing: readonly Instance[]): Next {
  if (job.plan?.outcome !== 'placed') {
    const standing = standingOfPending(job)
    return { job: standing === null ? job : stand(context, job, standing), newInstances: [], releasedInstanceIds: [] }
  }
  const newInstances = beginning(job, job.plan, existing)
  const begun = new Set(newInstances.map((instance) => instance.id))
  const started: Job = {
    ...job,
    state: 'starting',
    startedAtMs: job.startedAtMs ?? context.nowMs,
    // A resumed job's regions are all in it again, and none listens where it did.
    addressBook: { ...job.addressBook, peers: [] },
  }
  const next = advance(context, started, [...existing.filter(({ id }) => !begun.has(id)), ...newInstances])
  return { ...next, newInstances: [...newInstances, ...next.newInstances] }
}

function advance(context: Context, job: Job, instances: readonly Instance[]): Next {
  const views = viewsOf(context, job, instances)
  const now = standIn(context, job, views)
  if (endStates.has(now.state)) return { job: now, newInstances: [], releasedInstanceIds: releasable(instances) }
  const { create, releaseIds } = replanned(now, instances, views)
  const released = new Set([...releaseIds, ...releasable([...without(views), ...done(views)])])
  if (create.length === 0 && released.size === 0) return { job: now, newInstances: [], releasedInstanceIds: [] }
  // What is told of the job is of what will be, so that asking again changes nothing.
  const after = [...instances, ...create].map((each) => (released.has(each.id) ? { ...each, isReleased: true } : each))
  const next = standIn(context, job, viewsOf(context, job, after))
  return { job: next, newInstances: create, releasedInstanceIds: [...released] }
}

function standIn(context: Context, job: Job, views: readonly PartitionView[]): Job {
  const addressBook = nextAddressBook(job.addressBook, views, job.plan?.exchange?.hub ?? '')
  return stand(context, { ...job, addressBook }, standingOf(job, views, context))
}

/** Regions that are to be pruned now are pruned in these. */
function viewsOf(context: Context, job: Job, instances: readonly Instance[]): readonly PartitionView[] {
  const views = viewPartitions(job, instances, context.agents, context.nowMs)
  const newlyPruned = regionsToPrune(views, context.pruneAfterMs)
  return newlyPruned.size === 0 ? views : views.map((view) => pruneIn(view, newlyPruned))
}

/** The others go on without these. */
function without(views: readonly PartitionView[]): readonly Instance[] {
  return views.filter((view) => view.isPruned).flatMap((view) => view.instances)
}

/** Who has used its samples needs their data no more. Until then a machine that is lost may need it again. */
function done(views: readonly PartitionView[]): readonly Instance[] {
  return views.filter(isDrained).flatMap((view) => view.data)
}

/** The first plan's instances were made at the start: only one that replaced it asks for others. */
function replanned(job: Job, instances: readonly Instance[], views: readonly PartitionView[]): InstanceChanges {
  if (job.plan === null || job.plan.version === 1 || job.state === 'finishing') return { create: [], releaseIds: [] }
  const ending = views.filter((view) => view.isPruned || isDrained(view)).map(({ region }) => region)
  return changesTo(job, job.plan, instances, new Set(ending))
}

/** A cancelled job's instances are released at once: nobody wants its model, and every second is paid for. */
function takeDown(context: Context, job: Job, instances: readonly Instance[]): Next {
  const views = viewPartitions(job, instances, context.agents, context.nowMs)
  const next = stand(context, job, standingOfCancelled(job, views))
  return { job: next, newInstances: [], releasedInstanceIds: releasable(instances) }
}

function pruneIn(view: PartitionView, pruned: ReadonlySet<string>): PartitionView {
  return pruned.has(view.region) ? { ...view, isPruned: true } : view
}

function releasable(instances: readonly Instance[]): readonly string[] {
  return instances.filter((instance) => !instance.isReleased).map((instance) => instance.id)
}

function stand(context: Context, job: Job, { state, reason }: Standing): Job {
  return { ...job, state, reason, endedAtMs: endStates.has(state) ? context.nowMs : job.endedAtMs }
}

/** The fields that differ; null when none does. */
function changeOf(before: Job, { job: after }: Next): JobChange | null {
  const change: JobChange = {
    ...(before.state === after.state ? {} : { state: after.state }),
    ...(before.reason === after.reason ? {} : { reason: after.reason }),
    ...(before.addressBook === after.addressBook ? {} : { addressBook: after.addressBook }),
    ...(before.startedAtMs === after.startedAtMs ? {} : { startedAtMs: after.startedAtMs }),
    ...(before.endedAtMs === after.endedAtMs ? {} : { endedAtMs: after.endedAtMs }),
  }
  return Object.keys(change).length === 0 ? null : change
}
