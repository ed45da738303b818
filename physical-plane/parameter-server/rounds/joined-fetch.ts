// One fetch that several may wait for: nothing that is large is brought over a thin link twice. Each waits with a signal
// of its own; the fetch is broken off with the last of them.
import { CloudlessError } from '#runtime/errors.ts'
import { unlessAborted } from '#runtime/unless-aborted.ts'

export class JoinedFetch<T> {
  /** Where it comes from. */
  readonly region: string
  /** When it came to its end, whichever. */
  readonly over: Promise<void>
  readonly #life = new AbortController()
  readonly #result: Promise<T>
  #waiting = 0

  /** Begins at once; `wait` in the same turn. */
  constructor(region: string, fetch: (signal: AbortSignal) => Promise<T>) {
    this.region = region
    this.#result = fetch(this.#life.signal)
    this.over = this.#result.then(
      () => {},
      () => {},
    )
  }

  /** Nobody waited any more. */
  get isGivenUp(): boolean {
    return this.#life.signal.aborted
  }

  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting += 1
    try {
      return await unlessAborted(this.#result, signal)
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#life.abort(unwanted)
    }
  }
}

const unwanted = new CloudlessError('cancelled', 'NOT_WANTED', 'nobody waits for this payload any more')
