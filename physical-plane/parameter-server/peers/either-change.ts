// Waits for the first of several things to change, and leaves no waiter behind at the others.
import type { ChangeSignal } from '../change-signal.ts'

export type Wakeable = Pick<ChangeSignal, 'wait'>

/** Resolves at the next change of any of them; rejects with the signal's reason. */
export async function eitherChange(sources: readonly Wakeable[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const over = new AbortController()
  const stop = (): void => over.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race(sources.map((source) => source.wait(over.signal)))
  } finally {
    signal.removeEventListener('abort', stop)
    over.abort()
  }
}
