// When to go on without a region. The control plane can not tell a dead region from one that it merely does not hear,
// and the region may hold most of the data, so this is the last resort: only after the grace time, and only while at
// least half of all the job's regions are connected and go on. A pruned region stays out of the job for good: its
// instances are released, the address book tells the others, and the job's reasons say what share of the data is
// missing.
import { goesOn, isLost, type PartitionView } from './partitions.ts'

export function regionsToPrune(views: readonly PartitionView[], pruneAfterMs: number): ReadonlySet<string> {
  const inJob = views.filter((view) => !view.isPruned)
  const goingOn = inJob.filter((view) => !isLost(view) && goesOn(view))
  const lost = inJob.filter((view) => isLost(view) && view.unseenMs >= pruneAfterMs && view.phase !== 'finished')
  const othersWait = inJob.some((view) => !isLost(view) && !goesOn(view))
  if (othersWait || goingOn.length * 2 < views.length) return new Set()
  return new Set(lost.map((view) => view.region))
}
