// Work that takes time, started because the state asks for it: one of each name at once, again after a pause if it
// fails, longer each time, forgotten when the state no longer asks. Who starts a task looks at the state again when it is done.
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { taskRetryMaxMs, taskRetryMs } from './config.ts'

/** Of a name that failed: when it may run again, and how long the pause before that is. */
type Pause = { readonly untilMs: number; readonly ms: number }

export class Tasks {
  readonly #clock: Clock
  readonly #log: Log
  readonly #onChange: () => void
  readonly #running = new Map<string, AbortController>()
  readonly #pauses = new Map<string, Pause>()

  constructor(clock: Clock, log: Log, onChange: () => void) {
    this.#clock = clock
    this.#log = log
    this.#onChange = onChange
  }

  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  mayStart(name: string): boolean {
    return !this.#running.has(name) && this.#clock.monotonicMs() >= (this.#pauses.get(name)?.untilMs ?? 0)
  }

  /** Without effect while a task of this name runs or pauses. The work begins at once otherwise. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (!this.mayStart(name)) return
    const life = new AbortController()
    this.#running.set(name, life)
    void this.#run(name, life, work)
  }

  /** When something that failed may be tried again though it may not now; infinity when nothing has. */
  get nextAtMs(): number {
    const nowMs = this.#clock.monotonicMs()
    const laterMs = [...this.#pauses.values()].map(({ untilMs }) => untilMs).filter((atMs) => atMs > nowMs)
    return Math.min(Number.POSITIVE_INFINITY, ...laterMs)
  }

  /** Aborts every task whose name begins so, and what it paused for. */
  stop(prefix = ''): void {
    for (const [name, life] of this.#running)
      if (name.startsWith(prefix)) life.abort(new Error(`${name} is not wanted any more`))
    for (const name of this.#pauses.keys()) if (name.startsWith(prefix)) this.#pauses.delete(name)
  }

  async #run(name: string, life: AbortController, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(life.signal)
      this.#pauses.delete(name)
    } catch (error) {
      if (!life.signal.aborted) {
        const retryMs = this.#pause(name)
        this.#log.warn({ task: name, error: messageOf(error), retryMs }, `${name} failed; trying again`)
      }
    }
    this.#running.delete(name)
    this.#onChange()
  }

  /** Names are of rounds and contributions: those that nobody started again for long are forgotten. */
  #pause(name: string): number {
    const nowMs = this.#clock.monotonicMs()
    const last = this.#pauses.get(name)
    const ms = last === undefined ? taskRetryMs : Math.min(taskRetryMaxMs, 2 * last.ms)
    for (const [other, { untilMs }] of this.#pauses) if (untilMs <= nowMs - taskRetryMaxMs) this.#pauses.delete(other)
    this.#pauses.set(name, { untilMs: nowMs + ms, ms })
    return ms
  }
}
