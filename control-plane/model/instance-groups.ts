// A snapshot's instances by job and by region. The store has the groups at hand, and one that did not change is the same list
// as before; where a snapshot was made otherwise they are made here.
import type { Instance, Snapshot } from './snapshot.ts'

export type Groups = ReadonlyMap<string, readonly Instance[]>

type Grouped = Pick<Snapshot, 'instances' | 'instancesByJob' | 'instancesByRegion'>

export function instancesByJob(snapshot: Grouped): Groups {
  return snapshot.instancesByJob ?? Map.groupBy(snapshot.instances, ({ jobId }) => jobId)
}

export function instancesByRegion(snapshot: Grouped): Groups {
  return snapshot.instancesByRegion ?? Map.groupBy(snapshot.instances, ({ region }) => region)
}
