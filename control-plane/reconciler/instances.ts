// The instances of a placed plan: in every region one parameter server, and one worker per unit. Those of a resumed job
// keep what they had: their attempts go on counting, and what their partition had reached stands until they say more.
import { classOf, plainClass, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'

/** The instances of `plan` that are to be written beside those that exist, in ascending order of id. */
export function beginning(job: Job, plan: Plan, existing: readonly Instance[]): readonly Instance[] {
  const known = new Map(existing.map((instance) => [instance.id, instance]))
  return instancesOf(job, plan).flatMap((instance) => {
    const before = known.get(instance.id)
    if (before === undefined) return [instance]
    if (resumptionOf(before) === resumptionOf(job)) return []
    const { attempt, progress } = before
    const isServer = instance.role === 'parameter-server' && progress !== null
    return [{ ...instance, attempt, progress: isServer ? { ...progress, phase: 'starting', workers: 0 } : null }]
  })
}

function instancesOf(job: Job, plan: Plan): readonly Instance[] {
  return plan.partitions
    .flatMap((partition) => [parameterServer(job, partition), ...workers(job, partition)])
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function parameterServer(job: Job, partition: Partition): Instance {
  const id = `${nameOf(job, partition)}/ps`
  const none = { ...plainClass('cpu'), units: 0, usdPerUnitHour: 0 }
  return { ...planned(job, partition), ...none, id, role: 'parameter-server' }
}

function workers(job: Job, partition: Partition): readonly Instance[] {
  const units = partition.allocations.flatMap((allocation) =>
    Array.from({ length: allocation.units }, () => allocation),
  )
  return units.map((allocation, n): Instance => {
    const id = `${nameOf(job, partition)}/worker-${n}`
    const one = { ...classOf(allocation), units: 1, usdPerUnitHour: allocation.usdPerUnitHour }
    return { ...planned(job, partition), ...one, id, role: 'worker' }
  })
}

/** For example "j-4k2/onprem/lab"; where a partition was moved to is part of it, because an id is never used again. */
function nameOf(job: Job, { region, place }: Partition): string {
  return place === region ? `${job.id}/${region}` : `${job.id}/${region}@${place}`
}

type Planned = Omit<Instance, 'id' | 'role' | keyof DeviceClass | 'units' | 'usdPerUnitHour'>

function planned(job: Job, { region, place }: Partition): Planned {
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
    ...(job.resumption === undefined ? {} : { resumption: job.resumption.number }),
  }
}
