// What a decision changes, as changes for the store.
import type { Actions } from './model/actions.ts'
import type { AddressBook } from './model/address-book.ts'
import type { InstanceEvent } from './model/history.ts'
import type { Plan } from './model/plan.ts'
import { present } from '#runtime/assert.ts'
import type { Change, Store } from './store/store.ts'

export function toChanges(
  store: Store,
  { jobs, functions = [], newInstances, releasedInstanceIds, resized = [], events: told = [] }: Actions,
  nowMs: number,
): readonly Change[] {
  return [
    ...jobs.flatMap(({ id, change, planInput: input = null }): Change[] => {
      const before = present(store.activeJob(id), `job ${id}`)
      const events = [
        ...prunings(id, before.addressBook, change.addressBook ?? before.addressBook, nowMs),
        ...replannings(id, change.plan ?? null),
      ]
      return [
        { kind: 'job', job: { ...before, ...change } },
        ...(change.plan?.outcome === 'placed' ? [{ kind: 'plan', jobId: id, plan: change.plan, input } as const] : []),
        ...events.map((event): Change => ({ kind: 'event', event })),
      ]
    }),
    ...functions.map(({ id, change }): Change => {
      return { kind: 'function', function: { ...present(store.activeFunction(id), `function ${id}`), ...change } }
    }),
    ...told.map((event): Change => ({ kind: 'event', event })),
    ...newInstances.map((instance): Change => ({ kind: 'instance', instance })),
    ...resized.map(({ id, ...change }): Change => {
      return { kind: 'instance', instance: { ...present(store.activeInstance(id), `instance ${id}`), ...change } }
    }),
    ...releasedInstanceIds.map((id): Change => {
      const instance = present(store.activeInstance(id), `instance ${id}`)
      return { kind: 'instance', instance: { ...instance, isReleased: true } }
    }),
  ]
}

/** Why a running job goes on with another plan. */
function replannings(jobId: string, plan: Plan | null): readonly InstanceEvent[] {
  if (plan === null || plan.version === 1) return []
  const text = `plan ${plan.version}: ${plan.cause}`
  return [{ jobId, instanceId: '', attempt: 0, kind: 'replanned', text, atMs: plan.plannedAtMs }]
}

/** That a job goes on without a part of its data must stand in its history, whatever becomes of the job. */
function prunings(jobId: string, before: AddressBook, after: AddressBook, nowMs: number): readonly InstanceEvent[] {
  const known = new Set(before.peers.filter(({ isPruned }) => isPruned).map(({ region }) => region))
  return after.peers
    .filter(({ region, isPruned }) => isPruned && !known.has(region))
    .map(({ region, dataShare }) => {
      const share = `${(dataShare * 100).toFixed(1)} %`
      const text = `region ${region} was lost for too long; the job goes on without its ${share} of the data`
      return { jobId, instanceId: `${jobId}/${region}`, attempt: 0, kind: 'pruned', text, atMs: nowMs }
    })
}
