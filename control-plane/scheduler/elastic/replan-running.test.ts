// When a running job's plan is replaced, and by what; and when it is left alone.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyActions, noActions } from '#control-plane/model/actions.ts'
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
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Instance, PartitionProgress, Snapshot } from '#control-plane/model/snapshot.ts'
import { replaceEveryMs } from './config.ts'
import { replanRunning } from './replan-running.ts'
import type { ElasticMemory } from './state.ts'

const cpu = (units: number) => [anAllocation(units, { samplesPerSecondPerUnit: 100, usdPerUnitHour: 1 })]
const data = { bytes: 1e9, mayMoveTo: ['*'] }

/** Data 2:1 over two regions: six units in a, three in b, at 100 samples/s each; a tenth is done. */
function running(change: { readonly spec?: Partial<JobSpec>; readonly job?: Partial<Job> } = {}): Snapshot {
  const spec = aSpec({
    shards: [aShard('a', 2_000_000), aShard('b', 1_000_000)],
    training: { ...aSpec().training, epochs: 2 },
    policy: 'least-cost',
    ...change.spec,
  })
  const plan = aPlan(
    {},
    {
      policy: 'least-cost',
      partitions: [
        aPartition('a', 0, { samples: 2_000_000, allocations: cpu(6), loadPower: 600 / 2_000_000 }),
        aPartition('b', 0, { samples: 1_000_000, allocations: cpu(3), loadPower: 300 / 1_000_000 }),
      ],
    },
  )
  const servers = plan.partitions.flatMap(({ region, samples, allocations }) => [
    server(region, { samplesDone: samples / 5, samplesTotal: 2 * samples, workers: allocations[0]!.units, rounds: 10 }),
    ...Array.from({ length: allocations[0]!.units }, (_, n) => anInstance({ id: `j-1/${region}/worker-${n}`, region })),
  ])
  return aSnapshot({
    catalogue: aCatalogue({ a: { cpu: 1, t4: 30 }, b: { cpu: 1, t4: 30 }, c: { cpu: 1 } }, { cpu: 1, t4: 20 }),
    agents: [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 6 }), anAgent('c', {})],
    jobs: [aJob({ spec, plan, state: 'running', startedAtMs: 0, ...change.job })],
    instances: servers,
  })
}

function server(region: string, progress: Partial<PartitionProgress>): Instance {
  const units = progress.workers ?? 0
  const at = someProgress(region, { samplesPerSecond: 100 * units, steps: 1000, ...progress })
  return anInstance({ id: `j-1/${region}/ps`, region, role: 'parameter-server', units: 0, progress: at })
}

function progressed(snapshot: Story, changes: Readonly<Record<string, Partial<PartitionProgress>>>): Story {
  const instances = snapshot.instances.map((instance): Instance => {
    const change = changes[instance.partition]
    if (instance.progress === null || change === undefined) return instance
    return { ...instance, progress: { ...instance.progress, ...change } }
  })
  return { ...snapshot, instances }
}

const later = (story: Story, ms: number): Story => ({ ...story, nowMs: story.nowMs + ms })

/** A snapshot, and what was remembered when it was looked at last. */
type Story = Snapshot & { readonly memory?: ElasticMemory }

function step(story: Story): Story {
  const { actions, memory } = replanRunning(story, story.memory ?? new Map())
  return { ...applyActions(story, actions), memory }
}

const planOf = (snapshot: Snapshot) => snapshot.jobs[0]!.plan!
const unitsOf = (snapshot: Snapshot): object =>
  Object.fromEntries(
    planOf(snapshot).partitions.map(({ place, allocations }) => [
      place,
      allocations.map(({ units, deviceModel }) => `${units} ${deviceModel}`).join(' '),
    ]),
  )

/** Observations, each with a new round. */
function observed(
  snapshot: Story,
  count: number,
  changes: Readonly<Record<string, Partial<PartitionProgress>>>,
): Story {
  let now = snapshot
  for (let n = 1; n <= count; n++) {
    const next = Object.fromEntries(Object.entries(changes).map(([name, each]) => [name, { ...each, rounds: 10 + n }]))
    now = step(later(progressed(now, next), 1000))
  }
  return now
}

describe('a plan that goes as reckoned', () => {
  test('stays, however long it runs', () => {
    const first = step(running())
    expect(planOf(first).version).toBe(1)
    let now = first
    for (let n = 0; n < 50; n++)
      now = step(later(progressed(now, { a: { rounds: 20 + n }, b: { rounds: 20 + n } }), 60_000))
    expect(planOf(now).version).toBe(1)
    expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '3 cpu' })
  })

  test('asks for nothing new when nothing new is known', () => {
    const seen = step(running())
    expect(replanRunning(seen, seen.memory!)).toEqual({ actions: noActions, memory: seen.memory })
  })
})

describe('a region that is slower than was reckoned', () => {
  const slow = { b: { samplesPerSecond: 150 }, a: {} }

  test('is given more units after three rounds of it, not before', () => {
    const start = step(running())
    expect(planOf(observed(start, 2, slow)).version).toBe(1)
    const now = observed(later(start, 60_000), 3, slow)
    expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '6 cpu' })
    expect(planOf(now)).toMatchObject({ version: 2 })
    expect(planOf(now).cause).toContain('b trains 150 samples/s, 300 were planned')
    expect(planOf(now).cause).toMatch(/ instead of /)
  })

  test('looked at again without a new round counts once', () => {
    let now = progressed(step(running()), slow)
    for (let n = 0; n < 20; n++) now = step(later(now, 1000))
    expect(planOf(now).version).toBe(1)
  })

  test('with fewer workers than planned says nothing', () => {
    const now = observed(later(step(running()), 60_000), 6, { b: { samplesPerSecond: 100, workers: 1 }, a: {} })
    expect(planOf(now).version).toBe(1)
  })

  test('takes nothing that others wait for', () => {
    const snapshot = running()
    const waiting = { ...snapshot, jobs: [...snapshot.jobs, aJob({ id: 'j-2', requestId: 'r-2' })] }
    // The other region need not be quicker than the slow one.
    expect(unitsOf(observed(later(step(waiting), 60_000), 5, slow))).toEqual({ a: '3 cpu', b: '3 cpu' })
  })
})

describe('devices that go', () => {
  const withAgents = (snapshot: Snapshot, agents: Snapshot['agents']): Snapshot => ({ ...snapshot, agents })

  test('are left before they are taken away, with others of the region', () => {
    const leaving = anAgent(
      'b',
      {},
      {
        devices: [
          { ...anAgent('b', { cpu: 3 }).devices[0]!, id: 'cpu-0', endsAtMs: 1_120_000 },
          { ...anAgent('b', { t4: 1 }).devices[0]! },
        ],
      },
    )
    const now = step(withAgents(running(), [anAgent('a', { cpu: 6 }), leaving]))
    expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '1 t4' })
    expect(planOf(now).cause).toContain('b loses 3 of 3 cpu in 120 s')
  })

  test('and are gone are no longer planned with', () => {
    const now = step(withAgents(running(), [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 1 })]))
    expect(unitsOf(now)).toMatchObject({ b: '1 cpu' })
    expect(planOf(now).cause).toContain('b has 1 of the 3 cpu that the job holds')
  })

  test('take the partition elsewhere, where its data may go', () => {
    const spec = { shards: [aShard('a', 2_000_000), aShard('b', 1_000_000, data)] }
    const agents = [anAgent('a', { cpu: 6 }), anAgent('b', {}), anAgent('c', { cpu: 8 })]
    const now = step(withAgents(running({ spec }), agents))
    expect(planOf(now).partitions.map(({ region, place, moves }) => [region, place, moves])).toEqual([
      ['a', 'a', 0],
      ['b', 'c', 1],
    ])
    expect(planOf(now).partitions[1]!).toMatchObject({ samples: 1_000_000, dataRegions: ['b'] })
  })

  test('leave the plan as it is where nothing else can be done', () => {
    const now = step(withAgents(running(), [anAgent('a', { cpu: 6 }), anAgent('b', {})]))
    expect(planOf(now).version).toBe(1)
  })

  test('of a region that is out of sight say nothing', () => {
    const away = anAgent('b', { cpu: 1 }, { isConnected: false })
    expect(planOf(step(withAgents(running(), [anAgent('a', { cpu: 6 }), away]))).version).toBe(1)
  })
})

test('units that come free are used when the objective asks for speed', () => {
  const spec = { objective: { kind: 'least-time' } as const }
  const more = { ...running({ spec }), agents: [anAgent('a', { cpu: 12 }), anAgent('b', { cpu: 6 })] }
  expect(unitsOf(step(more))).toEqual({ a: '12 cpu', b: '6 cpu' })
})

test('two jobs do not take the same units', () => {
  const spec = { objective: { kind: 'least-time' } as const }
  const one = running({ spec })
  const other = one.instances.map((each) => ({ ...each, id: each.id.replace('j-1', 'j-2'), jobId: 'j-2' }))
  const both: Snapshot = {
    ...one,
    jobs: [one.jobs[0]!, { ...one.jobs[0]!, id: 'j-2', requestId: 'r-2' }],
    instances: [...one.instances, ...other],
    agents: [anAgent('a', { cpu: 15 }), anAgent('b', { cpu: 8 })],
  }
  const plans = step(both).jobs.map(({ plan }) => plan!)
  const taken = (region: string): number =>
    plans
      .flatMap(({ partitions }) => partitions.filter(({ place }) => place === region))
      .flatMap(({ allocations }) => allocations)
      .reduce((sum, { units }) => sum + units, 0)
  expect([taken('a'), taken('b')]).toEqual([15, 8])
})

test('a deadline that would be missed brings more units', () => {
  // Of 4,000,000 samples of a nine tenths are left: 6,000 s at 600 samples/s.
  const spec = { objective: { kind: 'deadline', atMs: 1_000_000 + 4_000_000 } as const }
  const more = { ...running({ spec }), agents: [anAgent('a', { cpu: 12 }), anAgent('b', { cpu: 6 })] }
  const now = step(more)
  expect(planOf(now).version).toBe(2)
  expect(planOf(now).forecast!.seconds).toBeLessThanOrEqual(4000)
})

test('whatever is measured, a plan is replaced no more often than it may', () => {
  const speeds = fc.array(fc.record({ a: fc.integer({ min: 60, max: 6000 }), b: fc.integer({ min: 30, max: 3000 }) }), {
    minLength: 20,
    maxLength: 60,
  })
  fc.assert(
    fc.property(speeds, (all) => {
      let now = step(running())
      let changedAtMs = Number.NEGATIVE_INFINITY
      for (const [n, speed] of all.entries()) {
        const version = planOf(now).version
        now = step(
          later(
            progressed(now, {
              a: { samplesPerSecond: speed.a, rounds: 11 + n },
              b: { samplesPerSecond: speed.b, rounds: 11 + n },
            }),
            10_000,
          ),
        )
        if (planOf(now).version === version) continue
        expect(now.nowMs - changedAtMs).toBeGreaterThanOrEqual(replaceEveryMs)
        changedAtMs = now.nowMs
        // As the reconciler would carry it out.
        now = { ...now, instances: now.instances.map((each) => withWorkers(each, planOf(now))) }
      }
    }),
    { numRuns: 30 },
  )
})

function withWorkers(instance: Instance, plan: ReturnType<typeof planOf>): Instance {
  if (instance.progress === null) return instance
  const partition = plan.partitions.find(({ region }) => region === instance.partition)!
  const workers = partition.allocations.reduce((sum, { units }) => sum + units, 0)
  return { ...instance, progress: { ...instance.progress, workers } }
}
