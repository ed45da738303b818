// A job with its progress, computed from what its partitions report.
import type { RoundTotals } from '#control-plane/model/history.ts'
import type { Job } from '#control-plane/model/job.ts'
import { partitionsProgress } from '#control-plane/model/partition-progress.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { JobRecord } from '#control-plane/store/store.ts'
import type { JobProgress, JobStatus } from '#control-plane/wire/job.ts'

export function jobStatus({ job, touched, costUsd, instances, roundTotals }: JobRecord): JobStatus {
  return { job, revision: touched, costUsd, progress: jobProgress(job, instances, roundTotals) }
}

export function jobProgress(
  job: Job,
  instances: readonly Instance[],
  roundTotals: readonly RoundTotals[],
): JobProgress {
  const partitions = partitionsProgress(instances)
  const sum = (value: (partition: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, partition) => total + value(partition), 0)
  const samplesTotal = job.spec.shards.reduce((total, { samples }) => total + samples, 0) * job.spec.training.epochs
  const samplesDone = sum((partition) => partition.samplesDone)
  const trained = partitions.filter((partition) => partition.steps > 0 && partition.samplesDone > 0)
  const weight = trained.reduce((total, { samplesDone: samples }) => total + samples, 0)
  const weightedLoss = trained.reduce((total, { loss, samplesDone: samples }) => total + loss * samples, 0)
  return {
    fraction: samplesTotal > 0 ? Math.min(1, samplesDone / samplesTotal) : 0,
    samplesDone,
    samplesTotal,
    loss: weight > 0 ? weightedLoss / weight : Number.NaN,
    // Regions count the same rounds, so the furthest one says how many there were.
    rounds: Math.max(0, ...partitions.map(({ rounds }) => rounds)),
    wanBytes: sum(({ wanBytesSent }) => wanBytesSent),
    partitions,
    roundTotals,
  }
}
