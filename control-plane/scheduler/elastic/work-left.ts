// A running job as a problem of its own: the samples that are left, each partition's data where the partition is now, the
// units that it holds counted as free, and speeds as they were measured there.
import type { Job, JobSpec, Shard } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import { observationsOff } from './config.ts'
import { plannedSpeed, speedKey } from './observe.ts'
import type { ElasticState } from './state.ts'

export type WorkLeft = {
  /** One epoch of what is left, in one shard per partition, in the place of the partition. */
  readonly spec: JobSpec
  /** 0 to 1, by samples. */
  readonly share: number
  /** Measured over planned speed, by place; 1 where it is as planned. */
  readonly paceOf: ReadonlyMap<string, number>
}

/** Null when nothing is left. */
export function workLeft(job: Job, plan: Plan, instances: readonly Instance[], { off }: ElasticState): WorkLeft | null {
  const paceOf = new Map<string, number>()
  let all = 0
  const shards = plan.partitions.flatMap((partition): Shard[] => {
    const server = instances.find(
      (instance) =>
        instance.role === 'parameter-server' && instance.partition === partition.region && !instance.isReleased,
    )
    const progress = server?.progress ?? null
    const total = job.spec.training.epochs * partition.samples
    const left = Math.max(0, total - (progress?.samplesDone ?? 0))
    all += total
    // A burst or a hiccup is no speed.
    const isOff = (off[speedKey(partition.region)] ?? 0) >= observationsOff
    const pace = isOff && progress !== null ? progress.samplesPerSecond / plannedSpeed(partition) : 1
    paceOf.set(partition.place, clamped(pace))
    return left === 0 ? [] : [shardOf(job.spec, partition, left)]
  })
  if (shards.length === 0) return null
  const left = shards.reduce((sum, { samples }) => sum + samples, 0)
  const spec = { ...job.spec, shards, training: { ...job.spec.training, epochs: 1 } }
  return { spec, share: left / all, paceOf }
}

/** Nothing is decided on figures that can hardly be true. */
function clamped(ratio: number): number {
  return Math.min(5, Math.max(0.2, ratio))
}

/** All data of a partition as one shard: it may go where all of its parts may. */
function shardOf(spec: JobSpec, { place, dataRegions }: Partition, samples: number): Shard {
  const parts = spec.shards.filter(({ region }) => dataRegions.includes(region))
  const [first, ...others] = parts.map(({ mayMoveTo }) => mayMoveTo)
  const mayMoveTo = (first ?? []).filter((pattern) => others.every((patterns) => patterns.includes(pattern)))
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return { region: place, uri: '', samples, bytes, mayMoveTo }
}
