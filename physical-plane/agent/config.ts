// The agent's limits and patience. A value, so that simulations hand in their own.

export type AgentConfig = {
  readonly protocolVersion: number
  /** Reconnecting: exponential from the least to the most, times a jitter between 0.5 and 1.5. */
  readonly reconnectMs: number
  readonly reconnectMsMax: number
  /** After a refusal that waiting alone does not cure: another version, a region held by another agent. */
  readonly refusedRetryMs: number
  /** A control plane that was away for less is not told of. */
  readonly absenceToldMs: number
  /** Dialling and the first answer. */
  readonly welcomeTimeoutMs: number
  /** Changes within this time go up as one observed state. */
  readonly observedSpacingMs: number
  /** Restarting an instance: exponential, with the same jitter. */
  readonly restartMs: number
  readonly restartMsMax: number
  /** An instance that ran this long counts as stable: its failures are forgotten. */
  readonly stableMs: number
  /** A running worker may be unknown to its parameter server for this many stall time-outs. */
  readonly joinPatience: number
  /** How often to look whether a worker that ended with code 0 was right to. */
  readonly verdictPollMs: number
  /** Failures that end an instance whose job does not say. */
  readonly restartsMaxDefault: number
  readonly stopGraceMs: number
  /** How often the status of functions' instances is read. */
  readonly servingPollMs: number
  /** The same while requests wait at the gateway for a first instance. */
  readonly servingPollSoonMs: number
  /** An instance that has begun to tell and tells nothing new for so long hangs: it is started again. */
  readonly servingSilentMs: number
  /** How often it is decided how many instances functions should have. */
  readonly scaleEveryMs: number
  /** Length of one metered window of device-seconds. */
  readonly windowMs: number
  /** The same of what is stored. */
  readonly storageWindowMs: number
  /** How often the machine is asked for its GPUs. */
  readonly gpuPollMs: number
  /** Failures of that in a row after which they are taken to be gone. */
  readonly gpuFailuresMax: number
  /** How often it is looked what weights functions hold on GPUs beside their shares. */
  readonly weightsPollMs: number
  readonly logPollMs: number
  readonly logChunkBytes: number
  readonly logBytesPerSecond: number
  /** An instance that logs more than this is stopped as failed. */
  readonly logBytesMax: number
  /** Part of the log that goes into a failure's reason. */
  readonly reasonLines: number
  readonly reasonBytesMax: number
  readonly journalBatchRecords: number
  readonly journalInFlightRecords: number
  /** Unacknowledged records kept; above this, windows grow longer and rounds wait. */
  readonly journalRecordsMax: number
  readonly journalRetryMs: number
  readonly uploadRetryMs: number
  readonly uploadRetryMsMax: number
  /** How long an instance that nobody wants any more is still told of. */
  readonly endedShownMs: number
  /** How long what is known about ended instances stays after nobody wants them any more. */
  readonly endedKeepMs: number
  readonly attachedMax: number
  /** At a clean stop: how long the last records and log lines may take to reach the control plane. */
  readonly flushMs: number
}

export const agentConfig: AgentConfig = {
  protocolVersion: 1,
  reconnectMs: 250,
  reconnectMsMax: 10_000,
  refusedRetryMs: 30_000,
  absenceToldMs: 2_000,
  welcomeTimeoutMs: 15_000,
  observedSpacingMs: 50,
  restartMs: 500,
  restartMsMax: 30_000,
  stableMs: 60_000,
  joinPatience: 5,
  verdictPollMs: 100,
  restartsMaxDefault: 3,
  stopGraceMs: 10_000,
  servingPollMs: 250,
  servingPollSoonMs: 50,
  servingSilentMs: 30_000,
  scaleEveryMs: 1_000,
  windowMs: 10_000,
  storageWindowMs: 60_000,
  gpuPollMs: 15_000,
  gpuFailuresMax: 3,
  weightsPollMs: 1_000,
  logPollMs: 250,
  logChunkBytes: 64 * 1024,
  logBytesPerSecond: 2 * 2 ** 20,
  logBytesMax: 256 * 2 ** 20,
  reasonLines: 8,
  reasonBytesMax: 2_000,
  journalBatchRecords: 200,
  journalInFlightRecords: 2_000,
  journalRecordsMax: 200_000,
  journalRetryMs: 1_000,
  uploadRetryMs: 1_000,
  uploadRetryMsMax: 30_000,
  endedShownMs: 60_000,
  endedKeepMs: 3_600_000,
  attachedMax: 1_000,
  flushMs: 2_000,
}

/** Exponential back-off with jitter: `count` from 1, `chance` uniform in [0, 1). */
export function backOffMs(leastMs: number, mostMs: number, count: number, chance: number): number {
  const plainMs = Math.min(mostMs, leastMs * 2 ** Math.min(30, count - 1))
  return Math.round(plainMs * (0.5 + chance))
}
