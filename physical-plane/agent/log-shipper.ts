// Sends instances' logs to the control plane by offset. The control plane's acknowledgement says how far it has each log,
// so chunks may be repeated or lost; after a restart a first chunk at 0 is answered with the true offset. One chunk per
// instance is under way, in turn, within a rate; a dead instance's log is sent to its end.
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { LogChunk } from '#proto/generated/cloudless/v1/LogChunk.ts'
import type { AgentConfig } from './config.ts'
import type { InstanceRuntime } from './orders.ts'

type Shipped = {
  readonly jobId: string
  /** The control plane has the log up to here. */
  offset: number
  /** End of the chunk under way; null when none is. */
  sentUntil: number | null
  sizeBytes: number
}

export class LogShipper {
  readonly #runtime: Pick<InstanceRuntime, 'readLog' | 'logBytes'>
  readonly #clock: Clock
  readonly #log: Log
  readonly #config: AgentConfig
  readonly #logs = new Map<string, Shipped>()
  #allowanceBytes: number
  #allowanceAtMs: number
  #turn = 0

  constructor(runtime: Pick<InstanceRuntime, 'readLog' | 'logBytes'>, clock: Clock, log: Log, config: AgentConfig) {
    this.#runtime = runtime
    this.#clock = clock
    this.#log = log
    this.#config = config
    this.#allowanceBytes = config.logBytesPerSecond
    this.#allowanceAtMs = clock.monotonicMs()
  }

  add(instanceId: string, jobId: string): void {
    if (!this.#logs.has(instanceId)) this.#logs.set(instanceId, { jobId, offset: 0, sentUntil: null, sizeBytes: 0 })
  }

  remove(instanceId: string): void {
    this.#logs.delete(instanceId)
  }

  /** A new connection: what was under way may be lost. */
  reset(): void {
    for (const shipped of this.#logs.values()) shipped.sentUntil = null
  }

  acknowledge(instanceId: string, offset: number): void {
    const shipped = this.#logs.get(instanceId)
    if (shipped === undefined) return
    shipped.offset = Math.max(0, offset)
    shipped.sentUntil = null
  }

  isShipped(instanceId: string): boolean {
    const shipped = this.#logs.get(instanceId)
    return shipped === undefined || shipped.offset >= shipped.sizeBytes
  }

  get isAllShipped(): boolean {
    return [...this.#logs.keys()].every((instanceId) => this.isShipped(instanceId))
  }

  /** Size at the last look. */
  sizeBytes(instanceId: string): number {
    return this.#logs.get(instanceId)?.sizeBytes ?? 0
  }

  /** Looks how far the logs have grown; true when there is something to send. */
  async look(): Promise<boolean> {
    let isBehind = false
    for (const [instanceId, shipped] of this.#logs) {
      try {
        shipped.sizeBytes = await this.#runtime.logBytes(instanceId)
      } catch (error) {
        this.#log.warn({ instanceId, why: messageOf(error) }, 'log of an instance cannot be read')
      }
      isBehind ||= shipped.sentUntil === null && shipped.offset < shipped.sizeBytes
    }
    return isBehind
  }

  /** The next chunk, or null: nothing new, or the rate is used up. */
  async next(): Promise<LogChunk | null> {
    if (!this.#isAllowed()) return null
    const entries = [...this.#logs]
    for (let step = 0; step < entries.length; step++) {
      const [instanceId, shipped] = entries[(this.#turn + step) % entries.length]!
      if (shipped.sentUntil !== null || shipped.offset >= shipped.sizeBytes) continue
      const data = await this.#read(instanceId, shipped.offset)
      if (data.length === 0) continue
      this.#turn = (this.#turn + step + 1) % entries.length
      this.#allowanceBytes -= data.length
      shipped.sentUntil = shipped.offset + data.length
      return { jobId: shipped.jobId, instanceId, offset: shipped.offset, data: Buffer.from(data) }
    }
    return null
  }

  async #read(instanceId: string, offset: number): Promise<Uint8Array> {
    try {
      return await this.#runtime.readLog(instanceId, offset, this.#config.logChunkBytes)
    } catch (error) {
      this.#log.warn({ instanceId, why: messageOf(error) }, 'log of an instance cannot be read')
      return new Uint8Array(0)
    }
  }

  #isAllowed(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const { logBytesPerSecond } = this.#config
    const earned = ((nowMs - this.#allowanceAtMs) / 1_000) * logBytesPerSecond
    this.#allowanceBytes = Math.min(logBytesPerSecond, this.#allowanceBytes + earned)
    this.#allowanceAtMs = nowMs
    return this.#allowanceBytes > 0
  }
}
