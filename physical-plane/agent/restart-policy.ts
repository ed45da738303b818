// What follows when a run has ended. Pure: the exit and the history in, the decision out.
import type { Exit } from '#physical-plane/runtime/runtime.ts'

export type AfterExit =
  | { readonly kind: 'completed' }
  | { readonly kind: 'again'; readonly failures: number; readonly because: string }
  | { readonly kind: 'failed'; readonly because: string }

export type ExitHistory = {
  readonly exit: Exit
  readonly ranMs: number
  /** Failures in a row before this one. */
  readonly failures: number
  readonly failuresMax: number
  readonly stableMs: number
  /** Why a run that ended with code 0 is not complete all the same, or why it was killed; '' when neither. */
  readonly fault: string
}

export function afterExit(history: ExitHistory): AfterExit {
  const { exit, ranMs, failuresMax, stableMs, fault } = history
  if (exit.code === 0 && fault === '') return { kind: 'completed' }
  // A run that was stable starts the count anew.
  const failures = ranMs >= stableMs ? 1 : history.failures + 1
  const how = `${fault === '' ? '' : `${fault}; `}${describeExit(exit)} after ${(ranMs / 1_000).toFixed(1)} s`
  if (failures >= failuresMax) return { kind: 'failed', because: `${how}, failure ${failures} of ${failuresMax}` }
  return { kind: 'again', failures, because: `${how}, failure ${failures} of ${failuresMax}` }
}

export function describeExit(exit: Exit): string {
  if (exit.signal !== null) return `ended by ${exit.signal}`
  return exit.code === null ? 'ended unseen' : `exit code ${exit.code}`
}

/** The last lines of a log for a person: printable, short. */
export function lastLines(log: Uint8Array, linesMax: number): string {
  const text = Buffer.from(log).toString('utf8')
  const lines = text.split(/\r?\n/).map((line) => Array.from(line).filter(isPrintable).join('').trimEnd())
  return lines
    .filter((line) => line !== '')
    .slice(-linesMax)
    .join('\n')
}

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code === 9 || (code >= 32 && code !== 127 && code !== 0xfffd)
}
