// What a partition is given, and what it tells about itself.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { Clock } from '#runtime/clock.ts'
import type { CloudlessError } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { CheckpointStore } from './checkpoint.ts'
import type { Member } from './members.ts'
import type { PeerFetcher } from './peers/peer-side.ts'
import type { Layout } from './replica/layout.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { WorkerUse } from './roster.ts'
import type { SyncProgress } from './sync-progress.ts'
import type { Phase } from './worker-group.ts'

export type PartitionOptions = {
  readonly jobId: string
  readonly region: string
  /** Every region of the job that holds data, this one included. */
  readonly members: readonly Member[]
  /** Samples of this partition. */
  readonly samples: number
  readonly epochs: number
  readonly leaseSamples: number
  readonly stallTimeoutMs: number
  readonly workerMode: 'asynchronous' | 'synchronous'
  readonly sync: SyncSettings
  /** What the settings' strategy is composed of. */
  readonly parts: Parts
  /** Of this partition's parameter server, from 1. */
  readonly attempt: number
  readonly seed: number
  /** How often the partition was moved from place to place. */
  readonly moves: number
  /** The job's held-out data lies here. */
  readonly hasHoldout: boolean
}

export type PartitionLinks = {
  readonly clock: Clock
  readonly log: Log
  readonly memory: VectorMemory
  readonly checkpoints: CheckpointStore
  readonly random: Random
  readonly fetcher: PeerFetcher
  /** Another process has taken this partition over: this one must end without a word to anybody. */
  readonly onTaken?: (error: CloudlessError) => void
  /** Writes the final model; answers its path. */
  readonly publishModel: (layout: Layout, values: Float32Array) => Promise<string>
}

export type PartitionProgress = {
  readonly phase: Phase
  readonly epoch: number
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly steps: number
  readonly loss: number
  readonly samplesPerSecond: number
  readonly firstStepAtMs: number
  readonly workers: number
  readonly rounds: number
  readonly leasesReturned: number
  /** Since the partition began. */
  readonly wanBytesSent: Readonly<Record<string, number>>
  /** Of these, since it was moved here. */
  readonly wanBytesSentHere: Readonly<Record<string, number>>
  readonly modelHash: string
  readonly modelPath: string
  readonly stalledWorkers: readonly string[]
  /** Samples per second while they do not wait, by instance. */
  readonly workerSpeeds: Readonly<Record<string, number>>
  /** Instances of the workers that are members. */
  readonly joinedWorkers: readonly string[]
  readonly workerUses: readonly WorkerUse[]
  /** Workers that ask for samples hear that training is over. */
  readonly isTrainingOver: boolean
  /** Null in a job of one region. */
  readonly sync: SyncProgress | null
}
