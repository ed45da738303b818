// One broken job or function must not stop the others: when a decision throws, those that make it throw are found by asking for
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
    const isFine = ({ id }: { readonly id: string }): boolean => !broken.has(id)
    const functions = (snapshot.functions ?? []).filter(isFine)
    const rest = decide({ ...snapshot, jobs: snapshot.jobs.filter(isFine), functions })
    const jobs = [...rest.jobs, ...blame(snapshot.jobs, broken)].sort((a, b) => (a.id < b.id ? -1 : 1))
    const blamed = [...(rest.functions ?? []), ...blame(snapshot.functions ?? [], broken)]
    return { actions: { ...rest, jobs, functions: blamed.sort((a, b) => (a.id < b.id ? -1 : 1)) }, broken }
  }
}

function findBroken(snapshot: Snapshot, decide: (snapshot: Snapshot) => Actions): ReadonlyMap<string, unknown> {
  const broken = new Map<string, unknown>()
  const { jobs, functions = [] } = snapshot
  const alone = [
    ...jobs.map((job) => [job.id, { jobs: [job], functions: [] }] as const),
    ...functions.map((each) => [each.id, { jobs: [], functions: [each] }] as const),
  ]
  for (const [id, one] of alone) {
    try {
      decide({ ...snapshot, ...one })
    } catch (error) {
      broken.set(id, error)
    }
  }
  return broken
}

type Update = Pick<JobUpdate, 'id' | 'ifRevision'> & { readonly change: { readonly reason: string } }

function blame(
  all: readonly { readonly id: string; readonly revision: number; readonly reason: string }[],
  broken: ReadonlyMap<string, unknown>,
): readonly Update[] {
  return all.flatMap(({ id, revision, reason }): Update[] => {
    if (!broken.has(id)) return []
    const why = `stuck on an internal error: ${messageOf(broken.get(id))}`
    return why === reason ? [] : [{ id, ifRevision: revision, change: { reason: why } }]
  })
}
