// What planning remembers from one pass to the next, so that a thousand jobs that wait are not planned anew because one ended
// somewhere: a job for which no units were found is looked at again only once a region that it lacks units of has others.
// Memory changes no decision, only how soon it is there. It is the planner's own, and is kept by whoever calls it.
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { rememberedStatesMax } from './config.ts'
import type { Held } from './feasible.ts'
import { unitsMemory, type FreeUnits } from './free-units.ts'
import type { Placement } from './place-job.ts'

type Waiting = Pick<Placement, 'waitsFor'> & {
  readonly spec: Job['spec']
  readonly blockedBy: readonly string[]
  /** Of those regions, when it was planned. */
  readonly states: string
}

/** What every plan hangs on beside the units of regions. */
type Facts = {
  readonly catalogue: Snapshot['catalogue']
  readonly throughput: Snapshot['throughput']
  readonly modelSizes: Snapshot['modelSizes'] | undefined
  readonly measuredLinks: Snapshot['measuredLinks'] | undefined
  /** Who is there. */
  readonly agents: string
}

export class PlanMemory {
  readonly units = unitsMemory()
  readonly #waiting = new Map<string, Waiting>()
  /** Numbers for the states that regions were in: of equal states equal ones. */
  readonly #numbers = new Map<string, number>()
  #facts: Facts | null = null
  #index: CatalogueIndex | null = null

  /** Begins a pass. */
  begin(snapshot: Snapshot): CatalogueIndex {
    const { catalogue, throughput, modelSizes, measuredLinks, jobs } = snapshot
    const agents = snapshot.agents.map(({ region, isConnected }) => `${region} ${isConnected}`).join(',')
    const facts = { catalogue, throughput, modelSizes, measuredLinks, agents }
    if (this.#index?.catalogue !== catalogue) this.#index = indexCatalogue(catalogue)
    if (!isSame(this.#facts, facts) || this.#numbers.size > rememberedStatesMax) this.#forget()
    this.#facts = facts
    this.#forgetEnded(jobs)
    return this.#index
  }

  /** What a job waits for that would be planned as it was; null where it has to be planned. */
  recall({ id, spec, plan }: Job, states: RegionStates): Waiting | null {
    const known = this.#waiting.get(id)
    if (known === undefined || plan === null || known.spec !== spec) return null
    return known.states === states.ofAll(known.blockedBy) ? known : null
  }

  /** `states` are those that it was planned on. */
  remember({ id, spec }: Job, { waitsFor, blockedBy, plan }: Placement, states: RegionStates): void {
    if (blockedBy === null || plan.outcome !== 'waiting') this.#waiting.delete(id)
    else this.#waiting.set(id, { spec, waitsFor, blockedBy, states: states.ofAll(blockedBy) })
  }

  /** Of a state that was seen before the same number as then. */
  numberOf(state: string): number {
    const known = this.#numbers.get(state)
    if (known !== undefined) return known
    this.#numbers.set(state, this.#numbers.size)
    return this.#numbers.size - 1
  }

  #forget(): void {
    this.#waiting.clear()
    this.#numbers.clear()
  }

  #forgetEnded(jobs: readonly Job[]): void {
    if (this.units.held.size + this.#waiting.size <= 2 * jobs.length + 100) return
    const living = new Set(jobs.map(({ id }) => id))
    for (const id of this.units.held.keys()) if (!living.has(id)) this.units.held.delete(id)
    for (const id of this.#waiting.keys()) if (!living.has(id)) this.#waiting.delete(id)
  }
}

function isSame(a: Facts | null, b: Facts): boolean {
  return (
    a !== null &&
    a.catalogue === b.catalogue &&
    a.throughput === b.throughput &&
    a.modelSizes === b.modelSizes &&
    a.measuredLinks === b.measuredLinks &&
    a.agents === b.agents
  )
}

/** For whom regions have units at all, which is what decides whether a job waits: how many there are does not. */
export class RegionStates {
  readonly #memory: PlanMemory
  readonly #units: FreeUnits
  readonly #held: Held
  readonly #known = new Map<string, number>()

  constructor(memory: PlanMemory, units: FreeUnits, held: Held) {
    this.#memory = memory
    this.#units = units
    this.#held = held
  }

  ofAll(regions: readonly string[]): string {
    return regions.map((region) => this.#of(region)).join(',')
  }

  /** Its units were taken, or held. */
  changed(region: string): void {
    this.#known.delete(region)
  }

  #of(region: string): number {
    const known = this.#known.get(region)
    if (known !== undefined) return known
    const here = this.#units.get(region)
    const free = here === undefined ? [] : [...here.free].map(([key, units]) => `${key}:${units > 0}`)
    const held = [...(this.#held.get(region) ?? [])].map(([model, jobId]) => `${model}=${jobId}`)
    const shared = [...(here?.shared ?? [])].map(([key, units]) => `${key}~${units.signature()}`)
    const state = [region, ...free, ...shared, ...held].join(' ')
    const number = this.#memory.numberOf(state)
    this.#known.set(region, number)
    return number
  }
}
