// What ASGD sends: the sum of its mini-batch gradients, so that a receiver's `w -= rate × sum` repeats the sender's own
// steps. Right only where a step is `w -= rate × gradient`: plain SGD. Steps at another learning rate than the sum's
// first enter it × (their rate / its rate), so one number per group still describes the whole sum; at an unchanged rate
// the factor is exactly 1. Buffer changes are summed × the region's data share.
import type { Accumulator, Taken } from './accumulator.ts'
import type { SyncContext, LocalStep, StrategySnapshot } from './strategy.ts'
import { segmentsOf, type Segment } from './segments.ts'

export class GradientSum implements Accumulator {
  readonly kind = 'gradient'
  readonly #context: SyncContext
  readonly #segments: readonly Segment[]
  readonly #sum: Float32Array
  #rates: number[] = []

  constructor(context: SyncContext) {
    this.#context = context
    this.#segments = segmentsOf(context.replica.layout)
    this.#sum = context.memory.allocate(context.replica.elementCount)
  }

  start(): void {}

  add({ gradient, learningRates }: LocalStep): void {
    const { memory, replica, dataShare } = this.#context
    if (this.#rates.length === 0) this.#rates = [...learningRates]
    for (const { group, start, end } of this.#segments) {
      // Nothing of this group is in the sum while its rate is 0.
      if (this.#rates[group] === 0) this.#rates[group] = learningRates[group]!
      const rate = this.#rates[group]!
      if (learningRates[group] === 0) continue
      const factor = learningRates[group]! / rate
      memory.kernels.addScaled(this.#sum.subarray(start, end), gradient.subarray(start, end), factor)
    }
    if (replica.parameterCount === replica.elementCount) return
    const buffers = this.#sum.subarray(replica.parameterCount)
    memory.kernels.addScaled(buffers, gradient.subarray(replica.parameterCount), dataShare)
  }

  peerApplied(): void {}

  take(): Taken {
    const taken = { payload: this.#sum.slice(), learningRates: this.#rates }
    this.#sum.fill(0)
    this.#rates = []
    return taken
  }

  save(): StrategySnapshot {
    return { state: { rates: this.#rates }, vectors: { sum: this.#sum.slice() } }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    this.#rates = [...(state as { rates: number[] }).rates]
    this.#sum.set(vectors['sum']!)
  }
}
