// A job's changes as one stream that outlives a control plane's restart: opened anew from the last revision seen.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from './config.ts'
import type { JobClient } from './services.ts'
import { formatSeconds } from './units.ts'

export type WatchOptions = {
  readonly jobs: Pick<JobClient, 'watchJob'>
  readonly id: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told once each time the control plane goes away, and once when it is back. */
  readonly onAway: (why: string) => void
  readonly onBack?: () => void
}

/** Ends after the job's last change, or when `signal` is aborted. */
export async function* watchJob(options: WatchOptions): AsyncGenerator<Job__Output> {
  const { jobs, id, clock, signal } = options
  let revision = 0
  let awaySinceMs: number | null = null
  while (!signal.aborted) {
    try {
      // One that was away says at once how the job stands, so that it is known to be back.
      const request = { id, startRevision: awaySinceMs === null ? revision : 0 }
      for await (const { job } of jobs.watchJob(request, { signal, deadlineMs: waits.streamDeadlineMs })) {
        if (awaySinceMs !== null) options.onBack?.()
        awaySinceMs = null
        if (job === null || job.revision <= revision) continue
        revision = job.revision
        yield job
        if (hasEnded(job)) return
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof CloudlessError) || !passing.has(error.kind)) throw error
      const nowMs = clock.monotonicMs()
      if (error.kind !== 'deadline') {
        if (awaySinceMs === null) options.onAway(error.message)
        awaySinceMs ??= nowMs
        if (nowMs - awaySinceMs > waits.reconnectForMs) throw givenUp(id, error)
      }
    }
    await clock.sleep(waits.reconnectEveryMs, signal)
  }
}

function givenUp(id: string, cause: CloudlessError): CloudlessError {
  const text = `giving up: the control plane is away for ${formatSeconds(waits.reconnectForMs / 1000)} (${cause.message}); the job may go on, \`cloudless status ${id} --watch\` shows it again`
  return new CloudlessError('unavailable', 'CONTROL_PLANE_AWAY', text, { cause })
}

/** Kinds that another try may cure. A server that stops cancels its streams. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'deadline', 'cancelled'])

export function hasEnded(job: Pick<Job__Output, 'state'>): boolean {
  return job.state === 'JOB_STATE_SUCCEEDED' || job.state === 'JOB_STATE_FAILED' || job.state === 'JOB_STATE_CANCELLED'
}
