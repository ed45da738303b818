// A job's changes as one stream that outlives a control plane's restart: opened anew from the last revision seen.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from './config.ts'
import type { JobClient } from './services.ts'

export type WatchOptions = {
  readonly jobs: Pick<JobClient, 'watchJob'>
  readonly id: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told once each time the control plane goes away. */
  readonly onAway: (text: string) => void
}

/** Ends after the job's last change, or when `signal` is aborted. */
export async function* watchJob(options: WatchOptions): AsyncGenerator<Job__Output> {
  const { jobs, id, clock, signal } = options
  let revision = 0
  let awaySinceMs: number | null = null
  while (!signal.aborted) {
    try {
      const request = { id, startRevision: revision }
      for await (const { job } of jobs.watchJob(request, { signal, deadlineMs: waits.streamDeadlineMs })) {
        if (job === null || job.revision <= revision) continue
        awaySinceMs = null
        revision = job.revision
        yield job
        if (hasEnded(job)) return
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof CloudlessError) || !passing.has(error.kind)) throw error
      const nowMs = clock.monotonicMs()
      if (error.kind !== 'deadline') {
        if (awaySinceMs === null) options.onAway(`the control plane is away (${error.message}); waiting for it`)
        awaySinceMs ??= nowMs
        if (nowMs - awaySinceMs > waits.reconnectForMs) throw error
      }
    }
    await clock.sleep(waits.reconnectEveryMs, signal)
  }
}

/** Kinds that another try may cure. A server that stops cancels its streams. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'deadline', 'cancelled'])

export function hasEnded(job: Pick<Job__Output, 'state'>): boolean {
  return job.state === 'JOB_STATE_SUCCEEDED' || job.state === 'JOB_STATE_FAILED' || job.state === 'JOB_STATE_CANCELLED'
}
