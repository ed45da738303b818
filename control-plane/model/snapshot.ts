// What the pure parts decide on: everything known at one revision of the store.
import type { Catalogue, Market } from '#regions/catalogue.ts'
import type { DeviceClass } from './device-class.ts'
import type { GpuShare } from './gpu-share.ts'
import type { InferenceFunction, Serving } from './inference.ts'
import type { Job } from './job.ts'
import type { Pipeline } from './pipeline.ts'
import type { ModelSize } from './plan.ts'
import type { KeptJob } from './resumption.ts'

// The deciding folders import the model only; these come along with it.
export type { Catalogue, CatalogueLink, CatalogueRegion, Market, Price } from '#regions/catalogue.ts'

export type Snapshot = {
  readonly revision: number
  readonly nowMs: number
  readonly catalogue: Catalogue
  /** Jobs that have not ended, in ascending order of id. */
  readonly jobs: readonly Job[]
  /** Functions that are not deleted, in ascending order of id. */
  readonly functions?: readonly InferenceFunction[]
  /** Those that are not deleted, in ascending order of id. */
  readonly pipelines?: readonly Pipeline[]
  /** Instances of those jobs and functions, in ascending order of id. */
  readonly instances: readonly Instance[]
  /** The same, where they are at hand; see instance-groups.ts. Whoever changes `instances` leaves them out. */
  readonly instancesByJob?: ReadonlyMap<string, readonly Instance[]>
  readonly instancesByRegion?: ReadonlyMap<string, readonly Instance[]>
  /** In ascending order of region. */
  readonly agents: readonly Agent[]
  /** Links as running jobs measured them, keyed by linkKey(from, to); the catalogue's figure holds where there is none. */
  readonly measuredLinks?: ReadonlyMap<string, LinkMeasurement>
  /** Samples per second of one unit measured in earlier runs, keyed by throughputKey(function, device model). */
  readonly throughput: ReadonlyMap<string, number>
  /** What earlier runs of a function sent, keyed by bundle digest; absent where nothing was measured. */
  readonly modelSizes?: ReadonlyMap<string, ModelSize>
  /** What jobs have cost until now, in USD by job id; absent ones nothing. */
  readonly paidUsd?: ReadonlyMap<string, number>
  /** Ended jobs that may be resumed, in ascending order of id. */
  readonly kept?: readonly KeptJob[]
}

export type Agent = {
  readonly region: string
  readonly agentId: string
  readonly incarnation: number
  readonly version: string
  readonly isConnected: boolean
  readonly lastHeartbeatAtMs: number
  readonly devices: readonly Device[]
}

export type Device = {
  readonly id: string
  readonly model: string
  readonly units: number
  readonly memoryBytes: number
  /** Of it: in nobody's share, such as weights that instances of a function use together; absent: nothing. */
  readonly besideBytes?: number
  readonly market: Market
  /** '' where the agent does not know. */
  readonly zone: string
  readonly instanceType: string
  /** When it will be taken away, as its cloud has announced; null while nothing is. */
  readonly endsAtMs: number | null
  /** Shares of it can be handed out, and what holds them apart; absent where it is handed out whole. */
  readonly sharing?: DeviceSharing
}

export type DeviceSharing = 'interposer' | 'interposer-mps'

export type InstanceRole =
  | 'parameter-server'
  | 'worker'
  /** Gives the training data of its region to the partition that trains on it elsewhere. */
  | 'data-server'
  /** Fetches it to where the partition is, and completes once it is there. */
  | 'data-stager'
  /** Answers requests for a function; its job id is the function's. */
  | 'inference'

export type InstanceState =
  | 'planned' // desired, not yet seen by its agent
  | 'starting'
  | 'running'
  | 'backing-off'
  | 'stopping'
  | 'completed'
  | 'failed'
  | 'stopped'

export type Instance = DeviceClass & {
  readonly id: string
  readonly jobId: string
  /** Where it runs. */
  readonly region: string
  /** The name of its partition, which is another region's once it was moved. */
  readonly partition: string
  /** How often the partition had been moved when it was planned; absent for 0. */
  readonly moves?: number
  /** Of what moves a partition, and of its parameter server: where it ran before; absent where it takes nothing along. */
  readonly checkpointFrom?: string
  readonly role: InstanceRole
  /** 0 for all but workers and inference: they share the region's host. */
  readonly units: number
  /** What it takes of its GPU; absent: the whole of it. */
  readonly gpuShare?: GpuShare
  /** The GPU that it runs on, as its agent has told; absent before, and for CPUs. */
  readonly deviceId?: string
  readonly usdPerUnitHour: number
  readonly state: InstanceState
  readonly attempt: number
  readonly reason: string
  readonly endpoint: string
  readonly progress: PartitionProgress | null
  /** Of a data stager that has said something. */
  readonly staging?: Staging
  /** Of an inference instance: the version of its function's spec that it runs with. */
  readonly functionVersion?: number
  /** Of an inference instance that has said something. */
  readonly serving?: Serving
  /** The agent should no longer run it. */
  readonly isReleased: boolean
  /** The resumption of its job under which it was planned; absent for 0. */
  readonly resumption?: number
}

export type Staging = {
  /** Here and checked. */
  readonly bytesDone: number
  /** 0 while the sources have not said. */
  readonly bytesTotal: number
}

export type PartitionPhase = 'starting' | 'training' | 'draining' | 'evaluating' | 'finished' | 'failed'

export type PartitionProgress = {
  readonly region: string
  readonly phase: PartitionPhase
  readonly epoch: number
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly steps: number
  readonly loss: number
  readonly workers: number
  readonly rounds: number
  readonly wanBytesSent: number
  readonly modelHash: string
  readonly samplesPerSecond: number
  readonly leasesReturned: number
  /** Samples per second of workers while they do not wait, by instance; absent where nobody tells. */
  readonly workerSpeeds?: Readonly<Record<string, number>>
  /** Null while the partition has not synchronised. */
  readonly sync: SyncProgress | null
}

/** How a region synchronises now, and the measurements behind it. */
export type SyncProgress = {
  readonly planVersion: number
  readonly interval: number
  readonly codec: string
  readonly fragments: number
  readonly committedRound: number
  readonly hub: string
  readonly term: number
  readonly hears: readonly string[]
  readonly stepSeconds: number
  readonly stallShare: number
  readonly reason: string
  readonly links: readonly MeasuredLink[]
  readonly lateCarried: number
  readonly lateDropped: number
  readonly refused: Readonly<Record<string, number>>
}

export type MeasuredLink = {
  readonly fromRegion: string
  /** 0 until something large enough was transferred. */
  readonly mbitPerSecond: number
  readonly roundTripMs: number
}

export type LinkMeasurement = {
  readonly mbitPerSecond: number
  readonly roundTripMs: number
  readonly atMs: number
}

export function linkKey(from: string, to: string): string {
  return `${from} ${to}`
}

export function throughputKey(bundleDigest: string, deviceModel: string): string {
  return `${bundleDigest}/${deviceModel}`
}

/** Ended for good: its agent does not start it again and its units are free. */
export function hasEnded(instance: Instance): boolean {
  return instance.state === 'completed' || instance.state === 'failed' || instance.state === 'stopped'
}
