// What a region with a stateful optimiser (momentum, AdamW, weight decay) sends: how far its own steps moved the replica
// since its last update. `mark` is the replica as everybody else knows it from us: it moves with each change that was
// told and with each peer's change, so `values - mark` is what is still to be told, float32 rounding and what encodings
// lost included. Buffers take part like parameters; their local changes were scaled by the data share when applied.
import type { Accumulator, Untold } from './accumulator.ts'
import type { StrategySnapshot, SyncContext } from '../update-strategy.ts'

export class ParameterChange implements Accumulator {
  readonly kind = 'delta'
  readonly #context: SyncContext
  readonly #mark: Float32Array

  constructor(context: SyncContext) {
    this.#context = context
    this.#mark = context.memory.allocate(context.replica.elementCount)
  }

  start(): void {
    this.#context.memory.kernels.copy(this.#mark, this.#context.replica.values)
  }

  add(): void {}

  peerApplied(change: Float32Array): void {
    this.#context.memory.kernels.addScaled(this.#mark, change, 1)
  }

  untold(): Untold {
    const { memory, replica } = this.#context
    const values = memory.allocate(replica.elementCount)
    memory.kernels.copy(values, replica.values)
    memory.kernels.addScaled(values, this.#mark, -1)
    return { values, learningRates: [] }
  }

  told(values: Float32Array): void {
    this.#context.memory.kernels.addScaled(this.#mark, values, 1)
  }

  /** The mark becomes what the parameters were, so call it once: before, they are as everybody knows them. */
  addUntoldTo(parameters: Float32Array): void {
    const { memory } = this.#context
    const { values } = this.untold()
    memory.kernels.copy(this.#mark, parameters)
    memory.kernels.addScaled(parameters, values, 1)
    memory.release(values)
  }

  takeUntoldFrom(parameters: Float32Array): void {
    this.#context.memory.kernels.copy(parameters, this.#mark)
  }

  save(): StrategySnapshot {
    return { state: null, vectors: { mark: this.#mark } }
  }

  restore({ vectors }: StrategySnapshot): void {
    this.#context.memory.kernels.copy(this.#mark, vectors['mark']!)
  }
}
