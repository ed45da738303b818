// Limits and waits of the command line, in one place.

export const limits = {
  /** A job file is a page of text; more is a mistake (a data set given as job file). */
  jobFileBytesMax: 256 * 1024,
  functionFileBytesMax: 256 * 1024,
  pipelineFileBytesMax: 256 * 1024,
  /** Of one request that `invoke` and `load` read. */
  requestBytesMax: 64 * 1024 * 1024,
  answerBytesMax: 256 * 1024 * 1024,
  repeatMax: 1_000_000,
  /** A row per region and device class. */
  capacityFileBytesMax: 4 * 1024 * 1024,
  scenarioFileBytesMax: 1024 * 1024,
  /** Of a profile or trace that a scenario names, unpacked. */
  scenarioDataBytesMax: 64 * 1024 * 1024,
  simulatedGpusMax: 10_000,
  simulatedSeedsMax: 20,
  simulatedHoursMax: 24 * 31,
  /** Requests of a function in one seed, and of a second. */
  simulatedRequestsMax: 5_000_000,
  simulatedRateMax: 100_000,
  /** Instances of a function whose file does not say. */
  simulatedInstancesMax: 64,
  /** One message of an upload. */
  uploadChunkBytes: 256 * 1024,
  /** Rows asked for at a time when listing. */
  pageSize: 100,
  /** Pages followed with `--all` before giving up on a server that never ends. */
  pagesMax: 10_000,
  /** Rounds, evaluations and events asked for at a time: small rows, and all of them are wanted. */
  historyPageSize: 500,
  /** Rows of each kind that `catalog diff` shows without `--all`. */
  diffRows: 20,
  /** Text of a child process kept for an error message. */
  childTextBytesMax: 16 * 1024,
} as const

export const waits = {
  unaryDeadlineMs: 20_000,
  /** A watch is opened anew when this runs out, so that a dead connection is noticed. */
  streamDeadlineMs: 10 * 60_000,
  transferDeadlineMs: 60 * 60_000,
  /** A watch goes on through a control plane that is away for this long. */
  reconnectForMs: 120_000,
  reconnectEveryMs: 500,
  redrawMs: 1000,
  processReadyMs: 30_000,
  processStopMs: 10_000,
  /** A process of a local cluster that died waits this long before its first restart. */
  processRestartMs: 500,
  /** How long the agents of a new local cluster may take to register. */
  agentsConnectMs: 20_000,
  pollMs: 100,
  /** How long `function deploy` waits for instances that answer, and how often it looks. */
  functionReadyMs: 300_000,
  functionPollMs: 300,
  /** How long `invoke` and `load` wait for a gateway that does not answer yet. */
  gatewayMs: 10_000,
} as const
