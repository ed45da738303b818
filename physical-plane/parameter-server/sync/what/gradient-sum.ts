// What ASGD sends: the sum of its mini-batch gradients, so that a receiver's `w -= rate × sum` repeats the sender's own
// steps. Right only where a step is `w -= rate × gradient`: plain SGD. Steps at another learning rate than the sum's
// enter it × (their rate / its rate), so one number per group still describes the whole sum; at an unchanged rate the
// factor is exactly 1. What an encoding loses stays in the sum and is counted anew at the rate of the next step, so the
// sum keeps the size of gradients made now: delay compensation squares it, and codecs have a range.
// Buffer changes are summed × the region's data share.
import type { Accumulator, Untold } from './accumulator.ts'
import { segmentsOf, type Segment } from '../../replica/segments.ts'
import type { LocalStep, StrategySnapshot, SyncContext } from '../update-strategy.ts'

type State = { readonly rates: readonly number[]; readonly isRest: boolean }

/** A rate under this share of the sum's does not become the sum's: a schedule that ends at almost 0 would blow it up. */
const rateShareMin = 1e-6

export class GradientSum implements Accumulator {
  readonly kind = 'gradient'
  readonly #context: SyncContext
  readonly #segments: readonly Segment[]
  readonly #sum: Float32Array
  #rates: number[] = []
  /** Something was told and no step made since: what is in the sum is a rest. */
  #isRest = false

  constructor(context: SyncContext) {
    this.#context = context
    this.#segments = segmentsOf(context.replica.layout)
    this.#sum = context.memory.allocate(context.replica.elementCount)
  }

  start(): void {}

  add({ gradient, learningRates }: LocalStep): void {
    const { memory, replica, dataShare } = this.#context
    this.#takeRates(learningRates)
    for (const { group, start, end } of this.#segments) {
      if (learningRates[group] === 0) continue
      const factor = learningRates[group]! / this.#rates[group]!
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
    this.#isRest = !isAll
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
    const state: State = { rates: [...this.#rates], isRest: this.#isRest }
    return { state, vectors: { sum: this.#sum } }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    const { rates, isRest } = state as State
    this.#rates = [...rates]
    this.#isRest = isRest
    this.#context.memory.kernels.copy(this.#sum, vectors['sum']!)
  }

  /** A step's rates become the sum's where nothing is in it yet, or only a rest, or where they are twice as large. */
  #takeRates(learningRates: readonly number[]): void {
    const { kernels } = this.#context.memory
    const before = this.#rates
    this.#rates = learningRates.map((rate, group) => {
      const known = before[group] ?? rate
      const isTaken = rate > 2 * known || (this.#isRest && rate > rateShareMin * known)
      return isTaken ? rate : known
    })
    this.#isRest = false
    if (before.length === 0) return
    for (const { group, start, end } of this.#segments) {
      const factor = before[group]! / this.#rates[group]!
      // Where both are 0 nothing is in the sum.
      if (this.#rates[group] !== before[group]) kernels.scale(this.#sum.subarray(start, end), factor)
    }
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
