// Shows a job until it ends: redrawn in place on a terminal, lines elsewhere, one JSON object per change with --json.
import { Option } from 'commander'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Context } from './context.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { openLiveJob, type LiveJob } from './live-job.ts'
import type { Output } from './output.ts'
import { renderJobLine } from './render/job.ts'
import { fetchHistory } from './report/job-history.ts'
import { jobReport } from './report/job-report.ts'
import type { Verdict } from './report/verdict.ts'
import type { Services } from './services.ts'
import { watchJob, type WatchOptions } from './watch-job.ts'

export type FollowOptions = {
  /** A job that ended well on a part of its data counts as failed. */
  readonly isStrict: boolean
}

export async function followJob(
  context: Context,
  services: Pick<Services, 'jobs' | 'costs'>,
  id: string,
  { isStrict }: FollowOptions,
): Promise<ExitCode> {
  const { output, clock, signal } = context
  const { jobs } = services
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
  if (!isStrict) return exitCodeOfJob(last)
  const { verdict } = jobReport(await fetchHistory(services, id, clock.now(), signal))
  if (verdict.kind === 'partial') output.warn(`${verdict.text}${verdict.notes.map((note) => `; ${note}`).join('')}`)
  return exitCodeOfVerdict(verdict)
}

/** With --strict. What still runs has not failed. */
export function exitCodeOfVerdict({ kind }: Pick<Verdict, 'kind'>): ExitCode {
  return kind === 'partial' || kind === 'failed' ? exitCodes.failed : exitCodes.ok
}

export function strictOption(): Option {
  return new Option('--strict', 'exit with 1 also where a job ended well on a part of its data or as several models')
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
