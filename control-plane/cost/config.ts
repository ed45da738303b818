// What counts as a gap, and how much of a report is told.

export const costConfig = {
  /** Windows of an attempt follow each other to the millisecond; less than this is rounding. */
  gapMsMin: 1_000,
  /** Use that is younger than this may still be on its way. */
  gapOpenMs: 60_000,
  /** Share of a month's five-minute means that is not billed. */
  unbilledShare: 0.05,
  pointsMax: 200,
} as const
