// How many regions decide for all.

export type Voters = {
  /** Everybody who may vote, ascending, this region included. */
  readonly electorate: readonly string[]
  /** All regions of the job, those that were pruned included. */
  readonly regionsTotal: number
}

/**
 * More than half of those who may vote, and at least half of all regions of the job. Regions learn of a prune one after
 * the other; with the second half of the rule no two majorities, whatever each of them knows, are without a common member.
 */
export function isMajority(part: readonly string[], { electorate, regionsTotal }: Voters): boolean {
  return 2 * part.length > electorate.length && 2 * part.length >= regionsTotal
}
