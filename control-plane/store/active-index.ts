// What has not ended (and which ended jobs may be resumed), kept in memory so that a loop over thousands of jobs reads no disk. It follows the database: it
// changes only after a transaction was committed. Views are immutable and shared until the next change.
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import { keptJobOf, type KeptJob } from '#control-plane/model/resumption.ts'
import { linkKey, type Agent, type Instance, type LinkMeasurement } from '#control-plane/model/snapshot.ts'
import { SortedMap } from './sorted-map.ts'
import type { Change, Commit, View } from './store.ts'

export type Paid = { readonly jobId: string; readonly usd: number }

export class ActiveIndex {
  readonly #jobs = new SortedMap<Job>()
  readonly #instances = new SortedMap<Instance>()
  readonly #agents = new SortedMap<Agent>()
  readonly #kept = new SortedMap<KeptJob>()
  readonly #instancesOfJob = new Map<string, Map<string, Instance>>()
  #throughput: ReadonlyMap<string, number> = new Map()
  #modelSizes: ReadonlyMap<string, ModelSize> = new Map()
  #measuredLinks: ReadonlyMap<string, LinkMeasurement> = new Map()
  readonly #paidUsd = new Map<string, number>()
  #paid: ReadonlyMap<string, number> | null = null
  #revision = 0
  #view: View | null = null

  view(): View {
    this.#view ??= {
      revision: this.#revision,
      jobs: this.#jobs.values(),
      instances: this.#instances.values(),
      agents: this.#agents.values(),
      throughput: this.#throughput,
      modelSizes: this.#modelSizes,
      measuredLinks: this.#measuredLinks,
      paidUsd: (this.#paid ??= new Map(this.#paidUsd)),
      kept: this.#kept.values(),
    }
    return this.#view
  }

  revision(): number {
    return this.#revision
  }

  job(id: string): Job | null {
    return this.#jobs.get(id) ?? null
  }

  instance(id: string): Instance | null {
    return this.#instances.get(id) ?? null
  }

  /** Answers with what was touched. `paid` is what jobs whose ledger grew have cost until now. */
  apply(changes: readonly Change[], revision: number, paid: readonly Paid[] = []): Commit {
    this.#revision = revision
    this.#view = null
    if (paid.length > 0) this.#paid = null
    for (const { jobId, usd } of paid) this.#paidUsd.set(jobId, usd)
    const regions = new Set<string>()
    for (const change of changes) this.#applyOne(change, regions)
    const jobIds = new Set(changes.map(touchedJobId).filter((id) => id !== null))
    return { revision, jobIds, regions }
  }

  #applyOne(change: Change, regions: Set<string>): void {
    switch (change.kind) {
      case 'create-job':
      case 'job':
        for (const instance of this.#instancesOfJob.get(change.job.id)?.values() ?? []) regions.add(instance.region)
        this.#putJob(change.job)
        break
      case 'instance':
        if (this.#instances.get(change.instance.id)?.isReleased !== change.instance.isReleased)
          regions.add(change.instance.region)
        this.#putInstance(change.instance)
        break
      case 'agent':
        regions.add(change.agent.region)
        this.#agents.set(change.agent.region, change.agent)
        break
      case 'throughput':
        this.#throughput = new Map(this.#throughput).set(change.key, change.samplesPerSecond)
        break
      case 'model-size':
        this.#modelSizes = new Map(this.#modelSizes).set(change.bundleDigest, change.size)
        break
      case 'link':
        this.#measuredLinks = new Map(this.#measuredLinks).set(linkKey(change.from, change.to), change.measurement)
        break
      case 'journal':
      case 'ledger':
      case 'round':
      case 'evaluation':
      case 'event':
      case 'plan':
      case 'blob':
      case 'catalogue':
        break
    }
  }

  #putJob(job: Job): void {
    this.#keep(job)
    if (!endStates.has(job.state)) {
      this.#jobs.set(job.id, job)
      return
    }
    this.#jobs.delete(job.id)
    if (this.#paidUsd.delete(job.id)) this.#paid = null
    for (const id of this.#instancesOfJob.get(job.id)?.keys() ?? []) this.#instances.delete(id)
    this.#instancesOfJob.delete(job.id)
  }

  /** Those whose time was over when this one ended are forgotten, so that years of failed jobs do not add up. */
  #keep(job: Job): void {
    const kept = keptJobOf(job)
    if (kept === null) {
      this.#kept.delete(job.id)
      return
    }
    for (const { id, untilMs } of this.#kept.values()) if (untilMs < (job.endedAtMs ?? 0)) this.#kept.delete(id)
    this.#kept.set(job.id, kept)
  }

  #putInstance(instance: Instance): void {
    if (!this.#jobs.has(instance.jobId)) return
    this.#instances.set(instance.id, instance)
    const siblings = this.#instancesOfJob.get(instance.jobId)
    if (siblings === undefined) this.#instancesOfJob.set(instance.jobId, new Map([[instance.id, instance]]))
    else siblings.set(instance.id, instance)
  }
}

/** The job whose status, progress or cost a change shows in; null when it shows in none. */
// oxlint-disable-next-line consistent-return -- the switch is exhaustive
export function touchedJobId(change: Change): string | null {
  switch (change.kind) {
    case 'create-job':
    case 'job':
      return change.job.id
    case 'instance':
      return change.instance.jobId
    case 'ledger':
      return change.entry.jobId
    case 'round':
      return change.round.jobId
    case 'evaluation':
      return change.evaluation.jobId
    case 'event':
      return change.event.jobId
    case 'plan':
      return change.jobId
    case 'agent':
    case 'journal':
    case 'blob':
    case 'catalogue':
    case 'throughput':
    case 'model-size':
    case 'link':
      return null
  }
}
