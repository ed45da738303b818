// How much a report shows. What is left out is said beside it.

export const reportConfig = {
  /** Points of one line of a chart. */
  pointsMax: 400,
  /** Bins of a timeline. */
  timelineBins: 120,
  happeningsMax: 200,
  /** Rows of a chart's table. */
  tableRowsMax: 24,
  /** Rounds in the page's table: the newest. */
  roundsMax: 120,
} as const
