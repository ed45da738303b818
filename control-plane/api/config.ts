// Limits of what clients may ask for.

export const apiConfig = {
  pageSizeDefault: 50,
  pageSizeMax: 500,
  pageTokenCharactersMax: 1_000,
  /** Jobs that have not ended; more are refused until some end. */
  activeJobsMax: 10_000,
  /** Functions that are not deleted. */
  functionsMax: 1_000,
  pipelinesMax: 1_000,
  reasonCharactersMax: 1_000,
  whatIfsMax: 50,
  tailLinesMax: 100_000,
  /** A watcher hears of a job at most this often. */
  watchIntervalMs: 100,
  /** After a job ended its last log lines are still on their way for so long. */
  logsLingerMs: 2_000,
  /** After this a cost report is final even when an agent that is gone did not report its last use. */
  costSettleMs: 60_000,
  ledgerPageEntries: 1_000,
  /** Sums by hour, or by day, that one report of many jobs is made of. */
  costCellsMax: 200_000,
  /** Hours of many jobs that are told by the hour; beyond, by the day. */
  costHoursMax: 72,
  /** Jobs that it tells in detail, the dearest. */
  costJobsMax: 50,
  costSpansMax: 10_000,
  costGapsMax: 100,
  costLinkMonthsMax: 100,
  /** Groups that have a curve of their own, and entries that curves are made of; of more, hours are. */
  costCurvesMax: 12,
  costPointEntriesMax: 20_000,
  /** Addresses in object stores that are looked at before a job is taken, and the time for all of them. */
  datasetsMax: 64,
  datasetsDeadlineMs: 12_000,
  commitAttemptsMax: 5,
  catalogueNameCharactersMax: 1_000,
} as const
