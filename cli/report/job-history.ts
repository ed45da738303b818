// All that a report is made of, fetched once.
import { present } from '#runtime/assert.ts'
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { allEvaluations, allEvents, allRounds } from '../history.ts'
import { withoutIdle } from '../job-time.ts'
import type { Services } from '../services.ts'

export type JobHistory = {
  readonly job: Job__Output
  readonly cost: CostReport__Output
  /** In ascending order of (region, number). */
  readonly rounds: readonly Round__Output[]
  /** Oldest first. */
  readonly evaluations: readonly Evaluation__Output[]
  readonly events: readonly InstanceEvent__Output[]
  readonly readAtMs: number
}

export async function fetchHistory(
  { jobs, costs }: Pick<Services, 'jobs' | 'costs'>,
  jobId: string,
  readAtMs: number,
  signal: AbortSignal,
): Promise<JobHistory> {
  const [job, cost, rounds, evaluations, events] = await Promise.all([
    jobs.getJob({ id: jobId }, { signal }),
    costs.getJobCost({ jobId }, { signal }),
    allRounds(jobs, jobId, '', signal),
    allEvaluations(jobs, jobId, signal),
    allEvents(jobs, jobId, signal),
  ])
  return {
    job: present(job.job, 'job in the answer to GetJob'),
    cost: present(cost.report, 'report in the answer to GetJobCost'),
    rounds,
    evaluations,
    events,
    readAtMs,
  }
}

/** The same on the job's own time, which stands still while the job does. */
export function withoutPauses(history: JobHistory): JobHistory {
  const { job, rounds, evaluations, events, readAtMs } = history
  const own = <T extends { readonly atMs: number }>(rows: readonly T[]): readonly T[] =>
    rows.map((row) => ({ ...row, atMs: withoutIdle(job, row.atMs) }))
  return {
    ...history,
    job: { ...job, endedAtMs: job.endedAtMs > 0 ? withoutIdle(job, job.endedAtMs) : 0 },
    rounds: own(rounds),
    evaluations: own(evaluations),
    events: own(events),
    readAtMs: withoutIdle(job, readAtMs),
  }
}
