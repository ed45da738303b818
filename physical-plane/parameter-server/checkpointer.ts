// When checkpoints are written: one at a time, soon after something that others wait for, lazily otherwise. Steps go on
// while one is being written. A write that fails (a full disk) is tried again; until it succeeds nothing new leaves the
// region, and steps accumulate. Once another process writes this partition's checkpoints, nothing is written any more.
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { ChangeSignal } from './change-signal.ts'
import type { CheckpointStore, Snapshot } from './checkpoint.ts'
import { checkpointRetryMs } from './config.ts'

export type Taken<Mark> = {
  readonly snapshot: Snapshot
  /** To be told when the snapshot is durable. */
  readonly mark: Mark
  /** Called once the snapshot is no longer needed, whether it became durable or not: its copies may be given back. */
  readonly release?: () => void
}

export type CheckpointerOptions<Mark> = {
  readonly store: CheckpointStore
  readonly clock: Clock
  readonly log: Log
  /** The state as it is now. A promise where its vectors are still being copied. */
  readonly take: () => Taken<Mark> | Promise<Taken<Mark>>
  readonly onDurable: (mark: Mark) => void
  /** Another process has taken this partition over: this one must end without a word to anybody. */
  readonly onTaken?: (error: CloudlessError) => void
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
      this.#failed(error)
    }
    this.#isWriting = false
    this.#idle.notify()
    if (this.#dueAtMs < Number.POSITIVE_INFINITY && !this.#isStopped) this.#schedule()
  }

  async #writeOnce(): Promise<void> {
    const { snapshot, mark, release } = await this.#options.take()
    try {
      await this.#options.store.save(snapshot)
    } finally {
      release?.()
    }
    this.#options.onDurable(mark)
  }

  #failed(error: unknown): void {
    const { clock, log, onTaken } = this.#options
    if (error instanceof CloudlessError && error.reason === 'CHECKPOINT_TAKEN') {
      log.error({ error: error.message }, 'this process is no longer the partition; it writes nothing any more')
      this.#isStopped = true
      onTaken?.(error)
      return
    }
    log.error({ error: messageOf(error) }, 'the checkpoint could not be written; trying again')
    if (!this.#isStopped) this.#dueAtMs = clock.monotonicMs() + checkpointRetryMs
  }
}
