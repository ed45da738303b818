// What becomes of a job's regions and instances when it is resumed, decided from a snapshot alone.
import { describe, expect, test } from 'vitest'
import { applyActions, isEmpty } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anAllocation,
  anInstance,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
  someProgress,
} from '#control-plane/model/builders.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { keptJobOf, resumableMs } from '#control-plane/model/resumption.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { desiredByRegion, desiredFor } from './desired.ts'
import { reconcile } from './reconcile.ts'

const nowMs = 10_000_000
const spec = aSpec({ shards: [aShard('a', 300), aShard('b', 100)] })

function planOf(units: number): Plan {
  const allocations = [anAllocation(units, { usdPerUnitHour: 0.05 })]
  return aPlan({}, { partitions: ['a', 'b'].map((region) => aPartition(region, units, { samples: 100, allocations })) })
}

const peer = (region: string, isPruned: boolean) => ({ region, endpoint: `${region}:1`, dataShare: 0.5, isPruned })

/** Resumed after region b was pruned and a's second worker failed; it had two workers in each region. */
function resumed(plan: Plan | null = planOf(1)): Snapshot {
  const before = (region: string) => [
    anInstance({
      id: `j-1/${region}/ps`,
      region,
      role: 'parameter-server',
      units: 0,
      state: 'completed',
      attempt: 3,
      endpoint: `${region}:1`,
      progress: someProgress(region, { phase: 'failed', samplesDone: 120, rounds: 9, workers: 2 }),
      isReleased: true,
    }),
    ...[0, 1].map((n) =>
      anInstance({ id: `j-1/${region}/worker-${n}`, region, state: 'failed', attempt: 5, isReleased: true }),
    ),
  ]
  return aSnapshot({
    nowMs,
    catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 } }),
    agents: ['a', 'b'].map((region) => anAgent(region, { cpu: 2 }, { lastHeartbeatAtMs: nowMs })),
    jobs: [
      aJob({
        spec,
        plan,
        startedAtMs: 5,
        addressBook: { epoch: 7, peers: [peer('a', false), peer('b', true)] },
        resumption: { number: 1, requestId: 'r', atMs: nowMs - 1 },
      }),
    ],
    instances: [...before('a'), ...before('b')],
  })
}

describe('a resumed job', () => {
  const actions = reconcile(resumed())
  const next = applyActions(resumed(), actions)

  test('its instances are the same ones, begun anew; those that the new plan has no place for stay released', () => {
    expect(actions.newInstances.map(({ id }) => id)).toEqual([
      'j-1/a/ps',
      'j-1/a/worker-0',
      'j-1/b/ps',
      'j-1/b/worker-0',
    ])
    for (const instance of actions.newInstances)
      expect(instance).toMatchObject({ state: 'planned', reason: '', endpoint: '', isReleased: false, resumption: 1 })
    expect(next.instances).toHaveLength(6)
    expect(next.instances.find(({ id }) => id === 'j-1/a/worker-1')).toMatchObject({ isReleased: true, attempt: 5 })
  })

  test('attempts and progress go on counting, and the failed phase is over', () => {
    expect(actions.newInstances[0]).toMatchObject({
      attempt: 3,
      progress: { phase: 'starting', samplesDone: 120, rounds: 9, workers: 0 },
    })
    expect(actions.newInstances[1]).toMatchObject({ attempt: 5, progress: null, usdPerUnitHour: 0.05 })
  })

  test('every region is in it again, and its address book is newer than any before', () => {
    const { addressBook, state, startedAtMs } = next.jobs[0]!
    expect(addressBook.epoch).toBe(8)
    expect(addressBook.peers.map(({ region, endpoint, isPruned }) => [region, endpoint, isPruned])).toEqual([
      ['a', '', false],
      ['b', '', false],
    ])
    expect([state, startedAtMs]).toEqual(['starting', 5])
    expect(isEmpty(reconcile(next))).toBe(true)
  })

  test('a region that is lost just then has the whole grace time again', () => {
    const agents = next.agents.map((agent) => ({ ...agent, isConnected: agent.region === 'a', lastHeartbeatAtMs: 0 }))
    const lost = { ...next, agents, instances: next.instances.map((one) => ({ ...one, state: 'running' as const })) }
    expect(reconcile(lost).jobs[0]?.change.addressBook?.peers.every(({ isPruned }) => !isPruned) ?? true).toBe(true)
  })
})

describe('what a region must keep', () => {
  const failed = aJob({ id: 'j-0', state: 'failed', plan: planOf(1), endedAtMs: nowMs - 10 })
  const kept = [keptJobOf(failed)!]
  const keeping = (atMs: number): Snapshot => aSnapshot({ nowMs: atMs, kept, catalogue: aCatalogue({ a: { cpu: 1 } }) })

  test('jobs that failed here, until their time is over', () => {
    expect(desiredFor(keeping(nowMs), 'a').keptJobIds).toEqual(['j-0'])
    expect(desiredFor(keeping(nowMs), 'elsewhere').keptJobIds).toEqual([])
    expect(desiredFor(keeping(nowMs + resumableMs), 'a').keptJobIds).toEqual([])
  })

  test('jobs that were resumed and are not placed yet', () => {
    expect(desiredFor(resumed(null), 'a')).toMatchObject({ instances: [], keptJobIds: ['j-1'] })
  })

  test('jobs that go on without it, but not those that run here', () => {
    const next = applyActions(resumed(), reconcile(resumed()))
    const gone = { ...next, instances: next.instances.map((one) => ({ ...one, isReleased: one.region === 'b' })) }
    const desired = desiredByRegion(gone)
    expect(desired.get('b')).toMatchObject({ instances: [], keptJobIds: ['j-1'] })
    expect(desired.get('a')?.keptJobIds).toEqual([])
  })

  test('nothing of a job that succeeded, that goes on, or that never ran', () => {
    expect(keptJobOf({ ...failed, state: 'succeeded' })).toBeNull()
    expect(keptJobOf({ ...failed, state: 'running' })).toBeNull()
    expect(keptJobOf({ ...failed, plan: null })).toBeNull()
  })
})
