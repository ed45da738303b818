// What the agent's core asks of its runtime: run this instance, as this attempt, on these slices.
import type { Runtime, Slice } from '#physical-plane/runtime/runtime.ts'
import type { Stored } from './storage-meter.ts'
import type { DesiredInstance } from './desired.ts'

export type InstanceOrder = {
  readonly instance: DesiredInstance
  readonly attempt: number
  readonly slices: readonly Slice[]
  /** Aborted when the instance is no longer wanted: fetching its bundle can take long. */
  readonly signal: AbortSignal
}

export type InstanceRuntime = Runtime<InstanceOrder> & {
  /** Removes what a job keeps on this machine beyond its instances: nobody wants any of them any more. */
  forgetJob(jobId: string): Promise<void>
  /** What a partition keeps here: checkpoints, and data of other regions. */
  stored(jobId: string, partition: string): Promise<Stored>
  /** Removes data of other regions that was fetched for jobs that need it no more. */
  sweepStaged(isNeeded: (jobId: string) => boolean): Promise<void>
}
