// Limits of the load generator.

export const loadLimits = {
  rateMax: 100_000,
  durationMsMax: 24 * 3_600_000,
  traceBytesMax: 64 * 1024 * 1024,
  inFlightMax: 10_000,
  /** Kinds of faults that are told apart. */
  faultCharactersMax: 80,
  progressEveryMs: 1000,
} as const
