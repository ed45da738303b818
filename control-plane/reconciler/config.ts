// Limits of the reconciler.

/** An agent that is unseen for longer is pruned from its jobs, if the other regions go on. */
export const defaultPruneAfterMs = 10 * 60_000
/** Nobody may ask for less: a machine that restarts is away for as long. */
export const pruneAfterMinMs = 60_000

/** "unseen for N s" grows in these steps, so that waiting does not write a job at every loop. */
export const unseenStepMs = 10_000

/** A region keeps the checkpoints of at most so many ended jobs, the newest of them. */
export const keptJobsMax = 10_000

/** A job tells of so many instances that do not run. */
export const troublesShownMax = 3

/** After an instance of a function gave up, the next one begins after this, doubled each time. */
export const functionBackOffMs = 10_000
export const functionBackOffMsMax = 300_000

/** A function that runs wherever there is room goes elsewhere once its region is unseen for longer. */
export const functionMovesAfterMs = 60_000
