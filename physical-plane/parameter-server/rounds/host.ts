// What rounds need of the partition around them, and what they tell it.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { Shelf } from '../peers/shelf.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Layout } from '../replica/layout.ts'
import type { Replica } from '../replica/replica.ts'
import type { UpdateHeader } from '../sync/update.ts'
import type { Proposal, StateSnapshot } from './types.ts'

export type RoundsLinks = {
  readonly clock: Clock
  readonly log: Log
  readonly memory: VectorMemory
  readonly fetcher: PeerFetcher
  readonly shelf: Shelf
}

export type CommittedRound = {
  readonly proposal: Proposal
  /** This region's contribution is in it. */
  readonly isMember: boolean
  readonly codec: string
  readonly fragments: number
  /** Of this region's contribution, in the round or not; 0 without. */
  readonly steps: number
  readonly samples: number
  readonly codecError: number
  /** Local steps between making the contribution and applying the result. */
  readonly stalenessSteps: number
  /** Between the same two; 0 without a contribution. */
  readonly exchangeSeconds: number
  /** sha256 over the shared parameters and the outer optimiser's state. */
  readonly stateHash: Promise<string>
}

export interface RoundsHost {
  readonly region: string
  /** Null until the first values are known. */
  readonly replica: Replica | null
  /** Null until a worker or another region has told it. */
  readonly layout: Layout | null
  /** Tells this process from others of the region. */
  readonly incarnation: number
  /** What earlier attempts of this process promised others is lost. */
  readonly hasForgotten: boolean
  /** This region gives no more local steps. */
  readonly hasDrained: boolean
  /** All that the other regions sent outside of rounds has been applied, so the last round may be. */
  readonly isReadyForFinal: boolean
  /** This region's weight in the last round where regions do not meet in rounds before. */
  readonly finalMass: number
  readonly stepsPerSecond: number
  /** JSON of the lease table as it is now. */
  readonly cursor: string
  /** Updates that this region needs are held by nobody any more. */
  readonly isBehindUpdates: boolean
  requestCheckpoint(withinMs: number): void
  /** Does whatever the new state asks for and wakes everybody. */
  advance(): void
  fail(reason: string, text: string): void
  refused(region: string, reason: string, text: string): void
  committed(round: CommittedRound): void
  /** Goes on from a position in its data that this region had told others, and lost. */
  resume(cursor: string): void
  /** Why `resume` could not go on from there; null where it could. */
  cursorProblem(cursor: string): string | null
  /** Updates applied, by region, and the positions in their data that came with them. */
  versions(): Readonly<Record<string, number>>
  /** Counts updates that nobody holds any more as refused, and goes on without them. */
  giveUpMissed(): void
  /** What a snapshot must have in it to take nothing back: own updates that this region does not hold itself any more, too. */
  needed(): Readonly<Record<string, number>>
  cursors(): Readonly<Record<string, string>>
  /**
   * A copy of the replica with nothing in it but the updates of `versions`, which the caller releases; null while some of
   * them could still be lost with this process.
   */
  shareable(): Float32Array | null
  /** Makes a replica for the snapshot's layout where there is none; answers it. */
  replicaFor(snapshot: StateSnapshot): Replica
  /**
   * Updates of this region that the snapshot does not have, once what is being sealed is among them; the caller releases
   * the vectors.
   */
  untoldSince(
    snapshot: StateSnapshot,
    signal: AbortSignal,
  ): Promise<readonly { readonly header: UpdateHeader; readonly values: Float32Array }[]>
  /** The rounds' part of the snapshot is in place. All vectors belong to the caller. */
  adopted(
    snapshot: StateSnapshot,
    parameters: Float32Array,
    untold: readonly { readonly header: UpdateHeader; readonly values: Float32Array }[],
  ): void
}
