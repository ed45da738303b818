// What a plan that replaces another one changes, while the job runs.
import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anAllocation,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
} from '#control-plane/model/builders.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { desiredFor } from './desired.ts'
import { reconcile } from './reconcile.ts'

const nowMs = 10_000_000
const regions = ['a', 'b', 'c']

function planOf(version: number, partitions: readonly Partition[]): Plan {
  return aPlan({}, { version, partitions })
}

/** Two workers in a and one in b, all running. */
function running(): Snapshot {
  const snapshot = aSnapshot({
    nowMs,
    catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 }, c: { cpu: 1 } }),
    agents: regions.map((region) => anAgent(region, { cpu: 4, t4: 4 }, { lastHeartbeatAtMs: nowMs })),
    jobs: [
      aJob({
        spec: aSpec({ shards: [aShard('a', 300), aShard('b', 100)] }),
        plan: planOf(1, [aPartition('a', 2), aPartition('b', 1)]),
      }),
    ],
  })
  const started = applyActions(snapshot, reconcile(snapshot))
  const instances = started.instances.map((instance) => ({ ...instance, state: 'running' as const }))
  return settled({ ...started, instances })
}

function settled(snapshot: Snapshot): Snapshot {
  const next = applyActions(snapshot, reconcile(snapshot))
  expect(reconcile(next)).toEqual({ jobs: [], newInstances: [], releasedInstanceIds: [] })
  return next
}

function replanned(snapshot: Snapshot, plan: Plan): Snapshot {
  return settled({ ...snapshot, jobs: snapshot.jobs.map((job) => ({ ...job, plan })) })
}

/** Agents stop what is released. */
function obeyed(snapshot: Snapshot): Snapshot {
  const instances = snapshot.instances.map((instance): Instance => {
    return instance.isReleased ? { ...instance, state: 'stopped' } : instance
  })
  return settled({ ...snapshot, instances })
}

/** The data of a partition that moves is where it goes. */
function staged(snapshot: Snapshot): Snapshot {
  const instances = snapshot.instances.map((instance): Instance => {
    return instance.role === 'data-stager' ? { ...instance, state: 'completed' } : instance
  })
  return settled({ ...snapshot, instances })
}

const wanted = ({ instances }: Snapshot): readonly string[] =>
  instances.filter(({ isReleased }) => !isReleased).map(({ id }) => id)
const atStart = ['j-1/a/ps', 'j-1/a/worker-0', 'j-1/a/worker-1', 'j-1/b/ps', 'j-1/b/worker-0']

describe('a plan that replaces another one', () => {
  test('changes nothing where it takes the same', () => {
    expect(wanted(replanned(running(), planOf(2, [aPartition('a', 2), aPartition('b', 1)])))).toEqual(atStart)
  })

  test('adds workers under ids that were never used, and takes the newest away', () => {
    const fewer = replanned(running(), planOf(2, [aPartition('a', 1), aPartition('b', 1)]))
    expect(wanted(fewer)).toEqual(['j-1/a/ps', 'j-1/a/worker-0', 'j-1/b/ps', 'j-1/b/worker-0'])
    const more = replanned(obeyed(fewer), planOf(3, [aPartition('a', 3), aPartition('b', 1)]))
    expect(wanted(more).slice(0, 4)).toEqual(['j-1/a/ps', 'j-1/a/worker-0', 'j-1/a/worker-2', 'j-1/a/worker-3'])
  })

  test('moves workers to another class of devices', () => {
    const faster = aPartition('a', 0, { allocations: [anAllocation(1, { deviceModel: 't4', market: 'spot' })] })
    const moved = replanned(running(), planOf(2, [faster, aPartition('b', 1)]))
    expect(wanted(moved).slice(0, 2)).toEqual(['j-1/a/ps', 'j-1/a/worker-2'])
    expect(moved.instances.find(({ id }) => id === 'j-1/a/worker-2')).toMatchObject({
      deviceModel: 't4',
      market: 'spot',
      region: 'a',
      state: 'planned',
    })
  })

  test('moves a partition: it begins in its new place once nothing of it runs in the old one', () => {
    const plan = planOf(2, [aPartition('a', 2), aPartition('b', 1, { place: 'c', moves: 1 })])
    const leaving = replanned(running(), plan)
    expect(wanted(leaving)).toEqual(atStart.slice(0, 3))
    const gone = obeyed(leaving)
    const mover = ['j-1/b@c.1/data-server/b', 'j-1/b@c.1/data-stager']
    expect(wanted(gone).slice(3)).toEqual([...mover, 'j-1/b@c.1/ps', 'j-1/b@c.1/worker-0'])
    expect(desiredFor(gone, 'c').instances.map(({ instance }) => instance.id)).toEqual([mover[1]])
    const arrived = staged(gone)
    expect(
      desiredFor(arrived, 'c')
        .instances.slice(1)
        .map(({ instance }) => [instance.partition, instance.region]),
    ).toEqual([
      ['b', 'c'],
      ['b', 'c'],
    ])
    // The job knows it by its name all along, and where it listens from when it does.
    const listening = arrived.instances.map((instance): Instance => {
      return instance.id === 'j-1/b@c.1/ps' ? { ...instance, state: 'running', endpoint: 'c:1' } : instance
    })
    const [job] = settled({ ...arrived, instances: listening }).jobs
    expect(job!.addressBook.peers.map(({ region, endpoint }) => [region, endpoint])).toEqual([
      ['a', ''],
      ['b', 'c:1'],
    ])
    expect(desiredFor(arrived, 'c').instances[1]).toMatchObject({ dataShare: 0.5, workers: 1 })
  })

  test('and back again, under ids of its own', () => {
    const away = planOf(2, [aPartition('a', 2), aPartition('b', 1, { place: 'c', moves: 1 })])
    const home = planOf(3, [aPartition('a', 2), aPartition('b', 1, { moves: 2 })])
    const back = obeyed(replanned(obeyed(replanned(running(), away)), home))
    expect(wanted(back).slice(3)).toEqual(['j-1/b@b.2/ps', 'j-1/b@b.2/worker-0'])
  })

  test('gives nothing new to what has used its samples', () => {
    const snapshot = running()
    const done = snapshot.instances.map((instance): Instance => {
      return instance.id === 'j-1/b/ps' ? { ...instance, state: 'completed' } : instance
    })
    const plan = planOf(2, [aPartition('a', 2), aPartition('b', 4)])
    expect(wanted(replanned({ ...snapshot, instances: done }, plan))).toEqual(atStart)
  })
})
