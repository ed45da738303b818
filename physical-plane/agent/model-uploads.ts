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

const markSchema = z.object({ path: z.string(), digest: z.string(), resumption: z.number().int().default(0) })
type Mark = z.infer<typeof markSchema>
const markOf = (instanceId: string): string => `model/${instanceId}`

export class ModelUploads {
  readonly #d: ModelUploadDependencies
  readonly #active = new Map<string, AbortController>()

  constructor(dependencies: ModelUploadDependencies) {
    this.#d = dependencies
  }

  /** sha256 of the model that the control plane holds; '' before. A resumed job's model is brought again. */
  digestOf(instanceId: string, resumption: number): string {
    return this.#mark(instanceId, resumption)?.digest ?? ''
  }

  isKnown(instanceId: string, resumption: number): boolean {
    return this.#mark(instanceId, resumption) !== null
  }

  /** The partition's final model lies at `path`. Resolves when that is durable; the upload goes on by itself. */
  async offer(instanceId: string, jobId: string, resumption: number, path: string): Promise<void> {
    if (!this.isKnown(instanceId, resumption)) {
      this.#active.get(instanceId)?.abort()
      this.#active.delete(instanceId)
      await this.#d.journal.append({ marks: { [markOf(instanceId)]: { path, digest: '', resumption } } })
    }
    this.#begin(instanceId, jobId, resumption)
  }

  /** Also goes on with an upload that a predecessor did not finish. */
  #begin(instanceId: string, jobId: string, resumption: number): void {
    const mark = this.#mark(instanceId, resumption)
    if (mark === null || mark.digest !== '' || this.#active.has(instanceId)) return
    const abort = new AbortController()
    this.#active.set(instanceId, abort)
    void this.#upload(instanceId, jobId, mark, abort.signal).finally(() => {
      if (this.#active.get(instanceId) === abort) this.#active.delete(instanceId)
    })
  }

  async forget(instanceId: string): Promise<void> {
    this.#active.get(instanceId)?.abort()
    if (this.#d.journal.marks.has(markOf(instanceId)))
      await this.#d.journal.append({ marks: { [markOf(instanceId)]: null } })
  }

  stop(): void {
    for (const abort of this.#active.values()) abort.abort()
  }

  async #upload(instanceId: string, jobId: string, mark: Mark, signal: AbortSignal): Promise<void> {
    const { clock, random, log, journal, config, uploadModel, onChange } = this.#d
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const digest = await uploadModel(jobId, mark.path, signal)
        if (signal.aborted) return
        await journal.append({ marks: { [markOf(instanceId)]: { ...mark, digest } } })
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

  #mark(instanceId: string, resumption: number): Mark | null {
    const mark = markSchema.safeParse(this.#d.journal.marks.get(markOf(instanceId))).data
    return mark?.resumption === resumption ? mark : null
  }
}
