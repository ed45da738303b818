// What a partition offers to its workers. `exchange/` brings workers here, over shared memory or gRPC; the partition
// behind it decides what their gradients do. Neither knows the other's insides.
import type { Layout } from './replica/layout.ts'
import type { Replica } from './replica/replica.ts'

export type JoiningWorker = {
  /** Names this membership; a worker that joins again gets another. Leases are held by it. */
  readonly workerId: string
  readonly instanceId: string
  readonly attempt: number
  readonly layout: Layout
}

export type Membership = {
  /** The replica has values already. */
  readonly hasParameters: boolean
  /** This worker's own parameters become the first ones: it must call `initialise`. */
  readonly wantsInitial: boolean
  /** This worker runs the evaluation. */
  readonly evaluates: boolean
}

export type LeaseAnswer =
  | {
      readonly outcome: 'granted'
      readonly leaseId: number
      readonly epoch: number
      readonly start: number
      readonly end: number
    }
  | { readonly outcome: 'evaluate'; readonly isFinal: boolean }
  | { readonly outcome: 'finished' }

export type Step = {
  readonly workerId: string
  readonly leaseId: number
  /** Positions of the lease used so far, this step's included. */
  readonly leaseUsed: number
  readonly samples: number
  readonly loss: number
  /** One per parameter group. */
  readonly learningRates: readonly number[]
  /** Finite, in the order of the layout; the caller takes it back when the outcome is there. */
  readonly gradient: Float32Array
}

export type StepOutcome = {
  /** `lease-lost`, `refused`: nothing changed. */
  readonly status: 'done' | 'lease-lost' | 'refused'
  /** Why, where it is not done. */
  readonly text: string
  readonly version: number
  /** Training is over: ask for a lease to hear it. */
  readonly isOver: boolean
}

export interface WorkerSide {
  /** Null until a layout is known. */
  readonly replica: Replica | null
  /** Grows with every change of the replica. */
  readonly version: number
  /** Throws a `CloudlessError` where the layout differs from the job's. */
  join(worker: JoiningWorker): Membership
  /** The partition's first values. Without effect when it has values already. */
  initialise(workerId: string, values: Float32Array): void
  /**
   * Resolves once the replica has values, or the first ones are wanted after all, which a worker is told when it joins;
   * rejects with the signal's reason.
   */
  whenReady(signal: AbortSignal): Promise<'ready' | 'join-again'>
  /** Waits until there is something to do; rejects with the signal's reason. */
  lease(workerId: string, signal: AbortSignal): Promise<LeaseAnswer>
  step(step: Step): StepOutcome | Promise<StepOutcome>
  evaluation(workerId: string, epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void
  /** Gives the worker's leases back. Without effect for a worker that is not a member. */
  leave(workerId: string, reason: string): void
}
