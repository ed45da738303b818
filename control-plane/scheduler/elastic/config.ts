// When a running job's plan is weighed again, what another one must bring to replace it, and how budgets are watched.

/** A measurement is off the plan when it differs by more than this share, so many observations in a row. */
export const speedOff = 0.15
export const linkOff = 0.3
export const observationsOff = 3
/** An observation of a partition that exchanges in no rounds is so many steps. */
export const stepsPerObservation = 20
/** Weight of an observation in the moving average of a partition's speed. */
export const speedWeight = 0.7
/** Links of a plan with more partitions are not watched one by one: there are too many. */
export const watchedPartitionsMax = 16

/** While something is off the plan it is weighed again this often; where it can not go on, more often. */
export const weighEveryMs = 60_000
export const forcedWeighEveryMs = 10_000
/** Units count as having come free when they have been for so long: what comes and goes is left to others. */
export const unitsSettleMs = 60_000
/** In one pass so many plans are weighed at most, those first that can not go on, then those that waited longest. */
export const weighsMax = 16
/** A plan is replaced no sooner than this after it was, unless it must. */
export const replaceEveryMs = 120_000
/** The same where a deadline would be missed. */
export const latePauseMs = 30_000
/** Sentences kept of units that came free. */
export const unitsCameMax = 4
/** Another plan must be better by this share of what is left, the cost of changing included. */
export const improvementMin = 0.1

/** What changing takes: while it does, nothing is trained by what changes. */
export const resizeSeconds = 15
export const moveSeconds = 60
/** A checkpoint holds so many vectors of the model's length: replica, shared parameters, two of the optimiser. */
export const checkpointVectors = 4

/** A forecast has to be over the budget for so long before anything is done about it. */
export const overBudgetMs = 15_000
/** What is done about it must save this share of what is left, or make it fit. */
export const budgetSavingMin = 0.02
/** Use becomes known so much later than it happens at most, and what is stopped is paid for so much longer. */
export const meteringSeconds = 15
/** A warning is renewed when the forecast differs from the one it told by this share. */
export const warnAgain = 0.1
/** Where the interval is fixed it may become so many times as long. */
export const lengthenMax = 8
/** A slack that asks for the cheapest plan, however long it takes. */
export const anySlack = 1_000

/** A profile lasts no longer from the first step on, and no longer altogether where none comes. */
export const profileMs = 30_000
export const profileStartMs = 300_000
