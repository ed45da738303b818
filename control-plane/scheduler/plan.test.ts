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
