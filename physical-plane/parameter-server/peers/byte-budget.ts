// Bytes that may be in use at the same time, handed out in the order of asking. What is larger than the whole budget is
// let in alone, so that nothing waits for ever.

type Waiting = { readonly bytes: number; readonly admit: () => void }

export class ByteBudget {
  readonly #limitBytes: number
  #usedBytes = 0
  #waiting: Waiting[] = []

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Resolves when the bytes are the caller's, who gives them back; rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const refuse = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== entry)
        reject(signal.reason as Error)
        this.#admit()
      }
      const entry: Waiting = {
        bytes,
        admit: () => {
          signal.removeEventListener('abort', refuse)
          resolve()
        },
      }
      signal.addEventListener('abort', refuse, { once: true })
      this.#waiting.push(entry)
      this.#admit()
    })
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
    this.#admit()
  }

  #admit(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined) return
      if (this.#usedBytes > 0 && this.#usedBytes + next.bytes > this.#limitBytes) return
      this.#waiting.shift()
      this.#usedBytes += next.bytes
      next.admit()
    }
  }
}
