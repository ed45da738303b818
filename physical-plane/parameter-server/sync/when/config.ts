// Constants of measuring what the interval is chosen from.

/** Weight of a new sample in the moving average of a link's bandwidth or delay and of a step's time. */
export const sampleWeight = 0.2
/** A sample counts as at most this many times, and at least this part of, the average before it. */
export const outlierFactor = 3
