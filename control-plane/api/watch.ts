// Waiting for the store: a flag that commits raise, so that nothing between two looks is missed.
import type { Store } from '#control-plane/store/store.ts'

export class Changes {
  readonly #stop: (() => void)[] = []
  #isRaised = false
  #wake: (() => void) | null = null

  /** Raised by commits that touch this job and by appends to these logs. */
  static ofJob(store: Store, jobId: string, withLogs = false): Changes {
    const changes = new Changes()
    changes.#stop.push(
      store.onCommit(({ jobIds }) => {
        if (jobIds.has(jobId)) changes.#raise()
      }),
    )
    if (withLogs)
      changes.#stop.push(
        store.logs.onAppend((instanceId) => {
          if (instanceId.startsWith(`${jobId}/`)) changes.#raise()
        }),
      )
    return changes
  }

  /** Resolves at the next change since the last call, or when aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#isRaised && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    this.#wake = null
    this.#isRaised = false
  }

  stop(): void {
    for (const stop of this.#stop.splice(0)) stop()
  }

  #raise(): void {
    this.#isRaised = true
    this.#wake?.()
  }
}
