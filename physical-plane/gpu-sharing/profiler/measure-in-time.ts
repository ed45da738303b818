// A measure that answers in time or not at all: programs under test hang, and a search must not hang with them.
import type { Clock } from '#runtime/clock.ts'
import { probeTimeoutMs } from './config.ts'
import type { Configuration, Measure, Measurement } from './measure.ts'
import { probeFailed } from './probe-error.ts'

/** Late ones are told to stop by their signal, and not waited for. */
export function measureInTime(measure: Measure, clock: Clock, timeoutMs: number = probeTimeoutMs): Measure {
  return async (configuration: Configuration, signal: AbortSignal): Promise<Measurement | null> => {
    const stop = new AbortController()
    const ended = Promise.withResolvers<never>()
    const end = (kind: 'deadline' | 'cancelled', because: string): void => {
      ended.reject(probeFailed(configuration, kind, because))
      stop.abort()
    }
    const onAbort = (): void => end('cancelled', 'was cancelled')
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const timer = clock.after(timeoutMs, () => end('deadline', `gave no answer in ${timeoutMs} ms`))
    try {
      return await Promise.race([ended.promise, measure(configuration, stop.signal)])
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }
}
