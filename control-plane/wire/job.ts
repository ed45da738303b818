// A job, its plan and its progress as a client sees them.
import type { Job as WireJob } from '#proto/generated/cloudless/v1/Job.ts'
import type { Plan as WirePlan } from '#proto/generated/cloudless/v1/Plan.ts'
import type { RoundTotals } from '#control-plane/model/history.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { keptJobOf, resumptionOf } from '#control-plane/model/resumption.ts'
import type { PartitionProgress } from '#control-plane/model/snapshot.ts'
import { wireJobState, wireOutcome } from './enums.ts'
import { encodeJobSpec, encodeObjective } from './job-spec.ts'
import { encodeProgress } from './progress.ts'
import { encodeRoundTotals } from './round.ts'

/** What is computed beside the job itself. */
export type JobStatus = {
  readonly job: Job
  /** Last change of anything shown. */
  readonly revision: number
  readonly costUsd: number
  readonly progress: JobProgress
}

export type JobProgress = {
  readonly fraction: number
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly loss: number
  readonly rounds: number
  readonly wanBytes: number
  readonly partitions: readonly PartitionProgress[]
  readonly roundTotals: readonly RoundTotals[]
}

export function encodeJob({ job, revision, costUsd, progress }: JobStatus): WireJob {
  return {
    id: job.id,
    spec: encodeJobSpec(job.spec),
    state: wireJobState[job.state],
    reason: job.reason,
    plan: job.plan === null ? null : encodePlan(job.plan),
    progress: {
      ...progress,
      evaluation: job.evaluation,
      partitions: progress.partitions.map(encodeProgress),
      roundTotals: progress.roundTotals.map(encodeRoundTotals),
    },
    revision,
    createdAtMs: job.createdAtMs,
    startedAtMs: job.startedAtMs ?? 0,
    firstStepAtMs: job.firstStepAtMs ?? 0,
    endedAtMs: job.endedAtMs ?? 0,
    costUsd,
    resumptions: resumptionOf(job),
    resumableUntilMs: keptJobOf(job)?.untilMs ?? 0,
    prunedRegions: job.addressBook.peers
      .filter(({ isPruned }) => isPruned)
      .map(({ region }) => region)
      .sort(),
    idle: [...(job.resumption?.idle ?? [])],
  }
}

export function encodePlan(plan: Plan): WirePlan {
  return {
    ...plan,
    outcome: wireOutcome[plan.outcome],
    objective: encodeObjective(plan.objective),
    partitions: plan.partitions.map((partition) => ({
      ...partition,
      allocations: partition.allocations.map(({ gpuShare, ...rest }) => ({ ...rest, ...gpuShare })),
      dataRegions: [...partition.dataRegions],
    })),
    movements: plan.movements.map(({ from, to, ...rest }) => ({ fromRegion: from, toRegion: to, ...rest })),
    reasons: plan.reasons.map((reason) => ({ ...reason, figures: { ...reason.figures } })),
    alternatives: [...plan.alternatives],
    bound:
      plan.bound === null
        ? null
        : { atLeast: plan.bound.atLeast, gap: plan.bound.gap, provedOptimal: plan.bound.isProvedOptimal },
  }
}
