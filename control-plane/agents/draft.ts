// Changes that many agents ask for, gathered for one transaction: each sees the objects as the ones before it left them.
import type { Job } from '#control-plane/model/job.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { Change } from '#control-plane/store/store.ts'

export class Draft {
  readonly #jobs: (id: string) => Job | null
  readonly #instances: (id: string) => Instance | null
  readonly #changedJobs = new Map<string, Job>()
  readonly #changedInstances = new Map<string, Instance>()
  readonly #others: Change[] = []

  constructor(jobs: (id: string) => Job | null, instances: (id: string) => Instance | null) {
    this.#jobs = jobs
    this.#instances = instances
  }

  job(id: string): Job | null {
    return this.#changedJobs.get(id) ?? this.#jobs(id)
  }

  instance(id: string): Instance | null {
    return this.#changedInstances.get(id) ?? this.#instances(id)
  }

  putJob(job: Job): void {
    this.#changedJobs.set(job.id, job)
  }

  putInstance(instance: Instance): void {
    this.#changedInstances.set(instance.id, instance)
  }

  add(change: Change): void {
    this.#others.push(change)
  }

  changes(): readonly Change[] {
    return [
      ...[...this.#changedJobs.values()].map((job): Change => ({ kind: 'job', job })),
      ...[...this.#changedInstances.values()].map((instance): Change => ({ kind: 'instance', instance })),
      ...this.#others,
    ]
  }
}
