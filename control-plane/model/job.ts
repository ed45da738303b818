// What a job is to the control plane: the request, decoded and checked, and where it stands.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Market } from '#regions/catalogue.ts'
import type { AddressBook } from './address-book.ts'
import type { GpuShare } from './gpu-share.ts'
import type { Plan } from './plan.ts'
import type { Resumption } from './resumption.ts'

export type Holdout = { readonly region: string; readonly uri: string; readonly samples: number }

export type Shard = Holdout & {
  /** 0 where nobody has said. */
  readonly bytes: number
  /** Regions that it may be moved to: names, or "aws/*", "aws/eu-*" and "*". Empty: it stays where it is. */
  readonly mayMoveTo: readonly string[]
}

/** What the best plan is. */
export type Objective =
  /** Of the plans that take at most (1 + slack) times as long as the fastest one: the cheapest. */
  | { readonly kind: 'least-cost'; readonly slack: number }
  /** Of the plans within the budget: the fastest. */
  | { readonly kind: 'least-time' }
  /** Of the plans that end by then: the cheapest. */
  | { readonly kind: 'deadline'; readonly atMs: number }

export const budgetActions = ['warn', 'lengthen', 'move', 'stop'] as const
export type BudgetAction = (typeof budgetActions)[number]

export type Budget = {
  /** The most that the job may cost in all. */
  readonly usd: number
  /** What may be done, mildest first, once the forecast passes that. */
  readonly actions: readonly BudgetAction[]
}

export type JobSpec = {
  readonly name: string
  readonly function: {
    readonly bundleDigest: string
    readonly entrypoint: string
    readonly arguments: readonly string[]
    readonly environment: Readonly<Record<string, string>>
  }
  readonly shards: readonly Shard[]
  readonly holdout: Holdout | null
  readonly sync: SyncSettings
  readonly training: {
    readonly epochs: number
    readonly seed: number
    readonly workerMode: 'asynchronous' | 'synchronous'
    readonly leaseSamples: number
    readonly target: { readonly metric: string; readonly atLeast: number } | null
    readonly stallTimeoutSeconds: number
    readonly restartsMax: number
  }
  readonly resources: {
    readonly deviceModels: readonly string[]
    /** How capacity may be bought; at least one. */
    readonly markets: readonly Market[]
    /** 0 means no limit. */
    readonly workersMaxPerRegion: number
    /** Of one unit. */
    readonly samplesPerSecond: Readonly<Record<string, number>>
    /** What a worker takes of its GPU; absent: the whole of it. */
    readonly gpuShare?: GpuShare
  }
  readonly policy: string
  readonly objective: Objective
  /** Null: no cap. */
  readonly budget: Budget | null
  /** Who pays, and whatever else reports group by. */
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
}

/** Regions that hold some of the job's data, each once. */
export function regionsOf(spec: JobSpec): readonly string[] {
  return [...new Set(spec.shards.map(({ region }) => region))].sort()
}

export type JobState =
  | 'pending'
  | 'starting'
  | 'running'
  | 'finishing'
  | 'cancelling'
  | 'succeeded'
  | 'failed'
  | 'cancelled'

export const endStates: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled'])

export type Job = {
  readonly id: string
  readonly requestId: string
  readonly spec: JobSpec
  readonly state: JobState
  /** Why the job is in this state, in one sentence with values. */
  readonly reason: string
  readonly plan: Plan | null
  /** What is amiss though it runs, such as a forecast over its budget; '' or absent for nothing. */
  readonly warning?: string
  /** Where its parameter servers listen; epoch 0 until it was placed. Written by the reconciler only. */
  readonly addressBook: AddressBook
  /** The store's revision of the job's last change. */
  readonly revision: number
  readonly createdAtMs: number
  readonly startedAtMs: number | null
  readonly firstStepAtMs: number | null
  readonly endedAtMs: number | null
  /** Newest evaluation on held-out data by metric name; empty before the first. */
  readonly evaluation: Readonly<Record<string, number>>
  /** sha256 of the final model once the control plane holds it. */
  readonly modelDigest: string | null
  /** The last one; absent for a job that was never resumed. */
  readonly resumption?: Resumption
}
