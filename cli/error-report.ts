// How a failure reads: what happened, each wrong field on its line, and what to do. Bugs keep their stack; errors that
// a person can act on do not.
import { CloudlessError, messageOf, type ErrorKind } from '#runtime/errors.ts'
import type { Style } from './output.ts'

export type ErrorReport = {
  readonly kind: ErrorKind
  readonly reason: string
  readonly message: string
  readonly violations: readonly { readonly field: string; readonly description: string }[]
}

export function errorReport(error: unknown): ErrorReport {
  if (error instanceof CloudlessError) {
    return { kind: error.kind, reason: error.reason, message: error.message, violations: error.violations }
  }
  return { kind: 'internal', reason: 'BUG', message: messageOf(error), violations: [] }
}

export function renderError(error: unknown, style: Pick<Style, 'red' | 'bold' | 'dim'>): string {
  const report = errorReport(error)
  const lines = [`${style.red(style.bold('error:'))} ${headline(report)}`]
  for (const { field, description } of report.violations) lines.push(`  ${style.bold(field)}: ${description}`)
  const hint = hintFor(report)
  if (hint !== null) lines.push(`${style.dim('hint:')} ${hint}`)
  if (report.reason === 'BUG' && error instanceof Error && error.stack !== undefined) lines.push(style.dim(error.stack))
  return lines.join('\n')
}

/** The message of `invalid()` repeats its violations, which follow on their own lines. */
function headline(report: ErrorReport): string {
  const listed = report.violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
  if (report.violations.length === 0 || report.message !== listed) return report.message
  return report.violations.length === 1 ? 'one field is wrong' : `${report.violations.length} fields are wrong`
}

const hintsByReason: Readonly<Record<string, string>> = {
  BUG: 'this is a bug of cloudless; please report it with the lines below',
  NO_SERVER: 'start a cluster on this computer with `cloudless up --detach`, or name one with --server HOST:PORT',
  NO_CATALOGUE: 'name a folder or a YAML file; the one that comes along is "bundled"',
  NO_PINNED_CATALOGUE: '`cloudless catalog list` lists those that are kept',
  NO_SUCH_REGION: '`cloudless catalog show` lists the regions',
  UNKNOWN_REGION: '`cloudless regions` lists the regions',
}

function hintFor(report: ErrorReport): string | null {
  const byReason = hintsByReason[report.reason]
  if (byReason !== undefined) return byReason
  return hintsByKind[report.kind] ?? null
}

const hintsByKind: Readonly<Partial<Record<ErrorKind, string>>> = {
  deadline: 'is the control plane running, and is the address right? `cloudless regions` tells',
  'not-found': '`cloudless jobs` lists the jobs',
}
