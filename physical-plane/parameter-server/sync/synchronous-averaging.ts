// Synchronous model averaging, SMA(H): every H local steps all regions exchange their models and go on from the average,
// weighted by the samples each has used in this round. A round closes when every member's model has arrived or the
// member has drained; who has no samples contributes nothing, but adopts. Buffers are averaged with the parameters.
// A synchronous momentum stays local: with plain or momentum SGD and H = 1 this equals synchronous SGD.
import { assert } from '#runtime/assert.ts'
import type { ClosedRound, LocalStep, StrategySnapshot, SyncContext, SyncStrategy } from './strategy.ts'
import { draftOf, type Draft, type Update } from './update.ts'

type Arrival = { readonly samples: number; readonly values: Float32Array }
type State = {
  readonly round: number
  readonly steps: number
  readonly samples: number
  readonly arrivals: readonly (readonly [string, number])[]
}

export class SynchronousAveraging implements SyncStrategy {
  readonly rateScale = 1
  readonly bufferWeight = 1
  readonly finalMass: number
  readonly #context: SyncContext
  readonly #interval: number
  #round = 1
  #steps = 0
  #samples = 0
  readonly #arrivals = new Map<string, Arrival>()

  constructor(interval: number, context: SyncContext) {
    this.#context = context
    this.#interval = interval
    this.finalMass = context.dataShare
  }

  get isBlocked(): boolean {
    return this.#steps >= this.#interval || this.#arrivals.has(this.#context.region)
  }

  start(): void {}

  stepped({ samples }: LocalStep): void {
    this.#steps += 1
    this.#samples += samples
  }

  isDue(isLast: boolean): boolean {
    if (this.#arrivals.has(this.#context.region)) return false
    return isLast ? this.#steps > 0 : this.#steps >= this.#interval
  }

  seal(): Draft {
    const payload = this.#context.replica.values.slice()
    this.#arrivals.set(this.#context.region, { samples: this.#samples, values: payload })
    return { ...draftOf('model', this.#round), steps: this.#steps, samples: this.#samples, payload }
  }

  receive({ header, payload }: Update): boolean {
    assert(header.kind === 'model', `a ${header.kind} update where models are exchanged`)
    if (header.round > this.#round) return false
    // A round that closed without this region, after it was pruned: its model is too late for anything.
    if (header.round < this.#round) return true
    this.#arrivals.set(header.region, { samples: header.samples, values: payload.slice() })
    return true
  }

  closeRound(): ClosedRound | null {
    const { members, hasDrained, replica, memory } = this.#context
    if (this.#arrivals.size === 0) return null
    if (!members().every((region) => this.#arrivals.has(region) || hasDrained(region))) return null
    // Ascending region id, so that every region adds in the same order.
    const arrived = [...this.#arrivals].sort(([a], [b]) => (a < b ? -1 : 1))
    const contributions = arrived.map(([, { samples, values }]) => ({ values, weight: samples }))
    memory.kernels.weightedMean(replica.values, contributions)
    const closed = { round: this.#round, members: arrived.map(([region]) => region) }
    this.#arrivals.clear()
    this.#round += 1
    this.#steps = 0
    this.#samples = 0
    return closed
  }

  save(): StrategySnapshot {
    const arrivals = Array.from(this.#arrivals, ([region, { samples }]) => [region, samples] as const)
    const state: State = { round: this.#round, steps: this.#steps, samples: this.#samples, arrivals }
    // Arrivals never change, so they need no copies.
    return {
      state,
      vectors: Object.fromEntries(Array.from(this.#arrivals, ([region, { values }]) => [region, values])),
    }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    const saved = state as State
    this.#round = saved.round
    this.#steps = saved.steps
    this.#samples = saved.samples
    for (const [region, samples] of saved.arrivals) this.#arrivals.set(region, { samples, values: vectors[region]! })
  }
}
