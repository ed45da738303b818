// Limits of a simulation and the values that a scenario need not give.

export const simulationConfig = {
  scenarioBytesMax: 1024 * 1024,
  traceBytesMax: 256 * 1024 * 1024,
  /** Jobs of one run, and virtual days from the first arrival to the very end. */
  jobsMax: 200_000,
  daysMax: 366,
  policiesMax: 8,
  /** Ways to be wrong that one refusal names. */
  violationsMax: 20,
  /** An instance that ended by itself is started again after this. */
  restartDelayMs: 10_000,
  /** Evaluation on held-out data and upload of the model. */
  evaluationSeconds: 15,
  /** Points of a curve in a report. */
  pointsMax: 240,
  /** A line of progress for the person who waits, at most this often. */
  progressEveryMs: 250,
  /** Jobs that a refusal at submit is reported of, one by one. */
  refusalsShownMax: 10,
} as const
