// Limits of what the control plane keeps.

export const storeConfig = {
  /** A bundle is code, not data: data stays in its region. */
  bundleBytesMax: 256 * 1024 ** 2,
  /** A model is one safetensors file. */
  modelBytesMax: 16 * 1024 ** 3,
  /** Log kept per instance; what comes after is counted and dropped. */
  logBytesMaxPerInstance: 64 * 1024 ** 2,
  /** Pieces in which files are read for a stream. */
  fileChunkBytes: 256 * 1024,
  /** The database refuses to grow beyond this with a clear error, before it takes the whole disk. */
  databaseBytesMax: 64 * 1024 ** 3,
  /** Round records of one region of a job. One more, and the old ones are merged until `keepRounds` is met. */
  roundRecordsMax: 2_000,
  keepRounds: { records: 1_000, newest: 200 },
  /** Evaluations of a job: beyond this every second of those that are not final goes. */
  evaluationsMax: 2_000,
  /** Five-minute bins that one entry's bytes are spread over; of a window longer than this (50 h) the last part counts. */
  linkBinsPerEntryMax: 600,
  /** Events of a job: beyond this the oldest go. */
  eventsMax: 5_000,
  /** Plans of a job, with what they were decided on: beyond this the oldest go, but for the first. */
  plansMax: 200,
} as const
