// What is to be said to one agent. Everything on this stream replaces what was said before of the same kind, so only
// the newest of each waits, and a slow agent costs no memory.
import type { ConnectResponse } from '#proto/generated/cloudless/v1/ConnectResponse.ts'

export class Outbox {
  readonly #waiting = new Map<string, ConnectResponse>()
  #wake: (() => void) | null = null
  #end: { readonly error: unknown } | null = null

  put(kind: string, message: ConnectResponse): void {
    if (this.#end !== null) return
    this.#waiting.set(kind, message)
    this.#wake?.()
  }

  /** No more messages; those that wait are still given out, then the error is thrown, if there is one. */
  end(error: unknown = null): void {
    this.#end ??= { error }
    this.#wake?.()
  }

  async *messages(): AsyncGenerator<ConnectResponse, void> {
    for (;;) {
      const next = this.#waiting.entries().next()
      if (next.done !== true) {
        const [kind, message] = next.value
        this.#waiting.delete(kind)
        yield message
      } else if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = null
      }
    }
  }
}
