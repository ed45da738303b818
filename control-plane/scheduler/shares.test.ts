// Jobs that ask for shares of GPUs, through the whole of planning.
import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import { aCatalogue, aJob, anAgent, anInstance, aShard, aSnapshot, aSpec, gpus } from '#control-plane/model/builders.ts'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import { throughputKey, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import { planOn } from './decide-again.ts'
import { countFreeUnits, unitsFor, withFreed } from './free-units.ts'
import { PlanMemory } from './plan-memory.ts'
import { plan, planInput, planPending } from './plan.ts'

const digest = aSpec().function.bundleDigest
const catalogue = aCatalogue({ a: { cpu: 1, t4: 8 }, b: { t4: 8, v100: 20 } }, { cpu: 1, t4: 20, v100: 50 })
const half: GpuShare = { requestMilli: 500, limitMilli: 750, memoryBytes: 4 * 2 ** 30 }
const agents = [
  anAgent('a', {}, { devices: [...anAgent('a', { cpu: 4 }).devices, ...gpus('t4', 4)] }),
  anAgent('b', {}, { devices: gpus('v100', 2) }),
]
const snapshot = aSnapshot({ catalogue, agents })

const jobOn = (regions: readonly string[], gpuShare: GpuShare | null, spec: Partial<JobSpec> = {}): Job => {
  const { resources } = aSpec()
  return aJob({
    spec: aSpec({
      shards: regions.map((region) => aShard(region, 1000)),
      resources: { ...resources, deviceModels: ['t4', 'v100'], ...(gpuShare === null ? {} : { gpuShare }) },
      policy: 'use-everything',
      ...spec,
    }),
  })
}
const holding = (id: string, instance: Partial<Instance>): Instance => {
  return anInstance({ id: `j-0/a/worker-${id}`, jobId: 'j-0', region: 'a', deviceModel: 't4', ...instance })
}
const allocationOf = (of: Snapshot, job: Job): unknown => plan(of, job).partitions[0]?.allocations

describe('a plan of shares', () => {
  test('counts in shares, is priced by what is guaranteed, and says so', () => {
    const placed = plan(snapshot, jobOn(['a'], half))
    expect(placed.partitions[0]!.allocations).toMatchObject([
      { deviceModel: 't4', units: 8, gpuShare: half, usdPerUnitHour: 4, samplesPerSecondPerUnit: 1000 },
    ])
    expect(placed.reasons[0]!.text).toContain('a takes 8 of 8 shares of 0.5 t4')
    const whole = plan(snapshot, jobOn(['a'], null))
    expect(placed.forecast!.seconds).toBeCloseTo(whole.forecast!.seconds)
    expect(placed.forecast!.totalUsd).toBeCloseTo(whole.forecast!.totalUsd)
  })

  test('takes what jobs leave, whole or shared, as far as agents have told where that is', () => {
    const job = jobOn(['a'], half)
    const beside = (...instances: readonly Instance[]): Snapshot => ({ ...snapshot, instances })
    expect(allocationOf(beside(holding('0', { deviceId: 'gpu-1' })), job)).toMatchObject([{ units: 6 }])
    const shared = holding('0', { gpuShare: half, deviceId: 'gpu-1' })
    expect(allocationOf(beside(shared), job)).toMatchObject([{ units: 7 }])
    expect(allocationOf(beside(shared), jobOn(['a'], null))).toMatchObject([{ units: 3 }])
    const large = holding('0', { gpuShare: { ...half, memoryBytes: 13 * 2 ** 30 }, deviceId: 'gpu-0' })
    expect(allocationOf(beside(large), job)).toMatchObject([{ units: 6 }])
  })

  test('takes CPUs whole where the job allows both', () => {
    const { resources } = aSpec()
    const job = jobOn(['a'], half, { resources: { ...resources, deviceModels: ['cpu', 't4'], gpuShare: half } })
    expect(allocationOf(snapshot, job)).toMatchObject([
      { deviceModel: 'cpu', units: 4, usdPerUnitHour: 1 },
      { deviceModel: 't4', units: 8, usdPerUnitHour: 4 },
    ])
  })

  test('reckons with what shares of that size were measured to do, else in proportion to a whole GPU', () => {
    const speedOf = (...measured: readonly (readonly [string, number])[]): unknown => {
      const throughput = new Map(measured.map(([unit, speed]) => [throughputKey(digest, unit), speed]))
      const { forecast, partitions } = plan({ ...snapshot, throughput }, jobOn(['a'], half))
      return [partitions[0]!.allocations[0]!.samplesPerSecondPerUnit, forecast!.throughputSource]
    }
    expect(speedOf(['t4', 900])).toEqual([450, 'nominal'])
    expect(speedOf(['t4', 900], ['t4~500-750', 700])).toEqual([700, 'measured'])
    expect(speedOf(['t4~500-1000', 700])).toEqual([1000, 'nominal'])
    const { resources } = jobOn(['a'], half).spec
    const declared = jobOn(['a'], half, { resources: { ...resources, samplesPerSecond: { t4: 600 } } })
    expect(allocationOf(snapshot, declared)).toMatchObject([{ samplesPerSecondPerUnit: 600 }])
  })
})

describe('a job that waits', () => {
  const reasonOf = (of: Snapshot, job: Job): unknown => {
    const { outcome, reasons } = plan(of, job)
    return [outcome, reasons.map(({ rule, text }) => [rule, text])]
  }

  test('is told that no GPU takes shares, or none so large', () => {
    const whole = gpus('t4', 2).map(({ sharing: _, ...device }) => device)
    const text = 'a has no t4 that takes a share with request 0.5, limit 0.75 and 4 GiB'
    const unshared = { ...snapshot, agents: [anAgent('a', {}, { devices: whole })] }
    expect(reasonOf(unshared, jobOn(['a'], half))).toEqual(['waiting', [['no-such-device', text]]])
    const large = { ...half, memoryBytes: 40 * 2 ** 30 }
    expect(reasonOf(snapshot, jobOn(['a'], large))).toEqual([
      'waiting',
      [['no-such-device', text.replace('4 GiB', '40 GiB')]],
    ])
  })

  test('is impossible where the catalogue knows that no GPU is so large, unless one is there', () => {
    const prices = { a: { cpu: 1, t4: 8 }, b: { t4: 8, v100: 20 } }
    const known = aCatalogue(prices, { cpu: 1, t4: 20, v100: 50 }, { t4: 16, v100: 32 })
    const here = { ...snapshot, catalogue: known }
    const large = { ...half, memoryBytes: 24 * 2 ** 30 }
    const text = 'a: a share asks for 24 GiB, and t4 has 14.67 GiB'
    expect(reasonOf(here, jobOn(['a'], large))).toEqual(['impossible', [['too-little-memory', text]]])
    // Where another model is sold that is large enough, whoever has one may still come.
    expect(reasonOf(here, jobOn(['b'], large))).toEqual(['waiting', [['no-such-device', expect.any(String)]]])
    const larger = { ...here, agents: [anAgent('a', {}, { devices: gpus('t4', 1, { memoryBytes: 24 * 2 ** 30 }) })] }
    expect(plan(larger, jobOn(['a'], large)).outcome).toBe('placed')
    // One that fits and is full is waited for.
    const instances = [holding('0', { deviceId: 'gpu-0' })]
    expect(plan({ ...larger, instances }, jobOn(['a'], large)).outcome).toBe('waiting')
    const cpus = { ...jobOn(['a'], large).spec.resources, deviceModels: [] }
    const anywhere = plan(here, jobOn(['a'], large, { resources: cpus }))
    expect(anywhere.partitions[0]!.allocations.map(({ deviceModel }) => deviceModel)).toEqual(['cpu'])
  })

  test('is told how many shares there are in all', () => {
    const instances = [0, 1, 2, 3].map((n) => holding(String(n), { deviceId: `gpu-${n}` }))
    const text = 'a has 0 of 8 shares of 0.5 t4 free; at least 1 is needed'
    expect(reasonOf({ ...snapshot, instances }, jobOn(['a'], half))).toEqual(['waiting', [['no-free-units', text]]])
  })

  test('is looked at again once a share came free on a GPU that is still shared', () => {
    const waiting = { ...jobOn(['a'], half), id: 'j-9' }
    const busy = aJob({ id: 'j-0', state: 'running', spec: jobOn(['a'], half).spec })
    const instances = [0, 1, 2, 3].flatMap((n) =>
      ['x', 'y'].map((name) => holding(`${n}${name}`, { deviceId: `gpu-${n}`, gpuShare: half })),
    )
    const memory = new PlanMemory()
    const full = { ...snapshot, jobs: [busy, waiting], instances }
    const first = planPending(full, memory)
    expect(first.jobs).toMatchObject([{ id: 'j-9', change: { plan: { outcome: 'waiting' } } }])
    const later = applyActions(full, first)
    expect(planPending(later, memory).jobs).toEqual([])
    const roomier = { ...later, instances: instances.slice(1) }
    expect(planPending(roomier, memory).jobs).toMatchObject([
      { id: 'j-9', change: { plan: { outcome: 'placed', partitions: [{ allocations: [{ units: 1 }] }] } } },
    ])
  })
})

test('a job’s own shares count as free when its plan is weighed anew', () => {
  const own = ['x', 'y'].map((name) => holding(name, { deviceId: 'gpu-0', gpuShare: half }))
  const units = countFreeUnits({ ...snapshot, instances: own })
  const freeIn = (of: typeof units): unknown =>
    [unitsFor(of, half).get('a')!.free, of.get('a')!.free].map((free) => free.get('t4'))
  expect([freeIn(units), freeIn(withFreed(units, own)), freeIn(withFreed(units, own.slice(1)))]).toEqual([
    [6, 3],
    [8, 4],
    [7, 3],
  ])
})

const anyShare = constantFrom<GpuShare | null>(
  null,
  half,
  { requestMilli: 300, limitMilli: 900, memoryBytes: 0 },
  { requestMilli: 250, limitMilli: 375, memoryBytes: 6 * 2 ** 30 },
)
const anyJob = record({
  share: anyShare,
  regions: constantFrom(['a'], ['b'], ['a', 'b']),
  workersMax: integer({ min: 1, max: 4 }),
  policy: constantFrom<JobSpec['policy']>('use-everything', 'load-power', 'least-cost'),
})

describe('whichever jobs with and without shares come in turn', () => {
  test('requests, limits and memory of what is placed stay within what there is', () => {
    assert(
      property(array(anyJob, { minLength: 1, maxLength: 7 }), (asked) => {
        const jobs = asked.map(({ share, regions, workersMax, policy }, i) => {
          const { resources } = jobOn(regions, share).spec
          const limited = { ...resources, workersMaxPerRegion: workersMax }
          return { ...jobOn(regions, share, { resources: limited, policy }), id: `j-${i}`, createdAtMs: i }
        })
        const planned = applyActions({ ...snapshot, jobs }, planPending({ ...snapshot, jobs }))
        const placed = planned.jobs.flatMap((job) => (job.plan?.outcome === 'placed' ? job.plan.partitions : []))
        for (const [place, units] of [['a', 4] as const, ['b', 2] as const]) {
          const all = placed
            .filter((partition) => partition.place === place)
            .flatMap(({ allocations }) => allocations)
            .flatMap(({ units: count, gpuShare = null }) => Array.from({ length: count }, () => gpuShare))
          const sum = (of: (share: GpuShare) => number, whole: number): number =>
            all.reduce((total, share) => total + (share === null ? whole : of(share)), 0)
          expect(sum((share) => share.requestMilli, 1000)).toBeLessThanOrEqual(1000 * units)
          expect(sum((share) => share.limitMilli, 1500)).toBeLessThanOrEqual(1500 * units)
          expect(sum((share) => share.memoryBytes, 16 * 2 ** 30)).toBeLessThanOrEqual(units * 16 * 2 ** 30)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a plan is decided again from what it was decided on', () => {
    assert(
      property(anyJob, array(anyShare, { maxLength: 4 }), ({ share, regions, policy }, held) => {
        const instances = held.map((gpuShare, n) =>
          holding(String(n), { deviceId: n < 2 ? `gpu-${n}` : '', ...(gpuShare === null ? {} : { gpuShare }) }),
        )
        const busy = aJob({ id: 'j-0', state: 'running' })
        const now = { ...snapshot, jobs: [busy], instances }
        const job = { ...jobOn(regions, share, { policy }), id: 'j-9' }
        expect(planOn(planInput(now, job), catalogue)).toEqual(plan(now, job))
      }),
      { numRuns: 60 },
    )
  })
})
