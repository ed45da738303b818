// Training data that is moved before a partition can train: one data server per region that it comes from, unless that is an
// object store, and one stager where it goes. Workers wait until it is there, and while nobody has trained yet, so do those of the other partitions:
// units cost from the moment in which they are taken.
import type { AddressBook } from '#control-plane/model/address-book.ts'
import { isInObjectStore } from '#control-plane/model/data-address.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Partition } from '#control-plane/model/plan.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'

export type Sources = {
  /** Regions whose data has to come to where the partition runs, in ascending order. */
  readonly regions: readonly string[]
  /** Of these, where an agent has to give it: object stores give by themselves, also to their own region. */
  readonly served: readonly string[]
}

export function sourcesOf({ dataRegions, place }: Pick<Partition, 'dataRegions' | 'place'>, spec: JobSpec): Sources {
  const data = [...spec.shards, ...(spec.holdout === null ? [] : [spec.holdout])]
  const isIn = (region: string, isWanted: (uri: string) => boolean): boolean =>
    data.some((each) => each.region === region && isWanted(each.uri))
  const served = dataRegions.filter((region) => region !== place && isIn(region, (uri) => !isInObjectStore(uri)))
  const regions = dataRegions.filter((region) => served.includes(region) || isIn(region, isInObjectStore))
  return { regions, served }
}

export function isOfData({ role }: Pick<Instance, 'role'>): boolean {
  return role === 'data-server' || role === 'data-stager'
}

/** The stager that a partition waits for; null where it has its data. */
export function stagerOf(instances: readonly Instance[]): Instance | null {
  return instances.find(isStaging) ?? null
}

/** Instances that their agents are not told of yet, because data for them is on its way. */
export function heldBack(job: Job, instances: readonly Instance[]): ReadonlySet<Instance> {
  const staging = new Set(instances.filter(isStaging).map(({ partition }) => partition))
  if (staging.size === 0) return new Set()
  const isWaiting = (instance: Instance): boolean =>
    instance.state === 'planned' &&
    !isOfData(instance) &&
    (job.firstStepAtMs === null || staging.has(instance.partition))
  return new Set(instances.filter(isWaiting))
}

/** Where the data of each region that gives some is to be had; absent where none is moved. */
export function dataEndpoints(instances: readonly Instance[]): AddressBook['data'] {
  const servers = instances.filter(({ role, isReleased }) => role === 'data-server' && !isReleased)
  if (servers.length === 0) return undefined
  return servers.map(({ region, endpoint }) => ({ region, endpoint })).sort((a, b) => (a.region < b.region ? -1 : 1))
}

function isStaging({ role, isReleased, state }: Instance): boolean {
  return role === 'data-stager' && !isReleased && state !== 'completed'
}
