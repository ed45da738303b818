// The instances of a placed plan: in every region one parameter server, one worker per unit, and what moves data there.
// Those of a resumed job keep what they had: their attempts go on counting, and what their partition had reached stands
// until they say more.
// A plan that replaces another one while the job runs changes as little as it can: workers of a class that is wanted stay,
// and a partition that moves begins where it goes only once nothing of it runs where it was, from what it has kept.
import { classKey, classOf, plainClass, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Allocation, Partition, Plan } from '#control-plane/model/plan.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
import { hasEnded, type Instance } from '#control-plane/model/snapshot.ts'
import { isOfData, sourcesOf } from './data-on-its-way.ts'

/** The instances of `plan` that are to be written beside those that exist, in ascending order of id. */
export function beginning(job: Job, plan: Plan, existing: readonly Instance[]): readonly Instance[] {
  const known = new Map(existing.map((instance) => [instance.id, instance]))
  return instancesOf(job, plan).flatMap((instance) => {
    const before = known.get(instance.id)
    if (before === undefined) return [instance]
    if (resumptionOf(before) === resumptionOf(job)) return []
    const { attempt } = before
    return [{ ...instance, attempt, progress: instance.role === 'parameter-server' ? begunAgain(before) : null }]
  })
}

/** What the partition had reached stands until it says more. */
function begunAgain(before: Instance | null): Instance['progress'] {
  const progress = before?.progress ?? null
  return progress === null ? null : { ...progress, phase: 'starting', workers: 0 }
}

export type InstanceChanges = {
  readonly create: readonly Instance[]
  readonly releaseIds: readonly string[]
}

/** What turns the instances of a job that runs into those of its plan. Partitions in `ending` get nothing new. */
export function changesTo(
  job: Job,
  plan: Plan,
  existing: readonly Instance[],
  ending: ReadonlySet<string>,
): InstanceChanges {
  const byPartition = Map.groupBy(existing, (instance) => instance.partition)
  const changes = plan.partitions.map((partition): InstanceChanges => {
    const own = byPartition.get(partition.region) ?? []
    const prefix = `${nameOf(job, partition)}/`
    const isHere = ({ id }: Instance): boolean => id.startsWith(prefix)
    const away = own.filter((instance) => !isHere(instance))
    const leaving = away.filter(isWanted).map(({ id }) => id)
    if (away.some((instance) => mayRun(instance) && !isOfData(instance)) || ending.has(partition.region))
      return { create: [], releaseIds: leaving }
    const { create, releaseIds } = resized(job, partition, own.filter(isHere), serverBefore(away))
    return { create, releaseIds: [...leaving, ...releaseIds] }
  })
  return {
    create: changes.flatMap(({ create }) => create).sort((a, b) => (a.id < b.id ? -1 : 1)),
    releaseIds: changes.flatMap(({ releaseIds }) => releaseIds).sort(),
  }
}

/** The parameter server of where the partition ran last and may have left checkpoints; null where it has not begun. */
function serverBefore(away: readonly Instance[]): Instance | null {
  const servers = away.filter(({ role, attempt }) => role === 'parameter-server' && attempt > 0)
  return servers.toSorted((a, b) => (a.moves ?? 0) - (b.moves ?? 0)).at(-1) ?? null
}

function isWanted({ isReleased }: Instance): boolean {
  return !isReleased
}

/** Also what was released and has not been stopped yet; not what its agent never saw. */
function mayRun(instance: Instance): boolean {
  return !hasEnded(instance) && instance.state !== 'planned'
}

/** As many workers of each class as the partition has units, and its parameter server. */
function resized(job: Job, partition: Partition, here: readonly Instance[], before: Instance | null): InstanceChanges {
  const known = new Set(here.map(({ id }) => id))
  const from = before?.region ?? null
  const server = { ...parameterServer(job, partition), ...takenAlong(partition, from), progress: begunAgain(before) }
  const others = [...ofData(job, partition, from), server].filter(({ id }) => !known.has(id))
  const byClass = Map.groupBy(
    here.filter((instance) => instance.role === 'worker' && isWanted(instance)),
    classKey,
  )
  const unitsOf = new Map(partition.allocations.map((allocation) => [classKey(allocation), allocation.units]))
  // The newest ones go: those before them are warm.
  const released = [...byClass].flatMap(([key, workersHere]) =>
    workersHere.toSorted((a, b) => numberOf(a) - numberOf(b)).slice(unitsOf.get(key) ?? 0),
  )
  let next = 1 + Math.max(-1, ...here.filter(({ role }) => role === 'worker').map(numberOf))
  const created = partition.allocations.flatMap((allocation) => {
    const missing = allocation.units - (byClass.get(classKey(allocation))?.length ?? 0)
    return Array.from({ length: Math.max(0, missing) }, () => worker(job, partition, allocation, next++))
  })
  return { create: [...others, ...created], releaseIds: released.map(({ id }) => id) }
}

/** An id is never used again, so workers that come later count on. */
function numberOf({ id }: Instance): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}

function instancesOf(job: Job, plan: Plan): readonly Instance[] {
  return plan.partitions
    .flatMap((partition) => [...ofData(job, partition), parameterServer(job, partition), ...workers(job, partition)])
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

const noUnits = { ...plainClass('cpu'), units: 0, usdPerUnitHour: 0 }

function parameterServer(job: Job, partition: Partition): Instance {
  const id = `${nameOf(job, partition)}/ps`
  return { ...planned(job, partition), ...noUnits, id, role: 'parameter-server' }
}

function takenAlong({ place }: Partition, before: string | null): Pick<Instance, 'checkpointFrom'> {
  return before === null || before === place ? {} : { checkpointFrom: before }
}

/** None where all that it needs is where it runs. `before`: where it left checkpoints. */
function ofData(job: Job, partition: Partition, before: string | null = null): readonly Instance[] {
  const { regions, served } = sourcesOf(partition, job.spec)
  const along = takenAlong(partition, before)
  const givers = new Set([...served, ...(along.checkpointFrom === undefined ? [] : [along.checkpointFrom])])
  if (regions.length === 0 && givers.size === 0) return []
  const name = nameOf(job, partition)
  const all = { ...planned(job, partition), ...noUnits, ...along }
  const servers = [...givers].sort().map((region): Instance => {
    return { ...all, region, id: `${name}/data-server/${region}`, role: 'data-server' }
  })
  return [...servers, { ...all, id: `${name}/data-stager`, role: 'data-stager' }]
}

function workers(job: Job, partition: Partition): readonly Instance[] {
  const units = partition.allocations.flatMap((allocation) =>
    Array.from({ length: allocation.units }, () => allocation),
  )
  return units.map((allocation, n) => worker(job, partition, allocation, n))
}

function worker(job: Job, partition: Partition, allocation: Allocation, n: number): Instance {
  const id = `${nameOf(job, partition)}/worker-${n}`
  const { usdPerUnitHour, gpuShare } = allocation
  const one = { ...classOf(allocation), units: 1, usdPerUnitHour, ...(gpuShare === undefined ? {} : { gpuShare }) }
  return { ...planned(job, partition), ...one, id, role: 'worker' }
}

/** For example "j-4k2/onprem/lab"; after a move "j-4k2/onprem/lab@aws/us-east-1.1", because an id is never used again. */
function nameOf(job: Job, { region, place, moves }: Partition): string {
  return moves === 0 ? `${job.id}/${region}` : `${job.id}/${region}@${place}.${moves}`
}

type Planned = Omit<Instance, 'id' | 'role' | keyof DeviceClass | 'units' | 'usdPerUnitHour'>

function planned(job: Job, { region, place, moves }: Partition): Planned {
  return {
    jobId: job.id,
    region: place,
    partition: region,
    state: 'planned',
    attempt: 0,
    reason: '',
    endpoint: '',
    progress: null,
    isReleased: false,
    ...(moves === 0 ? {} : { moves }),
    ...(job.resumption === undefined ? {} : { resumption: job.resumption.number }),
  }
}
