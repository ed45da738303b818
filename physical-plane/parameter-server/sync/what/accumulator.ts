// What a region has to tell since its last update, whatever an encoding left out of that included.
import type { LocalStep, StrategySnapshot } from '../update-strategy.ts'

export type Untold = {
  /** The caller releases it. */
  readonly values: Float32Array
  readonly learningRates: readonly number[]
}

export interface Accumulator {
  readonly kind: 'gradient' | 'delta'
  start(): void
  /** After a local step was applied to the replica. */
  add(step: LocalStep): void
  /** After a peer's change was added to the replica: it is not ours to tell. */
  peerApplied(change: Float32Array): void
  /** A copy of what is to be told. */
  untold(): Untold
  /** This much of it was told. `isAll`: nothing was lost by encoding it. */
  told(values: Float32Array, isAll: boolean): void
  /** Adds what is untold to a vector of parameters. */
  addUntoldTo(parameters: Float32Array): void
  /** The same the other way round; the parameters are a copy of the replica. */
  takeUntoldFrom(parameters: Float32Array): void
  save(): StrategySnapshot
  restore(snapshot: StrategySnapshot): void
}
