// When a profile has shown what it was made for, and the plan proper that follows: as long as the speed of every class that it
// tries is known, or it has lasted long enough that waiting for the rest costs more than it tells.
import { unitName } from '#control-plane/model/gpu-share.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { throughputKey, type Snapshot } from '#control-plane/model/snapshot.ts'
import { figure } from '../policy.ts'
import { profileMs, profileStartMs } from './config.ts'

export function hasShownEnough(snapshot: Snapshot, { spec, startedAtMs, firstStepAtMs }: Job, plan: Plan): boolean {
  const { nowMs, throughput } = snapshot
  const { bundleDigest } = spec.function
  if (modelsOf(plan).every((model) => throughput.has(throughputKey(bundleDigest, model)))) return true
  if (firstStepAtMs !== null) return nowMs - firstStepAtMs >= profileMs
  return nowMs - (startedAtMs ?? nowMs) >= profileStartMs
}

/** One sentence with the figures. */
export function whatItShowed({ throughput }: Snapshot, { spec }: Job, plan: Plan): string {
  const texts = modelsOf(plan).map((model) => {
    const speed = throughput.get(throughputKey(spec.function.bundleDigest, model))
    return speed === undefined ? `${model} still unknown` : `${figure(speed)} samples/s on ${model}`
  })
  return `one unit of each class was tried: ${texts.join(', ')}`
}

function modelsOf({ partitions }: Plan): readonly string[] {
  return [
    ...new Set(
      partitions.flatMap(({ allocations }) =>
        allocations.map(({ deviceModel, gpuShare }) => unitName(deviceModel, gpuShare)),
      ),
    ),
  ].sort()
}
