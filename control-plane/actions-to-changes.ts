// What a decision changes, as changes for the store.
import type { Actions } from './model/actions.ts'
import { present } from '#runtime/assert.ts'
import type { Change, Store } from './store/store.ts'

export function toChanges(store: Store, { jobs, newInstances, releasedInstanceIds }: Actions): readonly Change[] {
  return [
    ...jobs.map(({ id, change }): Change => {
      return { kind: 'job', job: { ...present(store.activeJob(id), `job ${id}`), ...change } }
    }),
    ...newInstances.map((instance): Change => ({ kind: 'instance', instance })),
    ...releasedInstanceIds.map((id): Change => {
      const instance = present(store.activeInstance(id), `instance ${id}`)
      return { kind: 'instance', instance: { ...instance, isReleased: true } }
    }),
  ]
}
