// A job of whose speed nothing is known begins with a profile, and goes on with the plan that it shows.
import { describe, expect, test } from 'vitest'
import { applyActions, type Actions } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anInstance,
  aShard,
  aSnapshot,
  aSpec,
  someProgress,
} from '#control-plane/model/builders.ts'
import { classOf } from '#control-plane/model/device-class.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { throughputKey, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import { profileMs, profileStartMs } from './elastic/config.ts'
import { mustComeAgain } from './elastic/decided-again.fixture.ts'
import { replanRunning } from './elastic/replan-running.ts'
import { planPending } from './plan.ts'

const digest = aSpec().function.bundleDigest

/** The catalogue takes a t4 to be as quick as twenty cpus, at twelve times the price. */
function waiting(spec: Partial<JobSpec> = {}): Snapshot {
  const shards = [aShard('a', 20_000_000), aShard('b', 10_000_000)]
  const objective = { kind: 'least-cost', slack: 10 } as const
  return aSnapshot({
    catalogue: aCatalogue({ a: { cpu: 1, t4: 12 }, b: { cpu: 1, t4: 12 } }, { cpu: 1, t4: 20 }),
    agents: [anAgent('a', { cpu: 16, t4: 4 }), anAgent('b', { cpu: 16, t4: 4 })],
    jobs: [aJob({ spec: aSpec({ shards, policy: 'least-cost', objective, ...spec }) })],
  })
}

function planned(snapshot: Snapshot): Plan {
  return after(snapshot, planPending(snapshot))
}

/** The job's plan now; each that is new comes out the same again from what is kept with it. */
function after(snapshot: Snapshot, actions: Actions): Plan {
  mustComeAgain(actions, snapshot.catalogue)
  return applyActions(snapshot, actions).jobs[0]!.plan!
}

const unitsOf = ({ partitions }: Plan): readonly string[] =>
  partitions.map(({ place, allocations }) =>
    [place, ...allocations.map(({ units, deviceModel }) => `${units} ${deviceModel}`)].join(' '),
  )

/** Every worker of the plan runs. */
function running(snapshot: Snapshot): Snapshot {
  const plan = planned(snapshot)
  const instances = plan.partitions.flatMap(({ region, allocations, samples }): Instance[] => {
    const workers = allocations.flatMap((each, n) =>
      Array.from({ length: each.units }, (_, k) =>
        anInstance({ id: `j-1/${region}/worker-${n}-${k}`, region, ...classOf(each) }),
      ),
    )
    const progress = someProgress(region, { workers: workers.length, samplesTotal: samples, steps: 5 })
    return [anInstance({ id: `j-1/${region}/ps`, region, role: 'parameter-server', units: 0, progress }), ...workers]
  })
  const job = { ...snapshot.jobs[0]!, plan, state: 'running' as const, startedAtMs: snapshot.nowMs }
  return { ...snapshot, jobs: [{ ...job, firstStepAtMs: snapshot.nowMs + 10_000 }], instances }
}

const replanned = (snapshot: Snapshot): Plan => after(snapshot, replanRunning(snapshot).actions)

describe('a profile', () => {
  test('takes one unit of each class in every region, and says so', () => {
    const plan = planned(waiting())
    expect(unitsOf(plan)).toEqual(['a 1 cpu 1 t4', 'b 1 cpu 1 t4'])
    expect(plan).toMatchObject({ isProfile: true, version: 1 })
    expect(plan.cause).toContain('one unit of each of cpu, t4')
  })

  test.each<[string, Partial<JobSpec>]>([
    ['speeds are declared', { resources: { ...aSpec().resources, samplesPerSecond: { cpu: 90, t4: 1_000 } } }],
    ['the job is short', { shards: [aShard('a', 20_000), aShard('b', 10_000)] }],
    ['everything is used anyway', { policy: 'use-everything' }],
    ['workers keep step', { training: { ...aSpec().training, workerMode: 'synchronous' } }],
    ['there is one class', { resources: { ...aSpec().resources, deviceModels: ['cpu'] } }],
  ])('is not made where %s', (_, spec) => {
    expect(planned(waiting(spec)).isProfile).toBeUndefined()
  })

  test('is not made of a function that has run before', () => {
    const throughput = new Map([
      [throughputKey(digest, 'cpu'), 90],
      [throughputKey(digest, 't4'), 1_000],
    ])
    expect(planned({ ...waiting(), throughput }).isProfile).toBeUndefined()
  })

  test('lasts until every class has shown its speed, then the plan proper follows', () => {
    const start = running(waiting())
    expect(replanned(start)).toBe(start.jobs[0]!.plan)
    const half = new Map([[throughputKey(digest, 'cpu'), 100]])
    expect(replanned({ ...start, throughput: half }).version).toBe(1)
    // As it turns out, a t4 is as quick as four cpus only.
    const plan = replanned({ ...start, throughput: new Map([...half, [throughputKey(digest, 't4'), 400]]) })
    expect(unitsOf(plan)).toEqual([expect.stringMatching(/^a \d+ cpu$/), expect.stringMatching(/^b \d+ cpu$/)])
    expect(plan).toMatchObject({ version: 2, isProfile: false })
    expect(plan.cause).toMatch(/^one unit of each class was tried: 100 samples\/s on cpu, 400 samples\/s on t4; /)
  })

  test('lasts half a minute from the first step at most, and no longer than five without one', () => {
    const start = running(waiting())
    const at = (ms: number): Snapshot => ({ ...start, nowMs: start.nowMs + ms })
    expect(replanned(at(profileMs)).version).toBe(1)
    const late = replanned(at(10_000 + profileMs))
    expect(late.version).toBe(2)
    expect(late.cause).toContain('cpu still unknown, t4 still unknown')
    const stuck = { ...start, jobs: [{ ...start.jobs[0]!, firstStepAtMs: null }] }
    expect(replanned({ ...stuck, nowMs: start.nowMs + profileStartMs - 1 }).version).toBe(1)
    expect(replanned({ ...stuck, nowMs: start.nowMs + profileStartMs }).version).toBe(2)
  })

  test('gives way to the plan proper though others wait meanwhile', () => {
    const start = running(waiting())
    const other = aJob({ id: 'j-2', requestId: 'r-2' })
    const late = { ...start, jobs: [...start.jobs, other], nowMs: start.nowMs + 10_000 + profileMs }
    expect(unitsOf(replanned(late))).not.toEqual(unitsOf(start.jobs[0]!.plan!))
  })
})
