// How far each partition of a job is. One that was moved has a parameter server in each place where it has run, and each had
// told of all until then: only the newest counts.
import type { Instance, PartitionProgress } from './snapshot.ts'

/** In ascending order of partition; those that have told nothing yet are left out. */
export function partitionsProgress(instances: readonly Instance[]): readonly PartitionProgress[] {
  const newest = new Map<string, Instance>()
  for (const instance of instances) {
    if (instance.progress === null) continue
    const known = newest.get(instance.partition)
    if (known === undefined || movesOf(instance) >= movesOf(known)) newest.set(instance.partition, instance)
  }
  return [...newest.values()]
    .sort((a, b) => (a.partition < b.partition ? -1 : 1))
    .flatMap(({ progress }) => progress ?? [])
}

function movesOf({ moves = 0 }: Instance): number {
  return moves
}
