// Replaces the status file twice a second, and at once when somebody asks for what nobody answers. Whole or not there: whoever reads it
// does so while this writes. A disk that takes nothing costs the telling, not the answering.
import { rename, writeFile } from 'node:fs/promises'
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { GatewayConfig } from './config.ts'
import type { GatewayStatus } from './status.ts'

export type StatusFileOptions = {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly config: GatewayConfig
  readonly status: (beat: number) => GatewayStatus
}

export class StatusFile {
  readonly #o: StatusFileOptions
  #timer: Timer | null = null
  #beat = 0
  #isWriting = false
  #wroteAtMs = Number.NEGATIVE_INFINITY
  #trouble = ''
  #isStopped = false

  constructor(options: StatusFileOptions) {
    this.#o = options
  }

  async start(): Promise<void> {
    await this.#write()
    this.#later(this.#o.config.statusEveryMs)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Something cannot wait. */
  soon(): void {
    const { clock, config } = this.#o
    if (this.#isStopped) return
    this.#later(Math.max(0, this.#wroteAtMs + config.statusSpacingMs - clock.monotonicMs()))
  }

  #later(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer?.cancel()
    this.#timer = this.#o.clock.after(delayMs, () => {
      void this.#write().then(() => this.#later(this.#o.config.statusEveryMs))
    })
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    const { path, log, status, clock } = this.#o
    try {
      this.#wroteAtMs = clock.monotonicMs()
      this.#beat += 1
      await writeFile(`${path}.new`, JSON.stringify(status(this.#beat)), { mode: 0o600 })
      await rename(`${path}.new`, path)
      this.#trouble = ''
    } catch (error) {
      const why = messageOf(error)
      if (why !== this.#trouble) log.error({ path, why }, 'the status could not be written')
      this.#trouble = why
    } finally {
      this.#isWriting = false
    }
  }
}
