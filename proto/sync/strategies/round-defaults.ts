// Rounds wait for the majority, and then for the others as long as they usually take. A second is the least, because a
// late region is often the one with most data; half a minute is the most. What comes later is not lost.

export const roundDefaults = {
  quorum: 0,
  graceMinMs: 1_000,
  graceMaxMs: 30_000,
  late: 'carry',
  pacing: 'proportional',
} as const
