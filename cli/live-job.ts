// A job in a live view, redrawn in place. That the control plane is away is part of the drawing: a line written beside it
// would be overdrawn, and what stands there is then old, which has to be said.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Clock } from '#runtime/clock.ts'
import { openLiveView } from './live-view.ts'
import type { Output } from './output.ts'
import { renderJob } from './render/job.ts'
import { formatSeconds, formatTimeOfDay } from './units.ts'

export type LiveJob = {
  show(job: Job__Output): void
  /** The control plane went away, or came back. */
  setAway(isAway: boolean): void
  /** Leaves the last drawing standing, whole. */
  end(): void
}

export function openLiveJob(output: Pick<Output, 'raw' | 'columns' | 'rows' | 'style'>, clock: Clock): LiveJob {
  const view = openLiveView(output, clock)
  let shown: { readonly job: Job__Output; readonly atMs: number } | null = null
  let awaySinceMs: number | null = null
  const render = (): string => {
    const lines: string[] = []
    // First, since a small window shows the beginning.
    if (awaySinceMs !== null) {
      const away = `control plane away for ${formatSeconds((clock.monotonicMs() - awaySinceMs) / 1000)}`
      const age = shown === null ? 'waiting for it' : `figures are from ${formatTimeOfDay(shown.atMs)}`
      lines.push(output.style.yellow(`${away}; ${age}`))
    }
    if (shown !== null) lines.push(renderJob(shown.job, output.style, clock.now(), output.columns))
    return lines.join('\n')
  }
  return {
    show: (job) => {
      shown = { job, atMs: clock.now() }
      view.show(render)
    },
    setAway: (isAway) => {
      awaySinceMs = isAway ? clock.monotonicMs() : null
      view.show(render)
    },
    end: () => view.end(),
  }
}
