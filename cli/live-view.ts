// A block of text that redraws in place on a terminal. Only moves over lines it wrote itself, so that what stood above
// stays, and cuts lines at the terminal's width and their number at its height, since a line that wrapped or scrolled away
// would break the count. Drawn again every second, so that a running time runs.
import { stripVTControlCharacters } from 'node:util'
import type { Clock, Timer } from '#runtime/clock.ts'
import { waits } from './config.ts'
import type { Output } from './output.ts'

export type LiveView = {
  /** Shows this from now on. */
  show(render: () => string): void
  /** Leaves the last drawing standing, whole. */
  end(): void
}

export function openLiveView(output: Pick<Output, 'raw' | 'columns' | 'rows'>, clock: Clock): LiveView {
  let linesShown = 0
  let current: (() => string) | null = null
  let timer: Timer | null = null
  const draw = (rows = output.rows): void => {
    if (current === null) return
    const lines = fit(current().split('\n'), rows - 1).map((line) => cut(line, output.columns - 1))
    const up = linesShown > 0 ? `\u001B[${linesShown}A` : ''
    output.raw(`${up}\r\u001B[J${lines.join('\n')}\n`)
    linesShown = lines.length
    timer?.cancel()
    timer = clock.after(waits.redrawMs, () => draw())
  }
  output.raw('\u001B[?25l')
  return {
    show: (render) => {
      current = render
      draw()
    },
    end: () => {
      // What stays may scroll: all of it is shown.
      draw(Number.POSITIVE_INFINITY)
      timer?.cancel()
      current = null
      output.raw('\u001B[?25h')
    },
  }
}

/** The first lines, of which the last says how many are left out. */
export function fit(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines
  const shown = Math.max(1, rows - 1)
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines; make the window higher`]
}

/** Cuts visible characters and keeps colour sequences whole. */
export function cut(line: string, width: number): string {
  if (stripVTControlCharacters(line).length <= width) return line
  let visible = 0
  let result = ''
  for (let at = 0; at < line.length;) {
    // oxlint-disable-next-line no-control-regex -- colour sequences begin with ESC
    const sequence = /^\u001B\[[0-9;]*m/.exec(line.slice(at))?.[0]
    if (sequence !== undefined) {
      result += sequence
      at += sequence.length
      continue
    }
    if (visible < width - 1) result += line[at]!
    visible += 1
    at += 1
  }
  return `${result}…`
}
