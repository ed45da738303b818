// Running jobs whose workers have shares of GPUs.
import { describe, expect, test } from 'vitest'
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
  gpus,
  someProgress,
} from '#control-plane/model/builders.ts'
import type { Device } from '#control-plane/model/snapshot.ts'
import { planOf, step, type Story } from './running-job.fixture.ts'
import { unitsSettleMs } from './config.ts'

const half = { requestMilli: 500, limitMilli: 750, memoryBytes: 0 }

/** Two shares of half a GPU each, on the GPUs named; half of the work is done. */
function running(devices: readonly Device[], deviceIds: readonly string[]): Story {
  const resources = { ...aSpec().resources, deviceModels: ['t4'], gpuShare: half, samplesPerSecond: { t4: 100 } }
  const spec = aSpec({
    shards: [aShard('a', 1_000_000)],
    resources,
    policy: 'least-cost',
    objective: { kind: 'least-time' },
  })
  const t4 = { deviceModel: 't4', usdPerUnitHour: 5, samplesPerSecondPerUnit: 100, gpuShare: half }
  const partition = aPartition('a', 0, { samples: 1_000_000, allocations: [anAllocation(2, t4)], loadPower: 2e-4 })
  const progress = someProgress('a', {
    samplesDone: 500_000,
    samplesTotal: 1_000_000,
    samplesPerSecond: 200,
    workers: 2,
    rounds: 10,
  })
  return aSnapshot({
    catalogue: aCatalogue({ a: { t4: 10 } }, { t4: 1 }),
    agents: [anAgent('a', {}, { devices })],
    jobs: [
      aJob({
        spec,
        plan: aPlan({}, { policy: 'least-cost', partitions: [partition] }),
        state: 'running',
        startedAtMs: 0,
      }),
    ],
    instances: [
      anInstance({ id: 'j-1/a/ps', region: 'a', role: 'parameter-server', units: 0, progress }),
      ...deviceIds.map((deviceId, n) =>
        anInstance({ id: `j-1/a/worker-${n}`, region: 'a', deviceModel: 't4', gpuShare: half, deviceId }),
      ),
    ],
  })
}

const allocationsOf = (story: Story): readonly unknown[] =>
  planOf(story).partitions.flatMap(({ allocations }) => allocations.map(({ units, gpuShare }) => [units, gpuShare]))

/** Of another job that runs on. */
function beside(story: Story, ...deviceIds: readonly string[]): Story {
  const busy = { ...story.jobs[0]!, id: 'j-9', plan: null }
  const others = deviceIds.map((deviceId, n) =>
    anInstance({ id: `j-9/a/worker-${n}`, jobId: 'j-9', region: 'a', deviceModel: 't4', gpuShare: half, deviceId }),
  )
  return { ...story, jobs: [...story.jobs, busy], instances: [...story.instances, ...others] }
}

describe('a job with shares', () => {
  test('goes on as it is where nothing changes, on one GPU or on two', () => {
    for (const [ids, others] of [
      [['gpu-0', 'gpu-0'], []],
      [
        ['gpu-0', 'gpu-1'],
        ['gpu-0', 'gpu-1'],
      ],
    ] as const) {
      const first = step(beside(running(gpus('t4', new Set(ids).size), ids), ...others))
      expect(planOf(step({ ...first, nowMs: first.nowMs + 600_000 })).version).toBe(1)
    }
  })

  test('gets another plan when the GPU that its shares are of is gone, and is told which', () => {
    const story = step(beside(running(gpus('t4', 2), ['gpu-0', 'gpu-0']), 'gpu-1', 'gpu-1'))
    const devices = gpus('t4', 2).slice(1)
    const gone = beside(
      { ...story, agents: [anAgent('a', {}, { devices })], instances: story.instances.slice(0, 3) },
      'gpu-1',
    )
    const next = step({ ...gone, jobs: story.jobs, nowMs: story.nowMs + 600_000 })
    expect(planOf(next).cause).toContain('a has lost gpu-0, of which the job holds 2 shares')
    expect(allocationsOf(next)).toEqual([[1, half]])
  })

  test('leaves a GPU that its cloud is about to take away', () => {
    const [first, second] = gpus('t4', 2)
    const story = step(beside(running([first!, second!], ['gpu-0', 'gpu-1']), 'gpu-0', 'gpu-1'))
    const devices = [{ ...first!, endsAtMs: story.nowMs + 620_000 }, second!]
    const next = step({ ...story, agents: [anAgent('a', {}, { devices })], nowMs: story.nowMs + 600_000 })
    expect(planOf(next).cause).toContain('a loses gpu-0 in 20 s, of which the job holds 1 share')
    expect(allocationsOf(next)).toEqual([[1, half]])
  })

  test('takes a share that came free on a GPU which it shares with another', () => {
    const full = step(beside(running(gpus('t4', 2), ['gpu-0', 'gpu-0']), 'gpu-1', 'gpu-1'))
    const freed = { ...full, instances: full.instances.filter(({ id }) => id !== 'j-9/a/worker-1') }
    const seen = step({ ...freed, nowMs: full.nowMs + 300_000 })
    const next = step({ ...seen, nowMs: seen.nowMs + unitsSettleMs })
    expect(planOf(next).cause).toContain('0.5 t4 came free in a')
    expect(allocationsOf(next)).toEqual([[3, half]])
  })
})
