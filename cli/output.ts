// Everything `cloudless` prints goes through here. Results go to standard output, all else to standard error, so that
// `--json` leaves one value a line on standard output whatever happens beside it.
import pc from 'picocolors'
import type { Clock } from '#runtime/clock.ts'
import { wireToJson } from './json.ts'
import { openProgress, type Progress } from './progress.ts'

export type Stream = {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(data: string | Uint8Array): unknown
}

export type Style = ReturnType<typeof pc.createColors>

export type OutputOptions = {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly clock: Clock
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly colours: boolean
}

export type Output = {
  readonly style: Style
  readonly isJson: boolean
  /** A person watches standard output: redrawing in place makes sense. */
  readonly isLive: boolean
  readonly columns: number
  /** Of the terminal; without one there is no end. */
  readonly rows: number
  /** The command's result: with --json the value, else the text. */
  result(value: unknown, text: () => string): void
  /** Raw bytes of a log; with --json the value. */
  bytes(value: unknown, data: Uint8Array): void
  /** What is going on meanwhile; silenced by --quiet. */
  note(text: string): void
  /** Something to know even with --quiet. */
  warn(text: string): void
  /** Text with cursor control, for live views. */
  raw(text: string): void
  /** A bar on a terminal, now and then a line elsewhere. */
  progress(title: string, total: number, format: (value: number) => string): Progress
}

export function openOutput(options: OutputOptions): Output {
  const { stdout, stderr, isJson, isQuiet } = options
  const style = pc.createColors(options.colours)
  const note = (text: string): void => {
    if (!isQuiet) stderr.write(`${text}\n`)
  }
  return {
    style,
    isJson,
    isLive: stdout.isTTY === true && !isJson && !isQuiet,
    // Asked each time: a window changes its size.
    get columns() {
      return stdout.columns ?? 100
    },
    get rows() {
      return stdout.rows ?? Number.POSITIVE_INFINITY
    },
    result: (value, text) => {
      stdout.write(isJson ? `${JSON.stringify(wireToJson(value))}\n` : withNewline(text()))
    },
    bytes: (value, data) => {
      if (isJson) stdout.write(`${JSON.stringify(wireToJson(value))}\n`)
      else stdout.write(data)
    },
    note,
    warn: (text) => {
      stderr.write(`${style.yellow('warning:')} ${text}\n`)
    },
    raw: (text) => {
      stdout.write(text)
    },
    progress: (title, total, format) =>
      openProgress({
        title,
        total,
        format,
        clock: options.clock,
        note,
        isTerminal: stderr.isTTY === true && !isQuiet && !isJson,
      }),
  }
}

/** Colours only on a terminal, and not where NO_COLOR is set (no-color.org) or asked not to. */
export function wantsColours(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
  isRefused: boolean,
): boolean {
  if (isRefused || (environment['NO_COLOR'] ?? '') !== '') return false
  return isTerminal && environment['TERM'] !== 'dumb'
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
