// What a region with a stateful optimiser (momentum, AdamW, weight decay) sends: how far its own steps moved the replica
// since its last update. `mark` is the replica as everybody else knows it from us: it moves with each sealed change and
// with each peer's change, so `values - mark` is what is still to be told, float32 rounding of earlier changes included.
// Buffers take part like parameters; their local changes were scaled by the data share when they were applied.
import type { Accumulator, Taken } from './accumulator.ts'
import type { StrategySnapshot, SyncContext } from './strategy.ts'

export class ParameterChange implements Accumulator {
  readonly kind = 'delta'
  readonly #context: SyncContext
  readonly #mark: Float32Array

  constructor(context: SyncContext) {
    this.#context = context
    this.#mark = context.memory.allocate(context.replica.elementCount)
  }

  start(): void {
    this.#mark.set(this.#context.replica.values)
  }

  add(): void {}

  peerApplied(change: Float32Array): void {
    this.#context.memory.kernels.addScaled(this.#mark, change, 1)
  }

  take(): Taken {
    const { memory, replica } = this.#context
    const change = memory.allocate(replica.elementCount)
    change.set(replica.values)
    memory.kernels.addScaled(change, this.#mark, -1)
    memory.kernels.addScaled(this.#mark, change, 1)
    const payload = change.slice()
    memory.release(change)
    return { payload, learningRates: [] }
  }

  save(): StrategySnapshot {
    return { state: null, vectors: { mark: this.#mark.slice() } }
  }

  restore({ vectors }: StrategySnapshot): void {
    this.#mark.set(vectors['mark']!)
  }
}
