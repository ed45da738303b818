// What an agent has to tell, gathered: everything of one moment is one report.
import type { Usage } from '#control-plane/model/ledger.ts'
import type { ObservedInstance } from '#control-plane/wire/agent-messages.ts'
import type { Clock } from '#runtime/clock.ts'

/** What came of one event of an agent. */
export type AgentReport = {
  readonly region: string
  readonly instances: readonly ObservedInstance[]
  /** No longer running, as it was told. */
  readonly stoppedIds: readonly string[]
  readonly usages: readonly Usage[]
  /** Jobs whose final model it has uploaded. */
  readonly uploadedJobIds: readonly string[]
}

export type AgentNewsOptions = {
  readonly clock: Clock
  readonly region: string
  readonly report: (report: AgentReport) => void
  /** The instance as it is when the report is made; null once it is gone. */
  readonly observe: (id: string) => ObservedInstance | null
}

export class AgentNews {
  readonly #options: AgentNewsOptions
  readonly #touched = new Set<string>()
  #stoppedIds: string[] = []
  #usages: Usage[] = []
  #uploadedJobIds: string[] = []
  #isDue = false

  constructor(options: AgentNewsOptions) {
    this.#options = options
  }

  touch(id: string): void {
    this.#touched.add(id)
    this.#tellSoon()
  }

  stop(id: string): void {
    this.#touched.delete(id)
    this.#stoppedIds.push(id)
    this.#tellSoon()
  }

  use(usages: readonly Usage[]): void {
    if (usages.length === 0) return
    this.#usages.push(...usages)
    this.#tellSoon()
  }

  upload(jobId: string): void {
    this.#uploadedJobIds.push(jobId)
    this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#options.clock.after(0, () => this.#tell())
  }

  #tell(): void {
    const { region, observe, report } = this.#options
    const instances = [...this.#touched].sort().flatMap((id) => observe(id) ?? [])
    const [stoppedIds, usages, uploadedJobIds] = [this.#stoppedIds.sort(), this.#usages, this.#uploadedJobIds]
    this.#isDue = false
    this.#touched.clear()
    this.#stoppedIds = []
    this.#usages = []
    this.#uploadedJobIds = []
    report({ region, instances, stoppedIds, usages, uploadedJobIds })
  }
}
