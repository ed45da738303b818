// A running job as a problem of its own: the samples that are left, each partition's data where the partition is now, the
// units that it holds counted as free, and its speeds as they were measured there.
import type { Job, JobSpec, Shard } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { ThroughputOf } from '../throughput.ts'
import { observationsOff } from './config.ts'
import { plannedSpeed } from './observe.ts'
import { samplesLeft } from './rest.ts'
import type { ElasticState } from './state.ts'

export type WorkLeft = {
  /** One epoch of what is left, in one shard per partition, in the place of the partition. */
  readonly spec: JobSpec
  /** 0 to 1, by samples. */
  readonly share: number
}

/** Null when nothing is left. */
export function workLeft(job: Job, plan: Plan, instances: readonly Instance[]): WorkLeft | null {
  const shards = plan.partitions.flatMap((partition): Shard[] => {
    const left = samplesLeft(job, partition, instances)
    return left === 0 ? [] : [shardOf(job.spec, partition, left)]
  })
  if (shards.length === 0) return null
  const all = plan.partitions.reduce((sum, { samples }) => sum + job.spec.training.epochs * samples, 0)
  const left = shards.reduce((sum, { samples }) => sum + samples, 0)
  const spec = { ...job.spec, shards, training: { ...job.spec.training, epochs: 1 } }
  return { spec, share: left / all }
}

/**
 * By place, how fast the job's units are there, over what is known of their models everywhere: as measured once that has been
 * done some times, and as planned until then, because a burst or a hiccup is no speed.
 */
export function pacesOf(plan: Plan, { speeds }: ElasticState, throughput: ThroughputOf): ReadonlyMap<string, number> {
  return new Map(
    plan.partitions.map((partition) => {
      const measured = speeds[partition.region]
      const isKnown = measured !== undefined && measured.observations >= observationsOff
      const speed = isKnown ? measured.compute : plannedSpeed(partition)
      const elsewhere = partition.allocations.reduce(
        (sum, { units, deviceModel }) => sum + units * (throughput(deviceModel)?.samplesPerSecond ?? 0),
        0,
      )
      return [partition.place, elsewhere > 0 ? clamped(speed / elsewhere) : 1]
    }),
  )
}

/** Nothing is decided on figures that can hardly be true. */
function clamped(ratio: number): number {
  return Math.min(1_000, Math.max(0.001, ratio))
}

/** All data of a partition as one shard: it may go where all of its parts may. */
function shardOf(spec: JobSpec, { place, dataRegions }: Partition, samples: number): Shard {
  const parts = spec.shards.filter(({ region }) => dataRegions.includes(region))
  const [first, ...others] = parts.map(({ mayMoveTo }) => mayMoveTo)
  const mayMoveTo = (first ?? []).filter((pattern) => others.every((patterns) => patterns.includes(pattern)))
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return { region: place, uri: '', samples, bytes, mayMoveTo }
}
