// Limits of fragments and of waiting for the regions of a round.

/** A fragment is made of pieces of at most this share of it; smaller pieces cost more calls per exchange. */
export const piecesPerFragment = 8

/** Arrivals that the grace of a region is estimated from. */
export const arrivalsRemembered = 16
/** Median absolute deviations that an arrival may be late; × 1.4826 makes one a standard deviation. */
export const lateDeviations = 3
