// What an agent needs from the thing that runs instances: child processes here, a fake one in simulations. At most one
// run of an instance is alive; `exited` resolves only when nothing of the run is left, so that its slice is free.

/** A part of one GPU: guaranteed, usable while others leave it (thousandths of its multiprocessors), and memory; 0: no limit of it. */
export type SliceShare = {
  readonly requestMilli: number
  readonly limitMilli: number
  readonly memoryBytes: number
  /** Only so many of the multiprocessors, 1 to 999 thousandths: the first two are then of time on those. Absent: all. */
  readonly smMilli?: number
}

/** Units of one device, handed to one instance. */
export type Slice = {
  readonly deviceId: string
  readonly deviceModel: string
  readonly units: number
  /** What all of these units have of the device together; absent: each is a whole one. */
  readonly share?: SliceShare | undefined
}

export type Exit = {
  /** Null when the process was killed, or ended while nobody could see how. */
  readonly code: number | null
  /** For example "SIGKILL"; null when the process ended by itself. */
  readonly signal: string | null
  /** When it ended, as far as can be proved: never later than the truth plus the poll interval. */
  readonly endedAtMs: number
}

export type Run = {
  readonly instanceId: string
  readonly jobId: string
  /** Counts launches of the instance, from 1. */
  readonly attempt: number
  readonly slices: readonly Slice[]
  readonly startedAtMs: number
  /** Resolves when the process and its whole group are gone; never rejects. */
  readonly exited: Promise<Exit>
}

export type RecoveredRun = Run & { readonly wasAlive: boolean }

export interface Runtime<Order> {
  /** Once, before anything else: the newest run of every instance that a predecessor launched. */
  recover(): Promise<readonly RecoveredRun[]>
  /** Starts a run. The instance's previous run must have exited. Rejects when nothing was started. */
  launch(order: Order): Promise<Run>
  /** Asks the run to end, kills what is left after `graceMs`, resolves when it has exited. */
  stop(instanceId: string, graceMs: number): Promise<void>
  /** Bytes of the instance's log (all runs, standard output and error) from `offset`; empty at its end. */
  readLog(instanceId: string, offset: number, bytesMax: number): Promise<Uint8Array>
  logBytes(instanceId: string): Promise<number>
  /** Removes records and log of an instance whose run has exited. */
  forget(instanceId: string): Promise<void>
}
