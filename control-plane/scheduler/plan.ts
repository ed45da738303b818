// The scheduler's two questions. Order: jobs are planned oldest first (by creation, then id). A job that waits for
// nothing but units has the device models it could use in its regions held for it, so that younger jobs can not
// overtake it for ever; a job that waits for an agent holds nothing, because that may take days.
import { noActions, type Actions, type JobUpdate } from '#control-plane/model/actions.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Plan, Reason } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits, takePlan } from './free-units.ts'
import { placeJob, type PlaceContext, type Placement } from './place-job.ts'
import { profileFirst } from './profile.ts'
import { inputOf, inputToKeep } from './plan-input.ts'
import { PlanMemory, RegionStates } from './plan-memory.ts'

/** The plan that `job` would get now, behind the jobs that wait already. The job need not be in the snapshot. */
export function plan(snapshot: Snapshot, job: Job): Plan {
  return placeJob(contextFor(snapshot, job), job.spec).plan
}

/** What that plan is decided on. */
export function planInput(snapshot: Snapshot, job: Job): PlanInput {
  return inputOf(contextFor(snapshot, job), job.spec)
}

function contextFor(snapshot: Snapshot, job: Job): PlaceContext {
  const others = snapshot.jobs.filter((other) => other.id !== job.id && needsPlan(other) && isOlder(other, job))
  return planInOrder(snapshot, others, job.id).left
}

/** New plans for every pending job that has none in force; empty when nothing would change. */
export function planPending(snapshot: Snapshot, memory: PlanMemory = new PlanMemory()): Actions {
  const jobs = snapshot.jobs.filter(needsPlan)
  if (jobs.length === 0) return noActions
  const updates = planInOrder(snapshot, jobs, '', memory).planned.flatMap(({ job, plan: next, input }): JobUpdate[] => {
    if (job.plan !== null && isSamePlan(job.plan, next)) return []
    const change = { plan: next }
    return [{ id: job.id, ifRevision: job.revision, change, ...(input === null ? {} : { planInput: input }) }]
  })
  return { jobs: updates.sort((a, b) => (a.id < b.id ? -1 : 1)), newInstances: [], releasedInstanceIds: [] }
}

/** A placed plan stands: the reconciler starts it. An impossible one is for the reconciler to end. */
function needsPlan(job: Job): boolean {
  return job.state === 'pending' && (job.plan === null || job.plan.outcome === 'waiting')
}

type Planned = {
  readonly job: Job
  readonly plan: Plan
  /** Of a plan that is placed. */
  readonly input: PlanInput | null
}

/** New plans of jobs that are not remembered to wait as they did, and what is left for the next job. */
function planInOrder(
  snapshot: Snapshot,
  jobs: readonly Job[],
  exceptJobId: string,
  memory: PlanMemory = new PlanMemory(),
): { readonly planned: readonly Planned[]; readonly left: PlaceContext } {
  const index = memory.begin(snapshot)
  const units = countFreeUnits(snapshot, exceptJobId, memory.units)
  const held = new Map<string, Map<string, string>>()
  const context = { snapshot, index, units, held }
  const states = new RegionStates(memory, units, held)
  const holdAll = (waitsFor: Placement['waitsFor'], jobId: string): void => {
    for (const [region, models] of waitsFor) {
      if (hold(held, region, models, jobId)) states.changed(region)
    }
  }
  const planned = jobs
    .toSorted((a, b) => (isOlder(a, b) ? -1 : 1))
    .flatMap((job): Planned[] => {
      const known = memory.recall(job, states)
      if (known !== null) {
        holdAll(known.waitsFor, job.id)
        return []
      }
      const proper = placeJob(context, job.spec)
      const placement = { ...proper, plan: profileFirst(context, job.spec, proper.plan) }
      memory.remember(job, placement, states)
      const input = placement.plan.outcome === 'placed' ? inputToKeep(context, job.spec) : null
      takePlan(units, placement.plan)
      for (const { place } of placement.plan.partitions) states.changed(place)
      holdAll(placement.waitsFor, job.id)
      const isProfile = placement.plan.isProfile === true
      return [{ job, plan: placement.plan, input: input === null || !isProfile ? input : { ...input, isProfile } }]
    })
  return { planned, left: context }
}

/** Whether that is news. */
function hold(
  held: Map<string, Map<string, string>>,
  region: string,
  models: readonly string[],
  jobId: string,
): boolean {
  const here = held.get(region) ?? new Map<string, string>()
  const fresh = models.filter((model) => !here.has(model))
  for (const model of fresh) here.set(model, jobId)
  held.set(region, here)
  return fresh.length > 0
}

function isOlder(a: Job, b: Job): boolean {
  return a.createdAtMs < b.createdAtMs || (a.createdAtMs === b.createdAtMs && a.id < b.id)
}

/** Only plans that wait are compared: what they say is their reasons. */
function isSamePlan(a: Plan, b: Plan): boolean {
  if (a.outcome !== b.outcome || a.catalogHash !== b.catalogHash || a.reasons.length !== b.reasons.length) return false
  return a.outcome !== 'placed' && a.reasons.every((reason, i) => isSameReason(reason, b.reasons[i]!))
}

function isSameReason(a: Reason, b: Reason): boolean {
  return a.region === b.region && a.rule === b.rule && a.text === b.text
}
