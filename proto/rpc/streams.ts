// Streams as async iterables, with two promises that Node's own do not make together: an aborted signal ends every wait
// at once, and no more than a few messages are encoded ahead of the network, however large they are.
import type { Writable } from 'node:stream'
import { writesInFlightMax } from './config.ts'

/** The promise, or the signal's reason as soon as it is aborted. Leaves no listener behind on a long-lived signal. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Reads until the end or the abort. Leaving early closes the source without waiting for it: it may hang in an await. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let isOver = false
  try {
    for (;;) {
      const next = await abortable(iterator.next(), signal)
      if (next.done === true) {
        isOver = true
        return
      }
      yield next.value
    }
  } finally {
    if (!isOver) iterator.return?.()?.then(undefined, () => {})
  }
}

/** Writes every message; waits while `writesInFlightMax` of them are not yet taken by the network. */
export async function writeAll<T>(
  messages: AsyncIterable<T>,
  stream: Writable,
  encode: (message: T) => Buffer,
  signal: AbortSignal,
): Promise<void> {
  const pending: { count: number; onTaken: () => void } = { count: 0, onTaken: () => {} }
  for await (const message of untilAborted(messages, signal)) {
    pending.count += 1
    stream.write(encode(message), () => {
      pending.count -= 1
      pending.onTaken()
    })
    if (pending.count < writesInFlightMax) continue
    await abortable(new Promise<void>((resolve) => (pending.onTaken = resolve)), signal)
  }
}

/** One message as a stream, for sources that are already at hand. */
export async function* from<T>(values: Iterable<T>): AsyncGenerator<T, undefined> {
  yield* values
}
