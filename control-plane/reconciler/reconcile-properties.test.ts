// What holds for every snapshot, however its reports came about, and at the size that the loop is built for.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyActions, isEmpty } from '#control-plane/model/actions.ts'
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
  someProgress,
} from '#control-plane/model/builders.ts'
import { endStates, type Job, type JobState } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { desiredByRegion } from './desired.ts'
import { reconcile } from './reconcile.ts'

function planOver(regions: readonly string[], units: number): Plan {
  const allocations = [anAllocation(units, { usdPerUnitHour: 0.04 })]
  const partitions = regions.map((region) => aPartition(region, units, { samples: 100, allocations }))
  return aPlan({}, { partitions, bottleneckRegion: regions[0]! })
}

function worldOf(regionCount: number, jobCount: number, regionsPerJob: number, units: number): Snapshot {
  const names = Array.from({ length: regionCount }, (_, i) => `r-${String(i).padStart(3, '0')}`)
  const jobs = Array.from({ length: jobCount }, (_, j): Job => {
    const own = Array.from({ length: regionsPerJob }, (_each, i) => names[(j * 7 + i) % regionCount]!).sort()
    const spec = aSpec({ shards: own.map((region) => aShard(region, 100)), holdout: aShard(own[0]!, 10) })
    return aJob({ id: `j-${String(j).padStart(5, '0')}`, spec, plan: planOver(own, units) })
  })
  return aSnapshot({
    nowMs: 10_000_000,
    catalogue: aCatalogue(Object.fromEntries(names.slice(0, 3).map((name) => [name, { cpu: 1 }]))),
    agents: names.map((region) => anAgent(region, { cpu: 8 }, { lastHeartbeatAtMs: 10_000_000 })),
    jobs,
  })
}

const report = fc.record({
  state: fc.constantFrom<Instance['state']>(
    'planned',
    'starting',
    'running',
    'backing-off',
    'stopping',
    'completed',
    'stopped',
    'failed',
  ),
  phase: fc.constantFrom('starting', 'training', 'draining', 'evaluating', 'finished', 'failed' as const),
  port: fc.constantFrom('', ':1', ':2'),
})
type Step =
  | {
      readonly kind: 'report'
      readonly at: number
      readonly report: {
        state: Instance['state']
        phase: 'starting' | 'training' | 'draining' | 'evaluating' | 'finished' | 'failed'
        port: string
      }
    }
  | { readonly kind: 'agent'; readonly at: number; readonly isConnected: boolean }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'cancel'; readonly at: number }
  | { readonly kind: 'model'; readonly at: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('report' as const), at: fc.nat(30), report }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('agent' as const), at: fc.nat(3), isConnected: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1_000, 60_000, 700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), at: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('model' as const), at: fc.nat(2) }) },
)

// oxlint-disable-next-line typescript/consistent-return -- The switch is exhaustive, as the compiler checks.
function take(snapshot: Snapshot, what: Step): Snapshot {
  const changeAt = <T>(list: readonly T[], at: number, change: Partial<T>): readonly T[] =>
    list.length === 0 ? list : list.with(at % list.length, { ...list[at % list.length]!, ...change })
  switch (what.kind) {
    case 'report': {
      const instance = snapshot.instances[what.at % Math.max(1, snapshot.instances.length)]
      if (instance === undefined) return snapshot
      const { state, phase, port } = what.report
      const isServer = instance.role === 'parameter-server'
      const told = isServer ? { endpoint: port, progress: someProgress(instance.region, { phase }) } : {}
      return { ...snapshot, instances: changeAt(snapshot.instances, what.at, { state, ...told }) }
    }
    case 'agent':
      return { ...snapshot, agents: changeAt(snapshot.agents, what.at, { isConnected: what.isConnected }) }
    case 'time':
      return { ...snapshot, nowMs: snapshot.nowMs + what.ms }
    case 'cancel':
      return { ...snapshot, jobs: changeAt(snapshot.jobs, what.at, { state: 'cancelling', reason: 'cancelled' }) }
    case 'model':
      return { ...snapshot, jobs: changeAt(snapshot.jobs, what.at, { modelDigest: 'cd' }) }
  }
}

const stories = fc.array(step, { maxLength: 40 })
const order: readonly JobState[] = [
  'pending',
  'starting',
  'running',
  'finishing',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
]

describe('for every story', () => {
  test('doing what it says leaves nothing to do', () => {
    fc.assert(
      fc.property(stories, (story) => {
        let snapshot = worldOf(4, 3, 3, 2)
        for (const what of story) {
          snapshot = take(snapshot, what)
          snapshot = applyActions(snapshot, reconcile(snapshot))
          expect(isEmpty(reconcile(snapshot))).toBe(true)
        }
      }),
    )
  })

  test('states, epochs, prunes and releases only go forward, and instances are made once', () => {
    fc.assert(
      fc.property(stories, (story) => {
        let snapshot = worldOf(4, 3, 3, 2)
        for (const what of story) {
          const before = take(snapshot, what)
          const actions = reconcile(before)
          const known = new Set(before.instances.map(({ id }) => id))
          expect(actions.newInstances.filter(({ id }) => known.has(id))).toEqual([])
          for (const { id, change } of actions.jobs) {
            const job = before.jobs.find((each) => each.id === id)!
            expect(order.indexOf(change.state ?? job.state)).toBeGreaterThanOrEqual(order.indexOf(job.state))
            const book = change.addressBook ?? job.addressBook
            expect(book.epoch - job.addressBook.epoch).toBe(change.addressBook === undefined ? 0 : 1)
            const wasPruned = job.addressBook.peers.filter((peer) => peer.isPruned).map((peer) => peer.region)
            const isPruned = book.peers.filter((peer) => peer.isPruned).map((peer) => peer.region)
            expect(isPruned).toEqual(expect.arrayContaining(wasPruned))
            const ends = endStates.has(change.state ?? job.state)
            const own = before.instances.filter((instance) => instance.jobId === id && !instance.isReleased)
            const released = own.filter((instance) => actions.releasedInstanceIds.includes(instance.id))
            expect(ends ? released.length : 0).toBe(ends ? own.length : 0)
          }
          snapshot = applyActions(before, actions)
        }
      }),
    )
  })

  test('only what is not released is desired', () => {
    fc.assert(
      fc.property(stories, (story) => {
        let snapshot = worldOf(4, 3, 3, 2)
        for (const what of story) {
          snapshot = take(snapshot, what)
          snapshot = applyActions(snapshot, reconcile(snapshot))
        }
        const desired = [...desiredByRegion(snapshot).values()].flatMap(({ instances }) => instances)
        const ids = desired.map(({ instance }) => instance.id).sort()
        expect(ids).toEqual(
          snapshot.instances
            .filter(({ isReleased }) => !isReleased)
            .map(({ id }) => id)
            .sort(),
        )
      }),
    )
  })
})

test('200 regions, 2,000 jobs and 10,000 instances are looked at once each', () => {
  const snapshot = worldOf(200, 2_000, 2, 2)
  const placed = applyActions(snapshot, reconcile(snapshot))
  expect(placed.instances).toHaveLength(12_000)
  let reads = 0
  const counted = placed.instances.map(
    (instance) =>
      new Proxy(instance, {
        get: (target, key) => {
          reads += 1
          return Reflect.get(target, key) as unknown
        },
      }),
  )
  expect(isEmpty(reconcile({ ...placed, instances: counted }))).toBe(true)
  // A quadratic loop would read millions of fields; a constant number per instance is tens of thousands.
  expect(reads).toBeLessThan(10 * counted.length)
})
