// What is left of a running job, as it goes now: how long it takes at the speeds that are measured, and what that costs with
// the units that it holds. Cheap enough to be asked of every job in every pass; a plan is weighed with the forecast proper.
import type { Job } from '#control-plane/model/job.ts'
import { partitionsProgress } from '#control-plane/model/partition-progress.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import { usdPerHour } from '../forecast.ts'
import { plannedSpeed } from './observe.ts'
import type { ElasticState } from './state.ts'

export type Rest = {
  readonly seconds: number
  readonly usd: number
  /** What the units of the plan cost. */
  readonly usdPerHour: number
  /** Every partition that has work left has been observed, so the figures are no longer those of the plan. */
  readonly isMeasured: boolean
}

export function restOf(job: Job, plan: Plan, instances: readonly Instance[], { speeds }: ElasticState): Rest {
  let seconds = 0
  let plannedSeconds = 0
  let isMeasured = true
  for (const partition of plan.partitions) {
    const left = samplesLeft(job, partition, instances)
    if (left === 0) continue
    const planned = plannedSpeed(partition)
    const measured = speeds[partition.region]
    isMeasured &&= measured !== undefined
    seconds = Math.max(seconds, left / (measured?.wall ?? planned))
    plannedSeconds = Math.max(plannedSeconds, left / planned)
  }
  const hourly = usdPerHour(plan.partitions)
  return { seconds, usd: (hourly * seconds) / 3600 + otherUsd(plan, plannedSeconds), usdPerHour: hourly, isMeasured }
}

/** While a partition moves, what it had reached where it was counts. */
export function samplesLeft(job: Job, { region, samples }: Partition, instances: readonly Instance[]): number {
  const [progress] = partitionsProgress(instances.filter(({ partition }) => partition === region))
  return Math.max(0, job.spec.training.epochs * samples - (progress?.samplesDone ?? 0))
}

/** Of what the plan reckoned besides units the part that belongs to what is left. */
function otherUsd({ forecast }: Plan, plannedSeconds: number): number {
  if (forecast === null) return 0
  const { egressUsd, storageUsd, spotLossUsd, seconds, movementSeconds } = forecast
  const training = seconds - movementSeconds
  const share = training <= 0 ? 0 : Math.min(1, plannedSeconds / training)
  return share * (egressUsd + storageUsd + spotLossUsd)
}
