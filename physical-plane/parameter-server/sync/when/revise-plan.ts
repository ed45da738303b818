// A plan is announced under a version and holds until another one is committed; the version rises only when something
// changes. Intervals that merely wobble with the measurements keep the plan as it is.
import type { RoundPlan } from '../../rounds/types.ts'
import { hysteresis } from '#proto/sync/config.ts'

export type WantedPlan = Omit<RoundPlan, 'version' | 'isFinalNext'>

/** The previous plan itself, or the wanted one under the next version. */
export function revisePlan(previous: RoundPlan | null, wanted: WantedPlan): RoundPlan {
  if (previous === null) return { ...wanted, version: 1, isFinalNext: false }
  return isSameEnough(previous, wanted) ? previous : { ...wanted, version: previous.version + 1, isFinalNext: false }
}

function isSameEnough(previous: RoundPlan, wanted: WantedPlan): boolean {
  if (previous.codec !== wanted.codec || previous.fragments !== wanted.fragments) return false
  if (previous.density !== wanted.density) return false
  const regions = Object.keys(wanted.intervals)
  if (regions.length !== Object.keys(previous.intervals).length) return false
  return regions.every((region) => {
    const before = previous.intervals[region]
    return before !== undefined && Math.abs(wanted.intervals[region]! - before) <= hysteresis * before
  })
}
