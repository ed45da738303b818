// How a job with a deadline is to buy capacity from now on: spot while it is there, on demand when the deadline needs it,
// nothing while spot capacity is away and time is left. It needs no forecast of spot capacity. Pure.
//
// The measure is the pace that is still needed: work left over time left, 1 when there is no slack any more.
//   1. Whoever would be late after one more change goes on demand and stays there.
//   2. Spot capacity that is there is taken, and kept for as long as it is: it costs a fraction, so a change to it soon pays.
//   3. Without it the job waits until the needed pace has gone a share of the way from even progress to 1, and then works on
//      demand until it is back at even progress, or spot capacity is: changes are few, and slack is spent, but not all at once.
//
// The rules of "Can't Be Late" (Wu et al., NSDI'24), which begins on demand as soon as progress is behind and ends as soon as
// it is ahead by two changes, close half of what a greedy policy leaves to hindsight on recorded traces; waiting a little longer
// and working a little longer closes five sixths (bench/spot.ts).

export type SpotSituation = {
  /** Work in seconds of the units that the job would have: all of it, and what is left. */
  readonly workSeconds: number
  readonly leftSeconds: number
  readonly secondsSinceStart: number
  readonly secondsToDeadline: number
  /** What it takes to begin, or to go on, on other units: paid for and without progress. */
  readonly changeSeconds: number
  /** What it runs on now. */
  readonly now: Capacity
  readonly isSpotThere: boolean
}

export type Capacity = 'spot' | 'on-demand' | 'none'

/** Share of the way from even progress to no slack at all that is waited. Between a fifth and two fifths little changes. */
const waitShare = 0.3

export function spotOrOnDemand(situation: SpotSituation): Capacity {
  const { leftSeconds, secondsToDeadline, changeSeconds, isSpotThere, now } = situation
  if (leftSeconds <= 0) return 'none'
  const spareSeconds = secondsToDeadline - leftSeconds
  // Whoever works on spot capacity has its loss before them, and one change after it; whoever does not, has one more.
  const keptBack = now === 'spot' && isSpotThere ? changeSeconds : 2 * changeSeconds
  if (spareSeconds <= keptBack) return 'on-demand'
  if (isSpotThere) return 'spot'
  const needed = leftSeconds / secondsToDeadline
  const even = evenPace(situation)
  const bound = now === 'on-demand' ? even : even + waitShare * (1 - even)
  return needed > bound ? 'on-demand' : 'none'
}

/** What would have been enough from the start: work over all the time there was, at most 1. */
function evenPace({ workSeconds, secondsSinceStart, secondsToDeadline }: SpotSituation): number {
  return Math.min(1, workSeconds / (secondsSinceStart + secondsToDeadline))
}
