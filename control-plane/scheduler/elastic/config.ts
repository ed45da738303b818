// When a running job's plan is weighed again, and what another one must bring to replace it.

/** A measurement is off the plan when it differs by more than this share, so many observations in a row. */
export const speedOff = 0.15
export const linkOff = 0.3
export const observationsOff = 3
/** An observation of a partition that exchanges in no rounds is so many steps. */
export const stepsPerObservation = 20

/** A plan is weighed again no sooner than this after it was, and replaced no sooner than this after it was, unless it must. */
export const weighEveryMs = 30_000
export const replaceEveryMs = 120_000
/** Another plan must be better by this share of what is left, the cost of changing included. */
export const improvementMin = 0.1

/** What changing takes: while it does, nothing is trained by what changes. */
export const resizeSeconds = 15
export const moveSeconds = 60
