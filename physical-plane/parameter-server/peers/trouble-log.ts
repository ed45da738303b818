// Tells of a link's troubles without repeating itself: what broke off for the same reason again is told once a minute.
import type { Clock } from '#runtime/clock.ts'
import type { Log, LogFields } from '#runtime/log.ts'
import { troubleMs } from './config.ts'

export class TroubleLog {
  readonly #log: Log
  readonly #clock: Clock
  #last = { error: '', atMs: Number.NEGATIVE_INFINITY }

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  tell(fields: LogFields, error: string, message: string): void {
    const atMs = this.#clock.monotonicMs()
    const isNews = error !== this.#last.error || atMs - this.#last.atMs >= troubleMs
    if (!isNews) return this.#log.debug({ ...fields, error }, message)
    this.#last = { error, atMs }
    this.#log.info({ ...fields, error }, message)
  }
}
