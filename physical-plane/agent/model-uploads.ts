// Brings final models to the control plane: one upload per partition that is to upload, retried until it is there. The
// model's path is durable before the parameter server may end, its digest before the upload counts as done.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { backOffMs, type AgentConfig } from './config.ts'
import type { Journal } from './journal.ts'

export type UploadModel = (jobId: string, path: string, signal: AbortSignal) => Promise<string>

export type ModelUploadDependencies = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly config: AgentConfig
  /** Sends the file; answers with its sha256 once the control plane holds it. */
  readonly uploadModel: UploadModel
  readonly onChange: () => void
}

const markSchema = z.object({ path: z.string(), digest: z.string() })
const markOf = (instanceId: string): string => `model/${instanceId}`

export class ModelUploads {
  readonly #d: ModelUploadDependencies
  readonly #active = new Map<string, AbortController>()

  constructor(dependencies: ModelUploadDependencies) {
    this.#d = dependencies
  }

  /** sha256 of the model that the control plane holds; '' before. */
  digestOf(instanceId: string): string {
    return this.#mark(instanceId)?.digest ?? ''
  }

  isKnown(instanceId: string): boolean {
    return this.#mark(instanceId) !== null
  }

  /** The partition's final model lies at `path`. Resolves when that is durable; the upload goes on by itself. */
  async offer(instanceId: string, jobId: string, path: string): Promise<void> {
    if (!this.isKnown(instanceId))
      await this.#d.journal.append({ marks: { [markOf(instanceId)]: { path, digest: '' } } })
    this.resume(instanceId, jobId)
  }

  /** Goes on with an upload that a predecessor did not finish. */
  resume(instanceId: string, jobId: string): void {
    const mark = this.#mark(instanceId)
    if (mark === null || mark.digest !== '' || this.#active.has(instanceId)) return
    const abort = new AbortController()
    this.#active.set(instanceId, abort)
    void this.#upload(instanceId, jobId, mark.path, abort.signal).finally(() => this.#active.delete(instanceId))
  }

  async forget(instanceId: string): Promise<void> {
    this.#active.get(instanceId)?.abort()
    if (this.isKnown(instanceId)) await this.#d.journal.append({ marks: { [markOf(instanceId)]: null } })
  }

  stop(): void {
    for (const abort of this.#active.values()) abort.abort()
  }

  async #upload(instanceId: string, jobId: string, path: string, signal: AbortSignal): Promise<void> {
    const { clock, random, log, journal, config, uploadModel, onChange } = this.#d
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const digest = await uploadModel(jobId, path, signal)
        if (signal.aborted) return
        await journal.append({ marks: { [markOf(instanceId)]: { path, digest } } })
        log.info({ instanceId, digest }, 'final model is in the control plane')
        return onChange()
      } catch (error) {
        const delayMs = backOffMs(config.uploadRetryMs, config.uploadRetryMsMax, failures, random.next())
        if (!signal.aborted)
          log.warn({ instanceId, why: messageOf(error), delayMs }, 'final model could not be uploaded')
        await clock.sleep(delayMs, signal)
      }
    }
  }

  #mark(instanceId: string): z.infer<typeof markSchema> | null {
    return markSchema.safeParse(this.#d.journal.marks.get(markOf(instanceId))).data ?? null
  }
}
