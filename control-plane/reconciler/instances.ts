// The instances of a placed plan: in every region one parameter server, and one worker per unit. Those of a resumed job
// keep what they had: their attempts go on counting, and what their partition had reached stands until they say more.
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

function parameterServer(job: Job, { region }: Partition): Instance {
  const id = `${job.id}/${region}/ps`
  return { ...planned(job, region), id, role: 'parameter-server', deviceModel: 'cpu', units: 0, usdPerUnitHour: 0 }
}

function workers(job: Job, { region, allocations }: Partition): readonly Instance[] {
  const units = allocations.flatMap((allocation) => Array.from({ length: allocation.units }, () => allocation))
  return units.map(({ deviceModel, usdPerUnitHour }, n): Instance => {
    const id = `${job.id}/${region}/worker-${n}`
    return { ...planned(job, region), id, role: 'worker', deviceModel, units: 1, usdPerUnitHour }
  })
}

function planned(job: Job, region: string): Omit<Instance, 'id' | 'role' | 'deviceModel' | 'units' | 'usdPerUnitHour'> {
  return {
    jobId: job.id,
    region,
    state: 'planned',
    attempt: 0,
    reason: '',
    endpoint: '',
    progress: null,
    isReleased: false,
    ...(job.resumption === undefined ? {} : { resumption: job.resumption.number }),
  }
}
