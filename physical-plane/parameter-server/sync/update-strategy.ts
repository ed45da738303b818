// Strategies whose regions do not wait for each other: when they speak, what they say and how a receiver applies it. The
// partition owns everything else: numbering, durability, exactly-once, workers, the last round. Sealing has two halves,
// because encoding takes a moment: `prepare` changes nothing; `sealed` counts what was prepared as told.
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Replica } from '../replica/replica.ts'
import type { Draft, UpdateHeader } from './update.ts'

/** What a strategy may know of the partition around it. */
export type SyncContext = {
  readonly settings: SyncSettings
  readonly region: string
  /** This region's share of the job's samples, 0 to 1. */
  readonly dataShare: number
  readonly replica: Replica
  readonly memory: VectorMemory
  readonly seed: number
  /** Regions that are not pruned, ascending, this one included. */
  readonly members: () => readonly string[]
  /** Updates applied, by region. */
  readonly versions: () => Readonly<Record<string, number>>
  /** An update was too stale to be used, and is left out. */
  readonly dropped: (region: string, stalenessSteps: number) => void
}

export type LocalStep = {
  /** The caller takes it back afterwards. */
  readonly gradient: Float32Array
  /** As applied to the replica, one per parameter group. */
  readonly learningRates: readonly number[]
  readonly samples: number
}

/** What became of a peer's update. */
export type Receipt = {
  readonly isApplied: boolean
  /** Local steps made here since what of ours the peer had when it began to accumulate; 0 where nothing depends on it. */
  readonly stalenessSteps: number
}

export type StrategySnapshot = {
  /** Plain JSON. */
  readonly state: unknown
  /** The strategy's own: copy them before anything changes. */
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export interface UpdateStrategy {
  /** Factor on the learning rates of local steps. */
  readonly rateScale: number
  /** Factor on the changes of buffers of local steps. */
  readonly bufferWeight: number
  /** This region's weight in the last round. */
  readonly finalMass: number
  /** The replica has its first values. */
  start(): void
  /** A local step was applied to the replica. */
  stepped(step: LocalStep): void
  /** An update should be sealed. `isLast`: no local step will follow. */
  isDue(isLast: boolean): boolean
  /** Where no local step will follow, nothing is left out: it could not go along with the next. */
  prepare(isLast: boolean): Promise<Draft>
  /** The draft that was prepared has this number now. */
  sealed(seq: number): void
  /** Applies a peer's update, or leaves it out for good where it is too stale; keeps no reference. */
  receive(header: UpdateHeader, values: Float32Array): Receipt
  /** Throws `invalid` where the update is not what a peer with the same strategy sends; answers its codec. */
  expects(header: UpdateHeader): CodecName
  /** Elements of what a peer may send to this region. */
  decodes(header: UpdateHeader, bytes: Uint8Array, target: Float32Array): Promise<void>
  /** Takes out of a copy of the replica what this region has not sealed yet: what is left is what others can know. */
  takeUntoldFrom(parameters: Float32Array): void
  /** A snapshot's parameters take the place of the replica's; what this region has not told yet is added to them. */
  rebase(
    parameters: Float32Array,
    untold: readonly { readonly header: UpdateHeader; readonly values: Float32Array }[],
  ): void
  save(): StrategySnapshot
  restore(snapshot: StrategySnapshot): void
}
