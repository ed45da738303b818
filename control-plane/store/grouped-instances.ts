// Instances by id, by job and by region. Lists are made when they are asked for, and only of groups that changed.
import type { Instance } from '#control-plane/model/snapshot.ts'
import { SortedMap } from './sorted-map.ts'

type Groups = Map<string, SortedMap<Instance>>
type Lists = ReadonlyMap<string, readonly Instance[]>

export class GroupedInstances {
  readonly #byId = new Map<string, Instance>()
  readonly #byJob: Groups = new Map()
  readonly #byRegion: Groups = new Map()
  #jobLists: Lists | null = null
  #regionLists: Lists | null = null

  get(id: string): Instance | undefined {
    return this.#byId.get(id)
  }

  ofJob(jobId: string): readonly Instance[] {
    return this.#byJob.get(jobId)?.values() ?? []
  }

  put(instance: Instance): void {
    this.#forgetLists()
    const before = this.#byId.get(instance.id)
    // One of a resumed job may be planned elsewhere.
    if (before !== undefined && before.region !== instance.region) this.#remove(before)
    this.#byId.set(instance.id, instance)
    groupOf(this.#byJob, instance.jobId).set(instance.id, instance)
    groupOf(this.#byRegion, instance.region).set(instance.id, instance)
  }

  delete(id: string): void {
    const instance = this.#byId.get(id)
    if (instance === undefined) return
    this.#forgetLists()
    this.#remove(instance)
  }

  deleteJob(jobId: string): void {
    if (!this.#byJob.has(jobId)) return
    this.#forgetLists()
    for (const instance of this.ofJob(jobId)) this.#remove(instance)
  }

  byJob(): Lists {
    this.#jobLists ??= listsOf(this.#byJob)
    return this.#jobLists
  }

  byRegion(): Lists {
    this.#regionLists ??= listsOf(this.#byRegion)
    return this.#regionLists
  }

  #remove({ id, jobId, region }: Instance): void {
    this.#byId.delete(id)
    for (const [groups, key] of [
      [this.#byJob, jobId],
      [this.#byRegion, region],
    ] as const) {
      const group = groups.get(key)
      group?.delete(id)
      if (group?.isEmpty === true) groups.delete(key)
    }
  }

  #forgetLists(): void {
    this.#jobLists = null
    this.#regionLists = null
  }
}

/** All of them in ascending order of id. */
export function flattened(lists: Lists): readonly Instance[] {
  return [...lists.values()].flat().sort((a, b) => (a.id < b.id ? -1 : 1))
}

function groupOf(groups: Groups, key: string): SortedMap<Instance> {
  const known = groups.get(key)
  if (known !== undefined) return known
  const made = new SortedMap<Instance>()
  groups.set(key, made)
  return made
}

function listsOf(groups: Groups): Lists {
  return new Map([...groups].map(([key, group]) => [key, group.values()]))
}
