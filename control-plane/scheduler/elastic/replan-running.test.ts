// When a running job's plan is replaced, and by what; and when it is left alone.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noActions } from '#control-plane/model/actions.ts'
import { aCatalogue, aJob, anAgent, aShard, aSync, aSyncProgress } from '#control-plane/model/builders.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { replaceEveryMs, weighsMax } from './config.ts'
import { replanRunning } from './replan-running.ts'
import { restOf } from './rest.ts'
import {
  data,
  type Story,
  later,
  observed,
  planOf,
  progressed,
  running,
  step,
  unitsOf,
  withWorkers,
} from './running-job.fixture.ts'

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
    expect(replanRunning(seen, seen.memory)).toEqual({ actions: noActions, memory: seen.memory })
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
    expect(planOf(now).cause).toMatch(/^b trains 15\d samples\/s, 300 were planned;/)
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

test('what a partition had reached counts while it moves', () => {
  const start = step(running())
  const released = start.instances.map((each) => (each.partition === 'b' ? { ...each, isReleased: true } : each))
  const job = start.jobs[0]!
  const rest = (instances: typeof released) => restOf(job, planOf(start), instances, start.memory!.jobs.get('j-1')!)
  expect(rest(released).usd).toBe(rest([...start.instances]).usd)
})

test('units that come free are used when the objective asks for speed', () => {
  const spec = { objective: { kind: 'least-time' } as const }
  const more = { ...running({ spec }), agents: [anAgent('a', { cpu: 12 }), anAgent('b', { cpu: 6 })] }
  expect(unitsOf(step(more))).toEqual({ a: '12 cpu', b: '6 cpu' })
})

test('units that come free are used once they have been there for a while', () => {
  const spec = { objective: { kind: 'least-time' } as const }
  const agents = (times: number) => [anAgent('a', { cpu: 6 * times }), anAgent('b', { cpu: 3 * times })]
  let now = step({ ...running({ spec }), agents: agents(1) })
  now = step(later({ ...now, agents: agents(2) }, 1_000))
  now = step(later({ ...now, agents: agents(1) }, 30_000))
  now = step(later({ ...now, agents: agents(2) }, 10_000))
  now = step(later(now, 40_000))
  expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '3 cpu' })
  now = step(later(now, 30_000))
  expect(unitsOf(now)).toEqual({ a: '12 cpu', b: '6 cpu' })
  expect(planOf(now).cause).toMatch(/^6 cpu came free in a; 3 cpu came free in b;/)
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

test('a link that is not as it was reckoned with is told of, between the places where partitions run', () => {
  const spec = { sync: aSync({ strategy: 'asgd-ga' }), objective: { kind: 'least-time' } as const }
  const at = (mbitPerSecond: number) => ({
    sync: aSyncProgress({ links: [{ fromRegion: 'a', mbitPerSecond, roundTripMs: 50 }] }),
    wanBytesSent: 1e9,
  })
  const start = { ...running({ spec }), agents: [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 3, t4: 1 })] }
  const first = progressed(step(start), { b: { samplesPerSecond: 300, ...at(0) } })
  const triggersOf = (story: typeof first) => story.memory!.jobs.get('j-1')!.off
  expect(triggersOf(observed(later(first, 60_000), 3, { b: at(95), a: {} }))).toEqual({})
  expect(triggersOf(observed(later(first, 60_000), 2, { b: at(20), a: {} }))).toEqual({ 'link a b': 2 })
})

test('prices that changed are looked at once', () => {
  const story = step(running())
  const dearer = aCatalogue({ a: { cpu: 1, t4: 30 }, b: { cpu: 9, t4: 0.5 }, c: { cpu: 1 } }, { cpu: 1, t4: 20 })
  const agents = [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 3, t4: 1 })]
  const now = step(later({ ...story, agents, catalogue: { ...dearer, version: 'next', hash: 'of next' } }, 300_000))
  expect(unitsOf(now)).toEqual({ a: '6 cpu', b: '1 t4' })
  expect(planOf(now).cause).toContain('prices changed from catalogue test to next')
  expect(planOf(now).catalogHash).toBe('of next')
})

test('many jobs are weighed some at a time, those first that can not wait', () => {
  const one = running({ spec: { objective: { kind: 'least-time' } } })
  const ids = Array.from({ length: weighsMax + 4 }, (_, n) => `j-${100 + n}`)
  const jobs = ids.map((id) => ({ ...one.jobs[0]!, id, requestId: id }))
  const instances = ids.flatMap((id) =>
    one.instances.map((each) => ({ ...each, id: each.id.replace('j-1', id), jobId: id })),
  )
  const crowd: Story = {
    ...one,
    jobs,
    instances,
    agents: [anAgent('a', { cpu: 6 * ids.length }), anAgent('b', { cpu: 3 * ids.length })],
  }
  const weighed = (story: Story) =>
    [...story.memory!.jobs].filter(([, { weighedAtMs }]) => weighedAtMs === story.nowMs).map(([id]) => id)
  const first = step(crowd)
  expect(weighed(first)).toEqual(ids.slice(0, weighsMax))
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
