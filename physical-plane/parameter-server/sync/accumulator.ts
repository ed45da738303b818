// What a region has to tell since its last update.
import type { LocalStep, StrategySnapshot } from './strategy.ts'

export type Taken = { readonly payload: Float32Array; readonly learningRates: readonly number[] }

export interface Accumulator {
  readonly kind: 'gradient' | 'delta'
  start(): void
  /** After a local step was applied to the replica. */
  add(step: LocalStep): void
  /** After a peer's change was added to the replica: it is not ours to tell. */
  peerApplied(change: Float32Array): void
  /** What has been accumulated; begins anew. */
  take(): Taken
  save(): StrategySnapshot
  restore(snapshot: StrategySnapshot): void
}
