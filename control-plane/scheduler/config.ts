// Limits and assumptions of the scheduler.

/** Samples per second of one "cpu" unit where nothing was declared or measured. Only ratios matter for the choice. */
export const nominalCpuSamplesPerSecond = 100

/** Relative tolerance of throughput comparisons: without it rounding asks the straggler for a unit more than it has. */
export const throughputTolerance = 1e-9

/** Combinations of device counts tried per region before the best one so far is taken. */
export const searchNodesMax = 200_000

/** States of regions that planning tells apart before it begins to remember anew. */
export const rememberedStatesMax = 50_000

/** Regions without data that are named in a plan's reasons. */
export const noDataReasonsMax = 16

/** Share of the parameters that strategy asp is taken to send. It depends on the function; a tenth errs on the safe side. */
export const significantShare = 0.1

/** From the loss of a spot machine until another one has done again what was lost with it. */
export const recoverySeconds = 180

/** What a more exact way to synchronise may cost above the cheapest way, as a share of the whole plan. */
export const exactnessPremium = 0.05

/** Where speeds are guessed only, a job that is guessed to take at least this long begins with measuring them. */
export const profileWorthSeconds = 900
/** The classes of a place that are measured, those first that seem cheapest. */
export const profiledClassesMax = 4

/** Bounds of what a job may ask for. */
export const jobLimits = {
  shards: 10_000,
  epochs: 1_000_000,
  leaseSamples: 10_000_000,
  workersPerRegion: 10_000,
  stallTimeoutSeconds: 86_400,
  restarts: 1_000,
  slack: 1_000,
} as const

/** Of functions that answer requests. */
export const functionLimits = {
  /** In each region. */
  instancesMax: 1_000,
  batchMax: 1_024,
  latencyMsMin: 1,
  latencyMsMax: 600_000,
  percentileMin: 50,
  percentileMax: 99.9,
  timeoutMsMin: 10,
  timeoutMsMax: 3_600_000,
  queueMax: 100_000,
  // Less than that an interpreter and its libraries take.
  memoryBytesMin: 256 * 2 ** 20,
  memoryBytesMax: 4096 * 2 ** 30,
} as const
