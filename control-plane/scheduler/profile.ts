// A first plan for a job of whose speed nothing is known but what the catalogue says of devices: one unit of each class that it
// may use, where the plan proper would train, for as long as it takes to see how fast each is (elastic/profiled.ts ends it).
// Only where that may change the plan, and where a wrong plan would last so long that the detour pays.
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Allocation, Partition, Plan } from '#control-plane/model/plan.ts'
import { profiledClassesMax, profileWorthSeconds } from './config.ts'
import { feasible } from './feasible.ts'
import { unitsFor } from './free-units.ts'
import type { PlaceContext } from './place-job.ts'
import type { DeviceOffer } from './policy.ts'
import { throughputFor } from './throughput.ts'

/** The plan itself where there is nothing to learn. */
export function profileFirst({ snapshot, index, units: all, held }: PlaceContext, spec: JobSpec, plan: Plan): Plan {
  const { forecast } = plan
  if (plan.outcome !== 'placed' || forecast?.throughputSource !== 'nominal') return plan
  // Workers in step with each other are all as fast as the slowest; and a policy that takes everything has no use for it.
  if (spec.training.workerMode !== 'asynchronous' || spec.policy === 'use-everything') return plan
  if (forecast.seconds < profileWorthSeconds) return plan
  const throughput = throughputFor(spec, snapshot.throughput, index)
  const units = unitsFor(all, spec.resources.gpuShare)
  const partitions = plan.partitions.map((partition): Partition => {
    const found = feasible({ spec, index, units, held, throughput }, partition.place)
    if (found.kind !== 'place') return partition
    const allocations = found.place.devices
      .toSorted((a, b) => usdPerSample(a) - usdPerSample(b) || (a.key < b.key ? -1 : 1))
      .slice(0, Math.min(profiledClassesMax, found.place.unitsMax))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(oneUnit)
    const samplesPerSecond = allocations.reduce((sum, each) => sum + each.samplesPerSecondPerUnit, 0)
    return { ...partition, allocations, loadPower: samplesPerSecond / partition.samples }
  })
  const classes = new Set(partitions.flatMap(({ allocations }) => allocations.map(({ deviceModel }) => deviceModel)))
  // Of one model regions differ by what they have, not by what it can do.
  if (classes.size < 2) return plan
  const cause = `for a short while one unit of each of ${[...classes].sort().join(', ')}: how fast they are is not known yet`
  return { ...plan, partitions, cause, isProfile: true }
}

function usdPerSample({ usdPerUnitHour, samplesPerSecondPerUnit }: DeviceOffer): number {
  return usdPerUnitHour / samplesPerSecondPerUnit
}

function oneUnit({ key: _, unitsFree: __, ...device }: DeviceOffer): Allocation {
  return { ...device, units: 1 }
}
