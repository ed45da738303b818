// Live progress of the demo's job: the full view redrawn on a terminal, a line now and then elsewhere.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import type { Context } from '../context.ts'
import { enumWord } from '../json.ts'
import { awayNews } from '../follow-job.ts'
import { openLiveJob } from '../live-job.ts'
import { evaluationText } from '../render/job.ts'
import type { JobClient } from '../services.ts'
import { formatBytes, formatFigure } from '../units.ts'
import { watchJob } from '../watch-job.ts'

export async function showTraining(context: Context, jobs: JobClient, id: string): Promise<Job__Output> {
  const { output, clock, signal } = context
  const view = output.isLive ? openLiveJob(output, clock) : null
  const lines = view === null ? output.progress('training', 1, () => '') : null
  let last: Job__Output | null = null
  let stateShown = ''
  try {
    for await (const job of watchJob({ jobs, id, clock, signal, ...awayNews(output, view) })) {
      last = job
      view?.show(job)
      if (view !== null) continue
      if (job.state !== stateShown) output.note(`${enumWord(job.state)}${job.reason === '' ? '' : `: ${job.reason}`}`)
      stateShown = job.state
      const { progress } = job
      if (progress === null || progress.samplesDone === 0) continue
      const text = [
        `loss ${formatFigure(progress.loss)}`,
        evaluationText(progress.evaluation),
        formatBytes(progress.wanBytes),
      ]
      lines?.update(progress.fraction, text.filter((part) => part !== '').join('  '))
    }
  } finally {
    view?.end()
    lines?.stop()
  }
  return present(last, `state of job ${id}`)
}
