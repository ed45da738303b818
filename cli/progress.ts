// One progress bar on a terminal (cli-progress); elsewhere a line at every tenth, so that a log stays readable.
import { SingleBar } from 'cli-progress'
import type { Clock } from '#runtime/clock.ts'
import { formatPercent } from './units.ts'

export type Progress = {
  update(value: number, detail?: string): void
  /** Takes the bar away. */
  stop(): void
}

export type ProgressOptions = {
  readonly title: string
  readonly total: number
  readonly format: (value: number) => string
  readonly clock: Clock
  readonly isTerminal: boolean
  readonly note: (text: string) => void
}

/** A line is printed at each tenth, and at least this often while there is news. */
const lineEveryMs = 10_000

export function openProgress(options: ProgressOptions): Progress {
  return options.isTerminal ? openBar(options) : openLines(options)
}

function openBar(options: ProgressOptions): Progress {
  const bar = new SingleBar({
    format: `${options.title} {bar} {percentage} %  {shown}  {detail}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 20,
    linewrap: false,
    stream: process.stderr,
  })
  bar.start(Math.max(options.total, 1), 0, { shown: options.format(0), detail: '' })
  return {
    update: (value, detail = '') => bar.update(value, { shown: options.format(value), detail }),
    stop: () => bar.stop(),
  }
}

function openLines(options: ProgressOptions): Progress {
  let tenthShown = -1
  let shownAtMs = Number.NEGATIVE_INFINITY
  let textShown = ''
  return {
    update: (value, detail = '') => {
      const fraction = options.total > 0 ? Math.min(1, value / options.total) : 1
      const tenth = Math.floor(fraction * 10)
      const text = `${options.title}: ${formatPercent(fraction)}  ${options.format(value)}${detail === '' ? '' : `  ${detail}`}`
      const nowMs = options.clock.monotonicMs()
      if (text === textShown || (tenth === tenthShown && nowMs - shownAtMs < lineEveryMs)) return
      tenthShown = tenth
      shownAtMs = nowMs
      textShown = text
      options.note(text)
    },
    stop: () => {},
  }
}
