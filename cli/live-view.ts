// A block of text that redraws in place on a terminal. Only moves over lines it wrote itself, so that what stood above
// stays, and cuts lines at the terminal's width, since a wrapped line would break the count.
import { stripVTControlCharacters } from 'node:util'
import type { Output } from './output.ts'

export type LiveView = { draw(text: string): void; end(): void }

export function openLiveView(output: Pick<Output, 'raw' | 'columns'>): LiveView {
  let linesShown = 0
  output.raw('\u001B[?25l')
  return {
    draw: (text) => {
      const lines = text.split('\n').map((line) => cut(line, output.columns - 1))
      const up = linesShown > 0 ? `\u001B[${linesShown}A` : ''
      output.raw(`${up}\r\u001B[J${lines.join('\n')}\n`)
      linesShown = lines.length
    },
    end: () => output.raw('\u001B[?25h'),
  }
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
