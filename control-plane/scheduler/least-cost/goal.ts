// What makes one plan better than another, and which ones may be chosen at all.
import type { Forecast } from '#control-plane/model/plan.ts'

export type Goal = {
  readonly minimise: 'usd' | 'seconds'
  readonly secondsMax: number
  readonly usdMax: number
}

/** Sums of many prices are taken as equal up to this. */
const tolerance = 1e-9

export type Worth = Pick<Forecast, 'seconds' | 'totalUsd'>

export function valueOf({ minimise }: Goal, { seconds, totalUsd }: Worth): number {
  return minimise === 'usd' ? totalUsd : seconds
}

export function isAllowed(goal: Goal, { seconds, totalUsd }: Worth): boolean {
  return seconds <= goal.secondsMax * (1 + tolerance) && totalUsd <= goal.usdMax * (1 + tolerance)
}

/** Clearly better in what counts, or as good in that and better in the other. */
export function isBetter(goal: Goal, a: Worth, b: Worth): boolean {
  const [mine, theirs] = [valueOf(goal, a), valueOf(goal, b)]
  if (Math.abs(mine - theirs) > tolerance * Math.max(Math.abs(mine), Math.abs(theirs))) return mine < theirs
  const other: Goal = { ...goal, minimise: goal.minimise === 'usd' ? 'seconds' : 'usd' }
  return valueOf(other, a) < valueOf(other, b) * (1 - tolerance)
}

/** Whether something that is worth at least this can still be better than `best`, by more than the share `by`. */
export function mayBeBetter(goal: Goal, atLeast: Worth, best: Worth | null, by = 0): boolean {
  if (!isAllowed(goal, atLeast)) return false
  return best === null || valueOf(goal, atLeast) < valueOf(goal, best) * (1 - Math.max(tolerance, by))
}
