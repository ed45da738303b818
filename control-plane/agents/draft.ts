// Changes that many agents ask for, gathered for one transaction: each sees the objects as the ones before it left them.
import { monthOf } from '#control-plane/model/costs.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { Change } from '#control-plane/store/store.ts'

export class Draft {
  readonly #jobs: (id: string) => Job | null
  readonly #instances: (id: string) => Instance | null
  readonly #functions: (id: string) => InferenceFunction | null
  readonly #changedJobs = new Map<string, Job>()
  readonly #changedFunctions = new Map<string, InferenceFunction>()
  readonly #changedInstances = new Map<string, Instance>()
  readonly #others: Change[] = []
  readonly #carried: Map<string, number>

  constructor(
    jobs: (id: string) => Job | null,
    instances: (id: string) => Instance | null,
    /** Bytes by linkMonthKey until now. */
    carried: ReadonlyMap<string, number> = new Map(),
    functions: (id: string) => InferenceFunction | null = () => null,
  ) {
    this.#functions = functions
    this.#jobs = jobs
    this.#instances = instances
    this.#carried = new Map(carried)
  }

  job(id: string): Job | null {
    return this.#changedJobs.get(id) ?? this.#jobs(id)
  }

  function(id: string): InferenceFunction | null {
    return this.#changedFunctions.get(id) ?? this.#functions(id)
  }

  instance(id: string): Instance | null {
    return this.#changedInstances.get(id) ?? this.#instances(id)
  }

  putJob(job: Job): void {
    this.#changedJobs.set(job.id, job)
  }

  putFunction(of: InferenceFunction): void {
    this.#changedFunctions.set(of.id, of)
  }

  putInstance(instance: Instance): void {
    this.#changedInstances.set(instance.id, instance)
  }

  add(change: Change): void {
    this.#others.push(change)
    if (change.kind !== 'ledger' || change.entry.kind !== 'wan-bytes') return
    const { region, subject, fromMs, quantity } = change.entry
    const key = linkMonthKey({ from: region, to: subject, monthMs: monthOf(fromMs) })
    this.#carried.set(key, (this.#carried.get(key) ?? 0) + quantity)
  }

  /** What a link has carried in a month, this draft's entries among it: price tiers go by that. */
  carried(month: LinkMonthOf): number {
    return this.#carried.get(linkMonthKey(month)) ?? 0
  }

  changes(): readonly Change[] {
    return [
      ...[...this.#changedJobs.values()].map((job): Change => ({ kind: 'job', job })),
      ...[...this.#changedFunctions.values()].map((each): Change => ({ kind: 'function', function: each })),
      ...[...this.#changedInstances.values()].map((instance): Change => ({ kind: 'instance', instance })),
      ...this.#others,
    ]
  }
}

export type LinkMonthOf = { readonly from: string; readonly to: string; readonly monthMs: number }

export function linkMonthKey({ from, to, monthMs }: LinkMonthOf): string {
  return `${from} ${to} ${monthMs}`
}
