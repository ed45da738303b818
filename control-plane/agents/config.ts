// Times and limits between agents and the control plane.

export const agentsConfig = {
  heartbeatMs: 2_000,
  /** An agent that is silent for this long has lost its region's lease; its instances go on. */
  leaseMs: 10_000,
  /** A new stream must say hello within this. */
  helloMs: 10_000,
  leaseCheckMs: 1_000,
  /** Changes of all agents within this time become one transaction. */
  intakeDelayMs: 10,
  /** The heartbeat's time is stored this often while nothing else changes; live times are in memory. */
  heartbeatStoredEveryMs: 30_000,
  /** Journal batches of one agent that wait for the store; more are not read from the stream. */
  journalBatchesMax: 4,
  /** After a log could not be stored, the agent is asked again after this. */
  logRetryMs: 5_000,
  /** A commit that met another change is tried again this often. */
  commitAttemptsMax: 5,
} as const
