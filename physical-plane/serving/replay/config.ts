// Limits and defaults of a replay.

export const replayConfig = {
  /** Seconds of history that a policy sees. */
  historySeconds: 600,
  /** What is kept of what was done and why, of each function. */
  happeningsMax: 2_000,
  /** A request that nobody says more of waits so long. */
  timeoutMsDefault: 30_000,
  /** Requests that wait for a first instance, where nothing says how many may. */
  coldQueueMax: 1_000,
  /** Where all may wait, as in Knative's activator. */
  activatorQueueMax: 10_000,
  /** GPUs that nobody uses, of those that a policy is shown. */
  freshDevicesSeen: 4,
  /** Instances a function may have at a time, beginning and leaving ones too. */
  instancesMax: 10_000,
  arrivalsMax: 20_000_000,
  /** Points of a curve, and happenings, of each policy in a report. */
  sightsMax: 240,
  happeningsTold: 200,
} as const
