// Tables without borders: columns two spaces apart, numbers to the right, the head dimmed on a terminal. Piped, a
// table is the same plain text, so that `cut` and `awk` work on it.
import Table from 'cli-table3'
import type { Style } from './output.ts'

export type Column = { readonly head: string; readonly align?: 'left' | 'right' }

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, 'dim'>,
): string {
  const table = new Table({
    head: columns.map((column) => style.dim(column.head.toUpperCase())),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: borderless,
  })
  table.push(...rows.map((row) => row.map(oneLine)))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Text from elsewhere must not break the table or drive the terminal. */
function oneLine(text: string): string {
  // The style's own colour sequences (ESC [ … m) stay.
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  return text.replace(/\s+/g, ' ').replace(/\u001B(?!\[[0-9;]*m)|[\u0000-\u001A\u001C-\u001F\u007F]/g, '')
}

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}
