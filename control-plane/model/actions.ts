// What a decision changes, as plain data: the store commits it in one transaction, or refuses all of it when a job was
// changed meanwhile. `applyActions` is the same thing on a value, for the in-memory store and for tests.
import { endStates, type Job } from './job.ts'
import type { GpuShare } from './gpu-share.ts'
import type { InstanceEvent } from './history.ts'
import type { InferenceFunction } from './inference.ts'
import type { PlanInput } from './plan-input.ts'
import type { Instance, Snapshot } from './snapshot.ts'

export type Actions = {
  /** In ascending order of job id; a job appears once. */
  readonly jobs: readonly JobUpdate[]
  /** In ascending order of id. One that exists is of a resumed job and begins anew. */
  readonly newInstances: readonly Instance[]
  /** Instances to mark as released, in ascending order of id. */
  readonly releasedInstanceIds: readonly string[]
  /** Instances that have another share of their GPU from now on, in ascending order of id. */
  readonly resized?: readonly Resized[]
  /** In ascending order of function id; a function appears once. */
  readonly functions?: readonly FunctionUpdate[]
  /** What is to stand in jobs' histories beside what the changes say themselves. */
  readonly events?: readonly InstanceEvent[]
}

export type Resized = { readonly id: string; readonly gpuShare: GpuShare; readonly usdPerUnitHour: number }

export type JobUpdate = {
  readonly id: string
  /** The job's revision in the snapshot that this was decided on. */
  readonly ifRevision: number
  readonly change: JobChange
  /** What a plan among the changes was decided on, to be kept with it. */
  readonly planInput?: PlanInput
}

export type FunctionUpdate = {
  readonly id: string
  /** The function's revision in the snapshot that this was decided on. */
  readonly ifRevision: number
  readonly change: Partial<InferenceFunction>
}

/** Only the fields that change. */
export type JobChange = Partial<
  Pick<Job, 'state' | 'reason' | 'plan' | 'addressBook' | 'startedAtMs' | 'endedAtMs' | 'warning'>
>

export const noActions: Actions = { jobs: [], newInstances: [], releasedInstanceIds: [] }

export function isEmpty(actions: Actions): boolean {
  const { jobs, newInstances, releasedInstanceIds, resized = [], functions = [], events = [] } = actions
  return [jobs, newInstances, releasedInstanceIds, resized, functions, events].every(({ length }) => length === 0)
}

/** The snapshot after `actions`: jobs that ended leave it with their instances, as they do in the store's view. */
export function applyActions(snapshot: Snapshot, actions: Actions): Snapshot {
  const revision = snapshot.revision + 1
  const changes = new Map(actions.jobs.map((update) => [update.id, update.change]))
  const released = new Set(actions.releasedInstanceIds)
  const resized = new Map(actions.resized?.map(({ id, ...change }) => [id, change]))
  const jobs = snapshot.jobs
    .map((job): Job => {
      const change = changes.get(job.id)
      return change === undefined ? job : { ...job, ...change, revision }
    })
    .filter((job) => !endStates.has(job.state))
  const functions = functionsAfter(snapshot, actions, revision)
  const living = new Set([...jobs, ...functions].map(({ id }) => id))
  const begun = new Set(actions.newInstances.map((instance) => instance.id))
  const instances = [...snapshot.instances.filter(({ id }) => !begun.has(id)), ...actions.newInstances]
    .map((instance) => (released.has(instance.id) ? { ...instance, isReleased: true } : instance))
    .map((instance) => (resized.has(instance.id) ? { ...instance, ...resized.get(instance.id) } : instance))
    .filter((instance) => living.has(instance.jobId))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  return { ...snapshot, revision, jobs, functions, instances, ...(snapshot.instancesByJob && grouped(instances)) }
}

function functionsAfter(
  { functions = [] }: Snapshot,
  actions: Actions,
  revision: number,
): readonly InferenceFunction[] {
  const changes = new Map(actions.functions?.map(({ id, change }) => [id, change]))
  return functions
    .map((each) => (changes.has(each.id) ? { ...each, ...changes.get(each.id), revision } : each))
    .filter(({ endedAtMs }) => endedAtMs === null)
}

function grouped(instances: readonly Instance[]): Pick<Snapshot, 'instancesByJob' | 'instancesByRegion'> {
  return {
    instancesByJob: Map.groupBy(instances, ({ jobId }) => jobId),
    instancesByRegion: Map.groupBy(instances, ({ region }) => region),
  }
}
