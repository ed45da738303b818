// What the exit status of `cloudless` says. Scripts depend on it: add, never change.
import type { ErrorKind } from '#runtime/errors.ts'

export const exitCodes = {
  ok: 0,
  /** The job, or the operation, failed. */
  failed: 1,
  /** Wrong command line, or a request with a wrong field. */
  usage: 2,
  notFound: 3,
  /** No control plane, no answer in time, or a limit reached: trying later may help. */
  unavailable: 4,
  /** The state does not allow this. */
  conflict: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const ofKind: Readonly<Record<ErrorKind, ExitCode>> = {
  invalid: exitCodes.usage,
  'not-found': exitCodes.notFound,
  'already-exists': exitCodes.conflict,
  conflict: exitCodes.conflict,
  exhausted: exitCodes.unavailable,
  unavailable: exitCodes.unavailable,
  cancelled: exitCodes.interrupted,
  deadline: exitCodes.unavailable,
  internal: exitCodes.failed,
}

export function exitCodeOf(kind: ErrorKind): ExitCode {
  return ofKind[kind]
}
