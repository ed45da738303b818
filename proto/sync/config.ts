// Constants of choosing the interval, codec and fragments.

/** A choice changes only when what speaks for it exceeds this share of itself, lest every round has its own plan. */
export const hysteresis = 0.2

/** Local steps of the first rounds, while nothing has been measured. */
export const firstInterval = 16

/**
 * Bound of (staleness in steps + 1) × (1 - density): staleness multiplies what sparse messages leave out
 * (DeCo-SGD, arXiv 2507.17346), so a slow link gets the one or the other.
 */
export const staleSparseMax = 32

/** Speeds are measured: a product that a rounding error keeps below a whole step is that step. */
export const stepTolerance = 1e-9
