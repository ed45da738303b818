// The instances of a placed plan: in every region one parameter server, and one worker per unit.
import type { Job } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'

/** In ascending order of id. */
export function instancesOf(job: Job, plan: Plan): readonly Instance[] {
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
  }
}
