// What ASGD sends: the sum of its mini-batch gradients, so that a receiver's `w -= rate × sum` repeats the sender's own
// steps. Right only where a step is `w -= rate × gradient`: plain SGD. Steps at another learning rate than the sum's
// first enter it × (their rate / its rate), so one number per group still describes the whole sum; at an unchanged rate
// the factor is exactly 1. Buffer changes are summed × the region's data share. What an encoding loses stays in the sum.
import type { Accumulator, Untold } from './accumulator.ts'
import { segmentsOf, type Segment } from './segments.ts'
import type { LocalStep, StrategySnapshot, SyncContext } from '../update-strategy.ts'

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

  untold(): Untold {
    const { memory } = this.#context
    const values = memory.allocate(this.#sum.length)
    memory.kernels.copy(values, this.#sum)
    return { values, learningRates: [...this.#rates] }
  }

  told(values: Float32Array, isAll: boolean): void {
    const { kernels } = this.#context.memory
    if (!isAll) return kernels.addScaled(this.#sum, values, -1)
    kernels.scale(this.#sum, 0)
    this.#rates = []
  }

  addUntoldTo(parameters: Float32Array): void {
    this.#move(parameters, 1)
  }

  takeUntoldFrom(parameters: Float32Array): void {
    this.#move(parameters, -1)
  }

  save(): StrategySnapshot {
    return { state: { rates: [...this.#rates] }, vectors: { sum: this.#sum } }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    this.#rates = [...(state as { rates: number[] }).rates]
    this.#context.memory.kernels.copy(this.#sum, vectors['sum']!)
  }

  #move(parameters: Float32Array, sign: 1 | -1): void {
    const { memory, replica } = this.#context
    for (const { group, start, end } of this.#segments) {
      const rate = this.#rates[group] ?? 0
      memory.kernels.addScaled(parameters.subarray(start, end), this.#sum.subarray(start, end), -rate * sign)
    }
    if (replica.parameterCount === replica.elementCount) return
    const buffers = parameters.subarray(replica.parameterCount)
    memory.kernels.addScaled(buffers, this.#sum.subarray(replica.parameterCount), sign)
  }
}
