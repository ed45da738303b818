// What one agent should run, derived from a snapshot. Instances that are absent must be stopped.
import type { AddressBook } from './address-book.ts'
import type { InferenceFunction, InferenceSpec } from './inference.ts'
import type { JobSpec } from './job.ts'
import type { Pipeline } from './pipeline.ts'
import type { Partition } from './plan.ts'
import type { Instance } from './snapshot.ts'

export type Desired = {
  readonly region: string
  /** In ascending order of instance id. */
  readonly instances: readonly DesiredInstance[]
  /** Of functions, in ascending order of instance id; absent for none. */
  readonly inference?: readonly { readonly instance: Instance; readonly spec: InferenceSpec }[]
  /** What the gateway here answers for, in ascending order of id; absent for none. */
  readonly functions?: readonly InferenceFunction[]
  /** Those whose functions are all among these, in ascending order of id; absent for none. */
  readonly pipelines?: readonly Pipeline[]
  /** Of the jobs that have an instance here, in ascending order of job id. */
  readonly addressBooks: readonly { readonly jobId: string; readonly book: AddressBook }[]
  /** Jobs without instances here whose state here must stay, in ascending order. */
  readonly keptJobIds: readonly string[]
}

export type DesiredInstance = {
  readonly instance: Instance
  readonly spec: JobSpec
  /** Workers of this partition, so that a synchronous group knows its size. */
  readonly workers: number
  readonly dataShare: number
  /** Finish now: flush, final synchronisation, evaluation. */
  readonly drain: boolean
  readonly uploadsModel: boolean
  /** Where the partition's checkpoints lie, until it has begun here; '' where they are here, or nowhere. */
  readonly checkpointFrom: string
  /** All partitions of the job; none of a worker, which needs to know no others. */
  readonly partitions: readonly PartitionData[]
}

/** What a partition trains on, and where. */
export type PartitionData = Pick<Partition, 'region' | 'place' | 'dataRegions' | 'samples'>
