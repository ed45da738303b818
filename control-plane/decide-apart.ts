// One broken job must not stop the others: when a decision throws, the jobs that make it throw are found by asking for
// each alone, set aside with the error as their reason, and the rest is decided without them.
import { messageOf } from '#runtime/errors.ts'
import type { Actions, JobUpdate } from './model/actions.ts'
import type { Snapshot } from './model/snapshot.ts'

export type Decision = { readonly actions: Actions; readonly broken: ReadonlyMap<string, unknown> }

export function decideApart(snapshot: Snapshot, decide: (snapshot: Snapshot) => Actions): Decision {
  try {
    return { actions: decide(snapshot), broken: new Map() }
  } catch {
    const broken = findBroken(snapshot, decide)
    const rest = decide({ ...snapshot, jobs: snapshot.jobs.filter(({ id }) => !broken.has(id)) })
    const jobs = [...rest.jobs, ...blame(snapshot, broken)].sort((a, b) => (a.id < b.id ? -1 : 1))
    return { actions: { ...rest, jobs }, broken }
  }
}

function findBroken(snapshot: Snapshot, decide: (snapshot: Snapshot) => Actions): ReadonlyMap<string, unknown> {
  const broken = new Map<string, unknown>()
  for (const job of snapshot.jobs) {
    try {
      decide({ ...snapshot, jobs: [job] })
    } catch (error) {
      broken.set(job.id, error)
    }
  }
  return broken
}

function blame(snapshot: Snapshot, broken: ReadonlyMap<string, unknown>): readonly JobUpdate[] {
  return snapshot.jobs.flatMap(({ id, revision, reason }): JobUpdate[] => {
    if (!broken.has(id)) return []
    const why = `stuck on an internal error: ${messageOf(broken.get(id))}`
    return why === reason ? [] : [{ id, ifRevision: revision, change: { reason: why } }]
  })
}
