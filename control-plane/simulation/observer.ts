// What is kept of a run while it goes on: jobs as they were seen last, spot losses, what was metered, and how full the
// world was now and then. Everything else is read from the store at the end.
import type { Job } from '#control-plane/model/job.ts'
import type { Forecast } from '#control-plane/model/plan.ts'
import type { Usage } from '#control-plane/model/ledger.ts'
import type { Store } from '#control-plane/store/store.ts'
import type { Clock } from '#runtime/clock.ts'
import type { FluidAgent } from './fluid-agent.ts'

export type Sight = {
  readonly atSeconds: number
  readonly waiting: number
  readonly running: number
  readonly unitsInUse: number
  readonly unitsThere: number
}

export class Observer {
  readonly #store: Store
  readonly #clock: Clock
  readonly #agents: ReadonlyMap<string, FluidAgent>
  /** As of the last commit that touched them before they ended. */
  readonly #active = new Map<string, Job>()
  readonly #ended = new Map<string, Job>()
  readonly #firstForecasts = new Map<string, Forecast>()
  readonly #sights: Sight[] = []
  readonly #losses = new Map<string, { units: number; hits: number }>()
  readonly #refusals: { readonly kind: string; readonly text: string }[] = []
  #deviceSeconds = 0
  #lastEndMs = 0

  constructor(store: Store, clock: Clock, agents: ReadonlyMap<string, FluidAgent>) {
    this.#store = store
    this.#clock = clock
    this.#agents = agents
    store.onCommit(({ jobIds }) => {
      for (const id of jobIds) this.#see(id)
    })
  }

  get arrived(): number {
    return this.#active.size + this.#ended.size + this.#refusals.length
  }

  get ended(): number {
    return this.#ended.size + this.#refusals.length
  }

  get sights(): readonly Sight[] {
    return this.#sights
  }

  get refusals(): readonly { readonly kind: string; readonly text: string }[] {
    return this.#refusals
  }

  /** By "region key". */
  get losses(): ReadonlyMap<string, { readonly units: number; readonly hits: number }> {
    return this.#losses
  }

  get deviceSeconds(): number {
    return this.#deviceSeconds
  }

  get lastEndMs(): number {
    return this.#lastEndMs
  }

  /** Of the whole job: later plans forecast what is left. */
  firstForecast(jobId: string): Forecast | null {
    return this.#firstForecasts.get(jobId) ?? null
  }

  jobIds(): readonly string[] {
    return [...this.#active.keys(), ...this.#ended.keys()].sort()
  }

  isOver(jobs: number): boolean {
    return this.#active.size === 0 && this.arrived >= jobs
  }

  submitted(job: Job): void {
    this.#active.set(job.id, job)
  }

  refused(kind: string, text: string): void {
    this.#refusals.push({ kind, text })
  }

  lost(region: string, key: string, units: number, hits: number): void {
    const name = `${region} ${key}`
    const before = this.#losses.get(name) ?? { units: 0, hits: 0 }
    this.#losses.set(name, { units: before.units + units, hits: before.hits + hits })
  }

  metered(usage: Usage): void {
    if (usage.kind === 'device-seconds') this.#deviceSeconds += usage.quantity
  }

  look(atSeconds: number): void {
    let [unitsInUse, unitsThere, running] = [0, 0, 0]
    for (const agent of this.#agents.values()) {
      for (const pool of agent.pools) {
        unitsInUse += pool.used
        unitsThere += pool.available
      }
    }
    for (const { state } of this.#active.values()) if (state !== 'pending') running += 1
    this.#sights.push({ atSeconds, waiting: this.#active.size - running, running, unitsInUse, unitsThere })
  }

  #see(id: string): void {
    const before = this.#active.get(id)
    if (before === undefined) return
    const job = this.#store.activeJob(id)
    if (job !== null) {
      this.#active.set(id, job)
      const forecast = job.plan?.forecast ?? null
      if (forecast !== null && !this.#firstForecasts.has(id)) this.#firstForecasts.set(id, forecast)
      return
    }
    this.#active.delete(id)
    this.#ended.set(id, before)
    this.#lastEndMs = this.#clock.now()
  }
}
