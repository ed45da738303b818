// A bell between code that changes state and the one loop that sends it on: rings are remembered, not counted, so the
// loop looks at the newest state and never at a queue of old ones.

export class Wake {
  #isRung = false
  #waiting: (() => void) | null = null

  ring(): void {
    this.#isRung = true
    this.#waiting?.()
  }

  /** Resolves at the next ring, or at once when it rang since the last wait. One waiter at a time. */
  async wait(): Promise<void> {
    if (!this.#isRung)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    this.#waiting = null
    this.#isRung = false
  }
}
