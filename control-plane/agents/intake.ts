// What agents report goes into the store here: everything of the last few milliseconds in one transaction, because each
// transaction waits for the disk. A report is answered only after its transaction committed.
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { Store } from '#control-plane/store/store.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { agentsConfig } from './config.ts'
import { Draft, linkMonthKey, type LinkMonthOf } from './draft.ts'

export type Report = {
  /** Jobs that `write` will ask for, so that ended ones can be read first. */
  readonly jobIds: readonly string[]
  /** Months of links that `write` will ask for. */
  readonly linkMonths?: readonly LinkMonthOf[]
  /** Called again when the commit met another change, so it must depend on the draft alone. */
  readonly write: (draft: Draft) => void
}

type Waiting = { readonly report: Report; readonly done: () => void; readonly failed: (error: unknown) => void }

export class Intake {
  readonly #store: Store
  readonly #clock: Clock
  #waiting: Waiting[] = []
  #timer: Timer | null = null
  #isFlushing = false

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Resolves once the report is in the store. */
  submit(report: Report): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ report, done, failed })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#timer !== null || this.#isFlushing || this.#waiting.length === 0) return
    this.#timer = this.#clock.after(agentsConfig.intakeDelayMs, () => {
      this.#timer = null
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true
    const batch = this.#waiting
    this.#waiting = []
    try {
      await this.#commit(batch.map(({ report }) => report))
      for (const { done } of batch) done()
    } catch (error) {
      await this.#oneByOne(batch, error)
    }
    this.#isFlushing = false
    this.#schedule()
  }

  /** A report that cannot be stored must not take those of other agents with it. */
  async #oneByOne(batch: readonly Waiting[], error: unknown): Promise<void> {
    for (const { report, done, failed } of batch) {
      try {
        if (batch.length === 1) throw error
        await this.#commit([report])
        done()
      } catch (reason) {
        failed(reason)
      }
    }
  }

  async #commit(reports: readonly Report[]): Promise<void> {
    for (let attempt = 0; attempt < agentsConfig.commitAttemptsMax; attempt++) {
      const ended = await this.#readEnded(reports)
      const carried = await this.#readCarried(reports)
      const revision = this.#store.revision()
      const draft = new Draft(
        (id) => this.#store.activeJob(id) ?? ended.jobs.get(id) ?? null,
        (id) => this.#store.activeInstance(id) ?? ended.instances.get(id) ?? null,
        carried,
        (id) => this.#store.activeFunction(id) ?? ended.functions.get(id) ?? null,
      )
      for (const report of reports) report.write(draft)
      const outcome = await this.#store.commit(draft.changes(), revision)
      if (outcome.kind === 'committed') return
    }
    throw new CloudlessError('conflict', 'BUSY', 'the store kept changing under this report; it will be sent again')
  }

  /** The last records of a job may arrive after it ended. */
  async #readEnded(reports: readonly Report[]): Promise<Ended> {
    const jobs = new Map<string, Job>()
    const instances = new Map<string, Instance>()
    const functions = new Map<string, InferenceFunction>()
    for (const id of new Set(reports.flatMap(({ jobIds }) => jobIds))) {
      if (this.#store.activeJob(id) !== null || this.#store.activeFunction(id) !== null) continue
      const record = await this.#store.job(id)
      if (record === null) {
        const ended = await this.#store.function(id)
        if (ended !== null) functions.set(id, ended.function)
        continue
      }
      jobs.set(id, record.job)
      for (const instance of record.instances) instances.set(instance.id, instance)
    }
    return { jobs, instances, functions }
  }

  /** Nobody else writes ledger entries, so this holds until the commit. */
  async #readCarried(reports: readonly Report[]): Promise<ReadonlyMap<string, number>> {
    const carried = new Map<string, number>()
    for (const month of reports.flatMap(({ linkMonths }) => linkMonths ?? [])) {
      const key = linkMonthKey(month)
      if (carried.has(key)) continue
      carried.set(key, (await this.#store.linkMonth(month.from, month.to, month.monthMs)).bytes)
    }
    return carried
  }
}

type Ended = {
  readonly jobs: ReadonlyMap<string, Job>
  readonly instances: ReadonlyMap<string, Instance>
  readonly functions: ReadonlyMap<string, InferenceFunction>
}
