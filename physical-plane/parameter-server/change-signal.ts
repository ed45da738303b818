// Wakes whoever waits for the state to change. A waiter looks at the state, and waits again if it is not what it wants.

export class ChangeSignal {
  #waiting: (() => void)[] = []

  /** Resolves at the next `notify`; rejects with the signal's reason. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const wake = (): void => {
        signal?.removeEventListener('abort', refuse)
        resolve()
      }
      const refuse = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== wake)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', refuse, { once: true })
      this.#waiting.push(wake)
    })
  }

  notify(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
