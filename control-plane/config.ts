// Times of the control loop and the limits of the process. Each folder has its own limits beside its code.

export const controlPlaneConfig = {
  /** The loop runs at least this often, because time alone changes decisions. */
  tickMs: 1_000,
  /** Changes within this time are decided on together. */
  loopDelayMs: 10,
  /** Throughput and model sizes of running jobs are taken this often. */
  measureEveryMs: 5_000,
  /** Plans of running jobs are looked at this often. */
  replanEveryMs: 5_000,
  /** Steps after which a partition's throughput is no longer start-up. */
  measuredStepsMin: 20,
  measuredRoundsMin: 3,
  /** A measurement is stored when it differs from the known one by more than this share. */
  measuredChange: 0.1,
  /** Weight of a new measurement in the moving average of a link. */
  measuredLinkWeight: 0.2,
  /** Agents hear what they should run at least this often, should time alone have changed it. */
  retellMs: 3_600_000,
  stopGraceMs: 2_000,
  /** Of what the catalogue's files make one wonder about, this much is logged at the start; `cloudless catalog verify` tells all. */
  catalogueWarningsMax: 20,
  /** Files of fetched layers are looked at this often. */
  catalogueLookEveryMs: 10_000,
  /** A cloud that did not answer is asked again after this. */
  catalogueRetryMs: 300_000,
  /** Where a cloud's credentials were missing or refused, its data is looked at again after this. */
  credentialsRetryMs: 300_000,
  /** Jobs with series of their own in /metrics. */
  metricsJobsMax: 500,
  /** An ended job's last numbers stay for a scrape or two. */
  metricsAfterEndMs: 120_000,
} as const
