// Judges workers by what their parameter server says of them. One that makes no progress is started again, also one that
// never joined; one that ends with code 0 has completed only once training was over, or a script that returns too early
// would leave its job waiting for ever.
import type { Clock } from '#runtime/clock.ts'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { AgentConfig } from './config.ts'
import type { InstanceLife } from './instance-life.ts'

export type WorkerWatchDependencies = {
  readonly clock: Clock
  readonly config: Pick<AgentConfig, 'joinPatience' | 'verdictPollMs'>
  readonly lives: () => readonly InstanceLife[]
}

/** What a parameter server said last, and how often it has said something. */
type Heard = { readonly status: InstanceStatus__Output; readonly count: number }
type Absence = { readonly runs: string; readonly sinceMs: number }

export class WorkerWatch {
  readonly #d: WorkerWatchDependencies
  readonly #heard = new Map<string, Heard>()
  /** Running workers that their parameter server does not know, by instance id. */
  readonly #absent = new Map<string, Absence>()

  constructor(dependencies: WorkerWatchDependencies) {
    this.#d = dependencies
  }

  heard(server: InstanceLife, status: InstanceStatus__Output): void {
    this.#heard.set(server.id, { status, count: this.#countOf(server) + 1 })
    const stallMs = (server.instance.spec.training?.stallTimeoutSeconds ?? 0) * 1_000
    for (const worker of this.#workersOf(server)) {
      if (status.stalledWorkers.includes(worker.id)) this.#restartStalled(worker, stallMs)
      else this.#restartAbsent(worker, server, status, stallMs * this.#d.config.joinPatience)
    }
  }

  /** '' when the worker, which ended with code 0, was right to; also when that no longer matters to anybody. */
  async incompleteBecause(worker: InstanceLife, signal: AbortSignal): Promise<string> {
    const { clock, config } = this.#d
    const first = this.#serverOf(worker)
    const countAtEnd = first === undefined ? 0 : this.#countOf(first)
    while (!signal.aborted) {
      const server = this.#serverOf(worker)
      if (server === undefined || isOver(server)) return ''
      const heard = this.#heard.get(server.id)
      if (heard?.status.isTrainingOver === true) return ''
      // The first word after the end may have been on its way before.
      const isNews = heard !== undefined && heard.count >= countAtEnd + 2
      if (isNews && !heard.status.joinedWorkers.includes(worker.id)) return 'it ended before training was over'
      await clock.sleep(config.verdictPollMs, signal)
    }
    return ''
  }

  forget(instanceId: string): void {
    this.#heard.delete(instanceId)
    this.#absent.delete(instanceId)
  }

  #restartStalled(worker: InstanceLife, stallMs: number): void {
    // The report may be about the run before: a run is not stalled before it had the time to.
    if (this.#d.clock.now() - worker.startedAtMs < stallMs) return
    void worker.restart(`made no progress for ${stallMs / 1_000} s`)
  }

  /** A worker that hangs before it joins is known to nobody but us. */
  #restartAbsent(worker: InstanceLife, server: InstanceLife, status: InstanceStatus__Output, limitMs: number): void {
    if (worker.run === null || status.isTrainingOver || status.joinedWorkers.includes(worker.id)) {
      this.#absent.delete(worker.id)
      return
    }
    // Counted anew when either side starts again.
    const runs = `${worker.attempt}/${server.attempt}`
    const nowMs = this.#d.clock.monotonicMs()
    const absence = this.#absent.get(worker.id)
    if (absence?.runs !== runs) this.#absent.set(worker.id, { runs, sinceMs: nowMs })
    else if (limitMs > 0 && nowMs - absence.sinceMs >= limitMs)
      void worker.restart(`did not join its parameter server for ${limitMs / 1_000} s`)
  }

  #workersOf(server: InstanceLife): readonly InstanceLife[] {
    return this.#d.lives().filter(({ jobId, instance }) => jobId === server.jobId && instance.role === 'worker')
  }

  #serverOf(worker: InstanceLife): InstanceLife | undefined {
    return this.#d.lives().find(({ jobId, instance }) => jobId === worker.jobId && instance.role === 'parameter-server')
  }

  #countOf(server: InstanceLife): number {
    return this.#heard.get(server.id)?.count ?? 0
  }
}

function isOver({ state }: InstanceLife): boolean {
  return state === 'completed' || state === 'failed' || state === 'stopped'
}
