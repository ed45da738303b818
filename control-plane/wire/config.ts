// Limits of what is read from the wire. Generous for people, tight enough that one message cannot fill the store.

export const wireConfig = {
  /** Names, modes, paths and the like; their own rules are stricter. */
  textCharactersMax: 512,
  uriCharactersMax: 2048,
  shardsMax: 1000,
  argumentsMax: 256,
  argumentCharactersMax: 8192,
  environmentMax: 256,
  deviceModelsMax: 64,
  moveTargetsMax: 100,
  labelsMax: 64,
  labelCharactersMax: 256,
  /** Of one question for costs. */
  costJobIdsMax: 1000,
  costGroupsMax: 3,
  metricsMax: 100,
  metricNameCharactersMax: 100,
  regionCharactersMax: 100,
  idCharactersMax: 300,
  reasonCharactersMax: 4096,
  devicesMax: 1024,
  /** What instances make of an agent's GPUs. */
  deviceUsesMax: 4096,
  stateCharactersMax: 63,
  observedInstancesMax: 10_000,
  journalRecordsMax: 10_000,
  membersMax: 1000,
  /** Of one plan's input. */
  regionsMax: 10_000,
  measuredLinksMax: 100_000,
  /** Kinds of refused messages that one region tells of. */
  refusalsMax: 100,
  workerSpeedsMax: 64,
  /** That one function names, and functions that one agent scales. */
  functionRegionsMax: 1_000,
  wishedFunctionsMax: 10_000,
  wishedInstancesMax: 1_000,
  /** Of one function: three device models, five batches and a grid of 20 by 10. */
  profilePointsMax: 4_000,
  /** Of a message; how many a pipeline may have is said by whoever knows what they mean. */
  stagesMax: 100,
  latencyMsMax: 600_000,
  /** That one agent tells of. */
  measuredPipelinesMax: 10_000,
  /** What a request's time-out is where nobody says. */
  requestTimeoutMs: 30_000,
} as const
