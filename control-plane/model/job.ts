// What a job is to the control plane: the request, decoded and checked, and where it stands.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { AddressBook } from './address-book.ts'
import type { Plan } from './plan.ts'
import type { Resumption } from './resumption.ts'

export type Shard = { readonly region: string; readonly uri: string; readonly samples: number }

export type JobSpec = {
  readonly name: string
  readonly function: {
    readonly bundleDigest: string
    readonly entrypoint: string
    readonly arguments: readonly string[]
    readonly environment: Readonly<Record<string, string>>
  }
  readonly shards: readonly Shard[]
  readonly holdout: Shard | null
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
    /** 0 means no limit. */
    readonly workersMaxPerRegion: number
    readonly samplesPerSecond: Readonly<Record<string, number>>
  }
  readonly policy: string
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
