// Time as an argument. Only a `main.ts` makes the system clock; simulations hand in a virtual one.

export type Timer = { readonly cancel: () => void }

export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the machine's time is set. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. Use it for durations. */
  monotonicMs(): number
  /** Calls `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Resolves after `delayMs`, or at once when `signal` is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export function systemClock(): Clock {
  const after = (delayMs: number, run: () => void): Timer => {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  }
  return { now: () => Date.now(), monotonicMs: () => performance.now(), after, sleep: sleepOn(after) }
}

/** Builds `sleep` from `after`, so that every clock treats an abort alike. */
export function sleepOn(after: Clock['after']): Clock['sleep'] {
  return (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const onAbort = (): void => {
        timer.cancel()
        resolve()
      }
      const timer = after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
}
