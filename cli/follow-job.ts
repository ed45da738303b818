// Shows a job until it ends: redrawn in place on a terminal, lines elsewhere, one JSON object per change with --json.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Context } from './context.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { openLiveJob, type LiveJob } from './live-job.ts'
import type { Output } from './output.ts'
import { renderJobLine } from './render/job.ts'
import type { JobClient } from './services.ts'
import { watchJob, type WatchOptions } from './watch-job.ts'

export async function followJob(context: Context, jobs: JobClient, id: string): Promise<ExitCode> {
  const { output, clock, signal } = context
  const view = output.isLive ? openLiveJob(output, clock) : null
  let last: Job__Output | null = null
  let lineShown = ''
  try {
    for await (const job of watchJob({ jobs, id, clock, signal, ...awayNews(output, view) })) {
      last = job
      if (view !== null) view.show(job)
      else if (output.isJson) output.result(job, () => '')
      else {
        const line = renderJobLine(job)
        if (line !== lineShown) output.result(job, () => line)
        lineShown = line
      }
    }
  } finally {
    view?.end()
  }
  if (signal.aborted) {
    output.note(
      `the job goes on; \`cloudless status ${id} --watch\` shows it again, \`cloudless cancel ${id}\` stops it`,
    )
    return exitCodes.interrupted
  }
  if (last === null)
    throw new CloudlessError('unavailable', 'NO_JOB_STATE', `the control plane sent no state of job ${id}`)
  return exitCodeOfJob(last)
}

/** In the view where there is one, else as lines of their own. */
export function awayNews(
  output: Pick<Output, 'warn' | 'note'>,
  view: LiveJob | null,
): Pick<WatchOptions, 'onAway' | 'onBack'> {
  if (view !== null) return { onAway: () => view.setAway(true), onBack: () => view.setAway(false) }
  return {
    onAway: (why) => output.warn(`the control plane is away (${why}); waiting for it`),
    onBack: () => output.note('the control plane is back'),
  }
}

export function exitCodeOfJob(job: Pick<Job__Output, 'state'>): ExitCode {
  return job.state === 'JOB_STATE_FAILED' || job.state === 'JOB_STATE_CANCELLED' ? exitCodes.failed : exitCodes.ok
}
