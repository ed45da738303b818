// Constants of choosing the interval.

/** Weight of a new sample in the moving average of a link's bandwidth or delay and of a step's time. */
export const sampleWeight = 0.2
/** A sample counts as at most this many times, and at least this part of, the average before it. */
export const outlierFactor = 3

/** An interval changes only when it would change by more than this share of itself, lest every round has its own plan. */
export const hysteresis = 0.2

/**
 * Share of a link's time that overlapped rounds may take. At 1 the link just keeps up, which is the shortest interval
 * that nobody waits for; less makes intervals longer and traffic smaller in proportion.
 */
export const linkShare = 1

/** Local steps of the first rounds, while nothing has been measured. */
export const firstInterval = 16

/**
 * Bound of (staleness in steps + 1) × (1 - density): staleness multiplies what sparse messages leave out
 * (DeCo-SGD, arXiv 2507.17346), so a slow link gets the one or the other.
 */
export const staleSparseMax = 32
