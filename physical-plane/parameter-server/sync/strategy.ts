// How replicas of one model are kept together over the WAN. A strategy is composed of when it speaks (interval), what it
// says (gradient sum, parameter change, model), how a receiver applies that, and whom it waits for (membership). The
// partition owns everything else: numbering, durability, exactly-once, workers, the final synchronisation.
import type { Replica } from '../replica/replica.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Draft, Update } from './update.ts'

export type SyncOptions = {
  readonly strategy: string
  /** Local steps between two rounds; 0 takes the strategy's default. */
  readonly interval: number
  /** "sum" or "mean"; "synchronous" or "asynchronous"; empty takes the strategy's default. */
  readonly mode: string
  /** DC-ASGD's lambda; 0 is off. */
  readonly delayCompensation: number
}

/** What a strategy may know of the partition around it. */
export type SyncContext = {
  readonly region: string
  /** This region's share of the job's samples, 0 to 1. */
  readonly dataShare: number
  readonly replica: Replica
  readonly memory: VectorMemory
  readonly seed: number
  /** Regions that are not pruned, ascending, this one included. */
  readonly members: () => readonly string[]
  /** The region, this one included, has no more local steps to give; all it sealed before has been received. */
  readonly hasDrained: (region: string) => boolean
  /** Updates applied, by region. */
  readonly versions: () => Readonly<Record<string, number>>
}

export type LocalStep = {
  /** The caller takes it back afterwards. */
  readonly gradient: Float32Array
  /** As applied to the replica, one per parameter group. */
  readonly learningRates: readonly number[]
  readonly samples: number
}

/** A round that a barrier has just closed: the replica is now what every member's is. */
export type ClosedRound = { readonly round: number; readonly members: readonly string[] }

export type StrategySnapshot = {
  /** Plain JSON. */
  readonly state: unknown
  /** Copies, so that they can be written while training goes on. */
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export interface SyncStrategy {
  /** Factor on the learning rates of local steps. */
  readonly rateScale: number
  /** Factor on the changes of buffers of local steps. */
  readonly bufferWeight: number
  /** Local steps must wait: a round is being closed. */
  readonly isBlocked: boolean
  /** This region's weight in the final average. */
  readonly finalMass: number
  /** The replica has its first values. */
  start(): void
  /** A local step was applied to the replica. */
  stepped(step: LocalStep): void
  /** An update should be sealed. `isLast`: no local step will follow. */
  isDue(isLast: boolean): boolean
  seal(): Draft
  /** Takes a peer's update in; false when it must be offered again after something changed. Keeps no reference. */
  receive(update: Update): boolean
  /** Closes the round when everybody expected is here. */
  closeRound(): ClosedRound | null
  save(): StrategySnapshot
  restore(snapshot: StrategySnapshot): void
}

export type StrategyFactory = (options: SyncOptions, context: SyncContext) => SyncStrategy
