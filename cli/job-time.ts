// A job's own time: since its start, without what lies between an end and the resumption after it. Wall-clock labels of
// rounds, evaluations and events become points on it.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'

type TimedJob = Pick<Job__Output, 'createdAtMs' | 'startedAtMs' | 'idle'>

/** When it was placed; of a job that never was, when it was made. */
export function startOf({ startedAtMs, createdAtMs }: TimedJob): number {
  return startedAtMs > 0 ? startedAtMs : createdAtMs
}

/** How long the job stood still between its start and then. */
export function idleMsUntil(job: TimedJob, atMs: number): number {
  const startMs = startOf(job)
  return job.idle.reduce((total, { fromMs, untilMs }) => {
    return total + Math.max(0, Math.min(untilMs, atMs) - Math.max(fromMs, startMs))
  }, 0)
}

/** The label as it were had the job never stood still. */
export function withoutIdle(job: TimedJob, atMs: number): number {
  return atMs - idleMsUntil(job, atMs)
}
