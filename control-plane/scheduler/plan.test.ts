import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import { aCatalogue, aJob, anAgent, anInstance, aShard, aSnapshot, aSpec } from '#control-plane/model/builders.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { plan, planPending } from './plan.ts'

const catalogue = aCatalogue(
  { a: { cpu: 1 }, b: { cpu: 1, t4: 10 }, c: { t4: 10 }, d: { cpu: 1 }, e: {} },
  { cpu: 1, t4: 20 },
)
const agents = [anAgent('a', { cpu: 12 }), anAgent('b', { cpu: 12, t4: 2 }), anAgent('c', { t4: 1 })]
const snapshot = aSnapshot({ catalogue, agents })
const in200Seconds = snapshot.nowMs + 200_000

const jobOn = (shards: JobSpec['shards'], spec: Partial<JobSpec> = {}, job: Partial<Job> = {}): Job =>
  aJob({ spec: aSpec({ shards, ...spec }), ...job })
const resources = (part: Partial<JobSpec['resources']>): Partial<JobSpec> => ({
  resources: { ...aSpec().resources, ...part },
})
const cpuOnly = resources({ deviceModels: ['cpu'] })
const unitsOf = (of: Plan): object =>
  Object.fromEntries(
    of.partitions.map(({ region, allocations }) => [
      region,
      Object.fromEntries(allocations.map(({ deviceModel, units }) => [deviceModel, units])),
    ]),
  )
const rulesOf = (of: Plan): object => Object.fromEntries(of.reasons.map(({ region, rule }) => [region, rule]))

describe('a placed plan', () => {
  test('matches load power, says why, and forecasts the saving', () => {
    const placed = plan(snapshot, jobOn([aShard('a', 2000), aShard('b', 1000)], cpuOnly))
    expect(placed).toMatchObject({ outcome: 'placed', policy: 'load-power', bottleneckRegion: 'a', loadPower: 0.6 })
    expect(unitsOf(placed)).toEqual({ a: { cpu: 12 }, b: { cpu: 6 } })
    expect(rulesOf(placed)).toEqual({ a: 'bounds-the-epoch', b: 'matched-load-power', c: 'no-data' })
    expect(placed.forecast!.seconds).toBeCloseTo(1 / 0.6)
    expect(1 - placed.forecast!.totalUsd / placed.forecastUseEverything!.totalUsd).toBeCloseTo(0.25)
    expect(placed).toMatchObject({ catalogVersion: 'test', catalogHash: catalogue.hash })
  })

  test('shards of one region count together, and one without samples is no data', () => {
    const placed = plan(
      snapshot,
      jobOn([aShard('a', 1000), aShard('a', 1000), aShard('b', 1000), aShard('c', 0)], cpuOnly),
    )
    expect(unitsOf(placed)).toEqual({ a: { cpu: 12 }, b: { cpu: 6 } })
  })

  test('a limit of workers holds in every region', () => {
    const spec = resources({ deviceModels: ['cpu'], workersMaxPerRegion: 4 })
    expect(unitsOf(plan(snapshot, jobOn([aShard('a', 2), aShard('b', 1)], spec)))).toEqual({
      a: { cpu: 4 },
      b: { cpu: 2 },
    })
  })

  test('use-everything takes every free unit', () => {
    const placed = plan(snapshot, jobOn([aShard('a', 1), aShard('b', 1)], { policy: 'use-everything' }))
    expect(unitsOf(placed)).toEqual({ a: { cpu: 12 }, b: { cpu: 12, t4: 2 } })
    expect(placed.forecast).toEqual(placed.forecastUseEverything)
  })
})

describe('throughput', () => {
  const job = (spec: Partial<JobSpec>): Job => jobOn([aShard('b', 1000)], spec)
  const perUnit = (of: Plan): object =>
    Object.fromEntries(of.partitions[0]!.allocations.map((each) => [each.deviceModel, each.samplesPerSecondPerUnit]))
  const everything = { policy: 'use-everything' }

  test('nominal without any figure', () => {
    const placed = plan(snapshot, job(everything))
    expect(perUnit(placed)).toEqual({ cpu: 100, t4: 2000 })
    expect(placed.forecast!.throughputSource).toBe('nominal')
  })

  test('measured beats nominal, and scales what was not measured', () => {
    const measured = { ...snapshot, throughput: new Map([[`${'ab'.repeat(32)}/cpu`, 7]]) }
    expect(perUnit(plan(measured, job(everything)))).toEqual({ cpu: 7, t4: 140 })
  })

  test('declared beats measured; the weakest source is named', () => {
    const measured = { ...snapshot, throughput: new Map([[`${'ab'.repeat(32)}/cpu`, 7]]) }
    const declared = resources({ samplesPerSecond: { t4: 300 } })
    const placed = plan(measured, job({ ...everything, ...declared }))
    expect(perUnit(placed)).toEqual({ cpu: 7, t4: 300 })
    expect(placed.forecast!.throughputSource).toBe('measured')
  })
})

describe('why not', () => {
  test.each<[string, Job, Plan['outcome'], string, string]>([
    ['an unknown region', jobOn([aShard('x', 1)]), 'impossible', 'unknown-region', 'x is not in catalogue test'],
    ['a region without prices', jobOn([aShard('e', 1)]), 'impossible', 'no-price', 'e has no price'],
    [
      'a device that is not sold there',
      jobOn([aShard('c', 1)], cpuOnly),
      'impossible',
      'device-model-not-allowed',
      'c offers t4; the job allows cpu only',
    ],
    ['no agent', jobOn([aShard('d', 1)]), 'waiting', 'no-agent', 'd has no agent yet'],
    ['no shard', jobOn([]), 'impossible', 'no-shards', 'no shard with samples'],
    [
      'an unknown policy',
      jobOn([aShard('a', 1)], { policy: 'magic' }),
      'impossible',
      'unknown-policy',
      'use one of least-cost, load-power, use-everything',
    ],
  ])('%s', (_, job, outcome, rule, text) => {
    const answer = plan(snapshot, job)
    expect(answer).toMatchObject({ outcome, partitions: [], forecast: null })
    expect(answer.reasons[0]!.rule).toBe(rule)
    expect(answer.reasons[0]!.text).toContain(text)
  })

  test('a lost agent', () => {
    const lost = { ...snapshot, agents: [anAgent('a', { cpu: 12 }, { isConnected: false, lastHeartbeatAtMs: 0 })] }
    expect(plan(lost, jobOn([aShard('a', 1)]))).toMatchObject({
      outcome: 'waiting',
      reasons: [{ rule: 'agent-lost', text: 'a has lost its agent; last heard of at 1970-01-01T00:00:00.000Z' }],
    })
  })

  test('a device that the agent does not bring', () => {
    const bare = { ...snapshot, agents: [anAgent('c', { cpu: 8 })] }
    expect(rulesOf(plan(bare, jobOn([aShard('c', 1)])))).toEqual({ c: 'no-such-device' })
  })

  test('no free unit: the other regions wait with it', () => {
    const busy = anInstance({ id: 'j-0/c/worker-0', jobId: 'j-0', region: 'c', deviceModel: 't4' })
    const answer = plan({ ...snapshot, instances: [busy] }, jobOn([aShard('a', 1), aShard('c', 1)]))
    expect(answer.outcome).toBe('waiting')
    expect(rulesOf(answer)).toEqual({ a: 'ready', c: 'no-free-units' })
    expect(answer.reasons[1]!.text).toBe('c has 0 of 1 t4 free; at least 1 is needed')
  })
})

describe('free units', () => {
  const onA = jobOn([aShard('a', 1)])
  const workers = (part: object): Snapshot['instances'] =>
    Array.from({ length: 5 }, (_, n) => anInstance({ id: `j-0/a/worker-${n}`, jobId: 'j-0', region: 'a', ...part }))
  test.each([
    ['running workers hold theirs', {}, 7],
    ['released ones too until they are down', { isReleased: true, state: 'stopping' }, 7],
    ['completed ones do not', { state: 'completed' }, 12],
    ['nor released ones that never began', { isReleased: true, state: 'planned' }, 12],
    ['nor does the job itself', { jobId: 'j-1' }, 12],
  ])('%s', (_, part, cpu) => {
    expect(unitsOf(plan({ ...snapshot, instances: workers(part) }, onA))).toEqual({ a: { cpu } })
  })

  test('a placed job that has not started has its units reserved', () => {
    const spec = resources({ workersMaxPerRegion: 8 })
    const first = jobOn([aShard('a', 1)], spec, { id: 'j-0' })
    const waiting = { ...snapshot, jobs: [{ ...first, plan: plan(snapshot, first) }] }
    expect(unitsOf(plan(waiting, onA))).toEqual({ a: { cpu: 4 } })
  })
})

describe('the queue', () => {
  const small = resources({ workersMaxPerRegion: 1 })
  const plans = (of: Snapshot): object =>
    Object.fromEntries(planPending(of).jobs.map(({ id, change }) => [id, change.plan!.outcome]))

  test('the oldest job comes first, whatever its id', () => {
    const jobs = [
      jobOn([aShard('c', 1)], {}, { id: 'j-1', createdAtMs: 20 }),
      jobOn([aShard('c', 1)], {}, { id: 'j-2', createdAtMs: 10 }),
    ]
    expect(plans({ ...snapshot, jobs })).toEqual({ 'j-1': 'waiting', 'j-2': 'placed' })
  })

  test('a job that waits for units is not overtaken in any of its regions', () => {
    const busy = anInstance({ id: 'j-0/c/worker-0', jobId: 'j-0', region: 'c', deviceModel: 't4' })
    const jobs = [
      jobOn([aShard('a', 1), aShard('c', 1)], {}, { id: 'j-1', createdAtMs: 1 }),
      jobOn([aShard('a', 1)], small, { id: 'j-2', createdAtMs: 2 }),
      jobOn([aShard('b', 1)], small, { id: 'j-3', createdAtMs: 3 }),
    ]
    const now = { ...snapshot, jobs, instances: [busy] }
    expect(plans(now)).toEqual({ 'j-1': 'waiting', 'j-2': 'waiting', 'j-3': 'placed' })
    const held = planPending(now).jobs[1]!.change.plan!.reasons[0]!
    expect(held).toMatchObject({
      rule: 'held-for-older-job',
      text: 'a has 12 cpu free, held for j-1, which has waited longer',
    })
  })

  test('a job that waits for an agent holds nothing', () => {
    const jobs = [
      jobOn([aShard('a', 1), aShard('d', 1)], {}, { id: 'j-1', createdAtMs: 1 }),
      jobOn([aShard('a', 1)], small, { id: 'j-2', createdAtMs: 2 }),
    ]
    expect(plans({ ...snapshot, jobs })).toEqual({ 'j-1': 'waiting', 'j-2': 'placed' })
  })

  test('a deadline or budget that would be met with every unit free is waited for', () => {
    // 12 cpu of a train 100 samples/s each; a worker of another job has 11 of them.
    const busy = anInstance({ id: 'j-0/a/worker-0', jobId: 'j-0', region: 'a', units: 11 })
    const least = { policy: 'least-cost', ...cpuOnly }
    const by = (atMs: number): Job => jobOn([aShard('a', 120_000)], { ...least, objective: { kind: 'deadline', atMs } })
    const within = (usd: number): Partial<JobSpec> => ({ budget: { usd, actions: [] } })
    const now = { ...snapshot, instances: [busy] }
    const soon = plan(now, by(in200Seconds))
    expect(soon).toMatchObject({ outcome: 'waiting', reasons: [{ region: 'a', rule: 'too-slow' }] })
    expect(soon.reasons[0]!.text).toBe(
      'the fastest plan takes 1200 s and costs $0.3333; the deadline is 1970-01-01T00:20:00.000Z; ' +
        'with every unit of its regions free a plan takes 100 s and costs $0.3333, so the job waits for units',
    )
    expect(soon.reasons[0]!.figures).toMatchObject({ fastestSeconds: 1200, secondsLeft: 200, secondsWithAllUnits: 100 })
    expect(plan(now, by(snapshot.nowMs + 1_200_000)).outcome).toBe('placed')
    expect(plan(now, by(snapshot.nowMs + 50_000)).outcome).toBe('impossible')
    expect(plan(snapshot, by(snapshot.nowMs + 50_000)).outcome).toBe('impossible')
    expect(plan(now, jobOn([aShard('a', 120_000)], { ...least, ...within(0.01) })).outcome).toBe('impossible')
  })

  test('a job that waits for its deadline is not overtaken where it will run', () => {
    const busy = anInstance({ id: 'j-0/a/worker-0', jobId: 'j-0', region: 'a', units: 11 })
    const objective = { kind: 'deadline', atMs: in200Seconds } as const
    const jobs = [
      jobOn([aShard('a', 120_000)], { policy: 'least-cost', objective }, { id: 'j-1', createdAtMs: 1 }),
      jobOn([aShard('a', 1)], small, { id: 'j-2', createdAtMs: 2 }),
      jobOn([aShard('b', 1)], small, { id: 'j-3', createdAtMs: 3 }),
    ]
    const now = { ...snapshot, jobs, instances: [busy] }
    expect(plans(now)).toEqual({ 'j-1': 'waiting', 'j-2': 'waiting', 'j-3': 'placed' })
    // What it waits for is said in words that do not change with the time.
    const later = { ...applyActions(now, planPending(now)), nowMs: snapshot.nowMs + 1_000, instances: [busy] }
    expect(planPending(later).jobs.filter(({ id }) => id === 'j-1')).toEqual([])
  })

  test('a job whose data may move goes where there are units, and holds no more than it needs', () => {
    const all = ['a', 'b', 'c'].flatMap((region) => {
      const models = { a: ['cpu'], b: ['cpu', 't4'], c: ['t4'] }[region]!
      return models.map((deviceModel) =>
        anInstance({ id: `j-0/${region}/${deviceModel}`, jobId: 'j-0', region, deviceModel, units: 12 }),
      )
    })
    const movable = (region: string): JobSpec['shards'] => [aShard(region, 100, { bytes: 1e6, mayMoveTo: ['*'] })]
    const least = { policy: 'least-cost' }
    const busyInA = { ...snapshot, instances: all.filter(({ region }) => region === 'a') }
    const moved = plan(busyInA, jobOn(movable('a'), least))
    expect(moved).toMatchObject({ outcome: 'placed', movements: [{ from: 'a' }] })
    const jobs = [
      jobOn(movable('a'), least, { id: 'j-1', createdAtMs: 1 }),
      jobOn([aShard('b', 1)], small, { id: 'j-2', createdAtMs: 2 }),
    ]
    expect(plans({ ...snapshot, jobs, instances: all })).toEqual({ 'j-1': 'waiting', 'j-2': 'waiting' })
    const waiting = planPending({ ...snapshot, jobs, instances: all }).jobs.map(({ change }) => change.plan!)
    expect(rulesOf(waiting[0]!)).toEqual({ a: 'no-free-units', b: 'no-free-units', c: 'no-free-units' })
    expect(waiting[0]!.reasons[1]!.figures).toEqual({ unitsFree: 0, unitsTotal: 14 })
    // Only a is held for it.
    expect(rulesOf(waiting[1]!)).toMatchObject({ b: 'no-free-units' })
  })

  test('a region that data might have been moved to has its reason, with its numbers', () => {
    const busy = anInstance({ id: 'j-0/c/worker-0', jobId: 'j-0', region: 'c', deviceModel: 't4' })
    const shards = [aShard('a', 100, { bytes: 1e6, mayMoveTo: ['*'] })]
    const placed = plan({ ...snapshot, instances: [busy] }, jobOn(shards, { policy: 'least-cost' }))
    expect(placed.outcome).toBe('placed')
    expect(placed.reasons.find(({ region }) => region === 'c')).toMatchObject({
      chosen: false,
      rule: 'no-free-units',
      figures: { unitsFree: 0, unitsTotal: 1 },
    })
    expect(placed.reasons.map(({ region }) => region)).toEqual(['a', 'b', 'c'])
  })

  test('planning again changes nothing', () => {
    const jobs = [
      jobOn([aShard('c', 1)], {}, { id: 'j-1' }),
      jobOn([aShard('c', 1)], {}, { id: 'j-2' }),
      jobOn([aShard('x', 1)], {}, { id: 'j-3' }),
    ]
    const first = planPending({ ...snapshot, jobs })
    expect(first.jobs.map(({ change }) => change.plan!.outcome)).toEqual(['placed', 'waiting', 'impossible'])
    expect(planPending(applyActions({ ...snapshot, jobs }, first))).toEqual({
      jobs: [],
      newInstances: [],
      releasedInstanceIds: [],
    })
  })

  test('a preview stands behind the jobs that wait', () => {
    const older = jobOn([aShard('c', 1)], {}, { id: 'j-1', createdAtMs: 1 })
    const asked = jobOn([aShard('c', 1)], {}, { id: 'preview', createdAtMs: 2 })
    expect(plan({ ...snapshot, jobs: [older] }, asked).outcome).toBe('waiting')
    expect(plan(snapshot, asked).outcome).toBe('placed')
  })
})
