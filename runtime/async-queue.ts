// A bounded queue between code that produces when it likes and a loop that reads with `for await`. A full queue makes
// the producer wait (`push`) or tells it so (`offer`): it never grows beyond its limit. Values still come out in order
// after `end` and `fail`; when the reader leaves its loop the queue closes and producers hear of it.
import { assert } from './assert.ts'
import { CloudlessError } from './errors.ts'

type WaitingReader<T> = {
  readonly give: (result: IteratorResult<T, undefined>) => void
  readonly refuse: (error: unknown) => void
}
type WaitingWriter<T> = { readonly value: T; readonly accept: () => void; readonly refuse: (error: unknown) => void }

export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #limit: number
  readonly #values: T[] = []
  readonly #readers: WaitingReader<T>[] = []
  readonly #writers: WaitingWriter<T>[] = []
  #state: 'open' | 'ended' | 'failed' = 'open'
  #error: unknown

  constructor(options: { readonly limit: number }) {
    assert(Number.isInteger(options.limit), `queue limit ${options.limit} is not an integer`)
    assert(options.limit > 0, `queue limit ${options.limit} is not positive`)
    this.#limit = options.limit
  }

  /** Values that wait to be read. */
  get length(): number {
    return this.#values.length
  }

  get isClosed(): boolean {
    return this.#state !== 'open'
  }

  /** Resolves once the value is in the queue; rejects with QUEUE_CLOSED when the queue closes before that. */
  push(value: T): Promise<void> {
    if (this.offer(value)) return Promise.resolve()
    if (this.isClosed) return Promise.reject(closed())
    return new Promise((accept, refuse) => this.#writers.push({ value, accept, refuse }))
  }

  /** Takes the value if there is room at once; false when the queue is full or closed. */
  offer(value: T): boolean {
    if (this.isClosed) return false
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader.give({ done: false, value })
      return true
    }
    if (this.#values.length >= this.#limit) return false
    this.#values.push(value)
    return true
  }

  /** No more values. Those in the queue are still read. */
  end(): void {
    this.#close('ended', undefined)
  }

  /** As `end`, and the reader then gets the error. */
  fail(error: unknown): void {
    this.#close('failed', error)
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#values.length = 0
        this.#close('ended', undefined)
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) {
      const value = this.#values.shift()!
      const writer = this.#writers.shift()
      if (writer !== undefined) {
        this.#values.push(writer.value)
        writer.accept()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#state === 'open') return new Promise((give, refuse) => this.#readers.push({ give, refuse }))
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    // The error is told once; a reader that asks again finds the end, as with a generator that threw.
    this.#state = 'ended'
    return Promise.reject(this.#error)
  }

  #close(state: 'ended' | 'failed', error: unknown): void {
    if (this.isClosed) return
    this.#state = state
    this.#error = error
    for (const writer of this.#writers.splice(0)) writer.refuse(closed())
    for (const reader of this.#readers.splice(0)) {
      if (state === 'failed') reader.refuse(error)
      else reader.give({ done: true, value: undefined })
    }
  }
}

function closed(): CloudlessError {
  return new CloudlessError('cancelled', 'QUEUE_CLOSED', 'the queue was closed by its reader or writer')
}
