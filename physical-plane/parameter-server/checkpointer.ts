// When checkpoints are written: one at a time, soon after something that others wait for, lazily otherwise. Steps go on
// while one is being written. A write that fails (a full disk) is tried again; until it succeeds nothing new leaves the
// region, and steps accumulate.
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { ChangeSignal } from './change-signal.ts'
import type { CheckpointStore, Snapshot } from './checkpoint.ts'
import { checkpointRetryMs } from './config.ts'

export type CheckpointerOptions<Mark> = {
  readonly store: CheckpointStore
  readonly clock: Clock
  readonly log: Log
  /** The state as it is now, and a mark of it to be told when it is durable. */
  readonly take: () => { readonly snapshot: Snapshot; readonly mark: Mark }
  readonly onDurable: (mark: Mark) => void
}

export class Checkpointer<Mark> {
  readonly #options: CheckpointerOptions<Mark>
  readonly #idle = new ChangeSignal()
  #timer: Timer | null = null
  #dueAtMs = Number.POSITIVE_INFINITY
  #isWriting = false
  #isStopped = false

  constructor(options: CheckpointerOptions<Mark>) {
    this.#options = options
  }

  /** A checkpoint of the state as it will be within `withinMs`, or of a later one. */
  request(withinMs: number): void {
    if (this.#isStopped) return
    const dueAtMs = this.#options.clock.monotonicMs() + withinMs
    if (dueAtMs >= this.#dueAtMs) return
    this.#dueAtMs = dueAtMs
    if (!this.#isWriting) this.#schedule()
  }

  /** Ends after the write in flight; a last checkpoint is made of the state as it is when `isLast`. */
  async stop(isLast: boolean): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    while (this.#isWriting) await this.#idle.wait()
    if (isLast) await this.#writeOnce()
  }

  #schedule(): void {
    this.#timer?.cancel()
    const delayMs = Math.max(0, this.#dueAtMs - this.#options.clock.monotonicMs())
    this.#timer = this.#options.clock.after(delayMs, () => void this.#write())
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    this.#dueAtMs = Number.POSITIVE_INFINITY
    try {
      await this.#writeOnce()
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'the checkpoint could not be written; trying again')
      if (!this.#isStopped) this.#dueAtMs = this.#options.clock.monotonicMs() + checkpointRetryMs
    }
    this.#isWriting = false
    this.#idle.notify()
    if (this.#dueAtMs < Number.POSITIVE_INFINITY && !this.#isStopped) this.#schedule()
  }

  async #writeOnce(): Promise<void> {
    const { snapshot, mark } = this.#options.take()
    await this.#options.store.save(snapshot)
    this.#options.onDurable(mark)
  }
}
