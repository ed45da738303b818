// What has not ended (and which ended jobs may be resumed), kept in memory so that a loop over thousands of jobs reads no disk. It follows the database: it
// changes only after a transaction was committed. Views are immutable and shared until the next change.
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { Pipeline } from '#control-plane/model/pipeline.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import { keptJobOf, type KeptJob } from '#control-plane/model/resumption.ts'
import { hasEnded, linkKey, type Agent, type Instance, type LinkMeasurement } from '#control-plane/model/snapshot.ts'
import { flattened, GroupedInstances } from './grouped-instances.ts'
import { SortedMap } from './sorted-map.ts'
import type { Change, Commit, View } from './store.ts'

export type Paid = { readonly jobId: string; readonly usd: number }

export class ActiveIndex {
  readonly #jobs = new SortedMap<Job>()
  readonly #functions = new SortedMap<InferenceFunction>()
  readonly #pipelines = new SortedMap<Pipeline>()
  readonly #instances = new GroupedInstances()
  readonly #agents = new SortedMap<Agent>()
  readonly #kept = new SortedMap<KeptJob>()
  #throughput: ReadonlyMap<string, number> = new Map()
  #modelSizes: ReadonlyMap<string, ModelSize> = new Map()
  #measuredLinks: ReadonlyMap<string, LinkMeasurement> = new Map()
  readonly #paidUsd = new Map<string, number>()
  #paid: ReadonlyMap<string, number> | null = null
  #revision = 0
  #view: View | null = null

  view(): View {
    this.#view ??= this.#newView()
    return this.#view
  }

  #newView(): View {
    const byJob = this.#instances.byJob()
    let instances: readonly Instance[] | null = null
    return {
      revision: this.#revision,
      jobs: this.#jobs.values(),
      functions: this.#functions.values(),
      pipelines: this.#pipelines.values(),
      // Most look at groups; ten thousand in one list are made for those who do not.
      get instances() {
        return (instances ??= flattened(byJob))
      },
      instancesByJob: byJob,
      instancesByRegion: this.#instances.byRegion(),
      agents: this.#agents.values(),
      throughput: this.#throughput,
      modelSizes: this.#modelSizes,
      measuredLinks: this.#measuredLinks,
      paidUsd: (this.#paid ??= new Map(this.#paidUsd)),
      kept: this.#kept.values(),
    }
  }

  revision(): number {
    return this.#revision
  }

  job(id: string): Job | null {
    return this.#jobs.get(id) ?? null
  }

  function(id: string): InferenceFunction | null {
    return this.#functions.get(id) ?? null
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
        for (const { region } of this.#instances.ofJob(change.job.id)) regions.add(region)
        this.#putJob(change.job)
        break
      case 'create-function':
      case 'function':
        for (const { region } of this.#instances.ofJob(change.function.id)) regions.add(region)
        for (const region of this.#functions.get(change.function.id)?.places ?? []) regions.add(region)
        for (const region of change.function.places) regions.add(region)
        this.#putFunction(change.function)
        break
      case 'create-pipeline':
      case 'pipeline':
        // Where all of its functions are, which others may have changed since.
        for (const { region } of this.#agents.values()) regions.add(region)
        if (change.pipeline.endedAtMs === null) this.#pipelines.set(change.pipeline.id, change.pipeline)
        else this.#pipelines.delete(change.pipeline.id)
        break
      case 'instance':
        if (isOtherOrder(this.#instances.get(change.instance.id), change.instance)) regions.add(change.instance.region)
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
    this.#instances.deleteJob(job.id)
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

  #putFunction(of: InferenceFunction): void {
    if (of.endedAtMs === null) {
      this.#functions.set(of.id, of)
      return
    }
    this.#functions.delete(of.id)
    this.#instances.deleteJob(of.id)
  }

  #putInstance(instance: Instance): void {
    if (this.#jobs.has(instance.jobId)) this.#instances.put(instance)
    if (!this.#functions.has(instance.jobId)) return
    // A function lives for months: what has ended and is wanted no more is in the database only.
    if (instance.isReleased && hasEnded(instance)) this.#instances.delete(instance.id)
    else this.#instances.put(instance)
  }
}

/** Its agent has to do something else now. */
function isOtherOrder(before: Instance | null | undefined, after: Instance): boolean {
  if (before?.isReleased !== after.isReleased) return true
  const [was, is] = [before?.gpuShare, after.gpuShare]
  return (
    was?.requestMilli !== is?.requestMilli || was?.limitMilli !== is?.limitMilli || was?.memoryBytes !== is?.memoryBytes
  )
}

/** The job whose status, progress or cost a change shows in; null when it shows in none. */
// oxlint-disable-next-line consistent-return -- the switch is exhaustive
export function touchedJobId(change: Change): string | null {
  switch (change.kind) {
    case 'create-job':
    case 'job':
      return change.job.id
    case 'create-function':
    case 'function':
      return change.function.id
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
    case 'create-pipeline':
    case 'pipeline':
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
