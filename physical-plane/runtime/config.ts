// The limits of the process runtime: what a bundle may hold and how patiently processes are watched and stopped.

export const bundleLimits = {
  /** The compressed archive. */
  archiveBytesMax: 256 * 2 ** 20,
  /** All files together; also bounds what a crafted archive can make the reader hold in memory. */
  contentBytesMax: 512 * 2 ** 20,
  entriesMax: 10_000,
  pathBytesMax: 1_024,
  /** What file systems allow for one name. */
  nameBytesMax: 255,
} as const

export const processLimits = {
  /** How often an adopted process, or a group that outlives its leader, is looked at. */
  pollMs: 200,
  /** How long a killed group may take to disappear before this is logged, and then as often. */
  killPatienceMs: 10_000,
  /** The newest part of a log that is read to explain a failure. */
  tailBytesMax: 16_384,
  /** Open files per process: raised to this where the hard limit allows. */
  openFilesMax: 65_536,
} as const
