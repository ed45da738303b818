// What a partition tells of its workers, and what it tells them, around silence and crashes.
import { describe, expect, test } from 'vitest'
import { memoryCheckpoints, type CheckpointStore } from './checkpoint.ts'
import { aLayout, aPartition, sync } from './partition.fixture.ts'
import type { Partition } from './partition.ts'
import type { LeaseAnswer } from './worker-side.ts'

const layout = aLayout(2)
const never = new AbortController().signal
const stallTimeoutMs = 1_000

async function alone(options: { readonly hasHoldout?: boolean; readonly checkpoints?: CheckpointStore } = {}) {
  const { partition, clock } = await aPartition('a', ['a'], {
    sync: sync('asgd'),
    options: { stallTimeoutMs, hasHoldout: options.hasHoldout === true },
    links: { checkpoints: options.checkpoints ?? memoryCheckpoints() },
  })
  partition.join({ workerId: 'w', instanceId: 'job/a/worker-0', attempt: 1, layout })
  partition.initialise('w', Float32Array.of(1, 2))
  return { partition, clock }
}

async function trainToTheEnd(partition: Partition): Promise<void> {
  const lease = await partition.lease('w', never)
  if (lease.outcome !== 'granted') throw new Error(lease.outcome)
  const step = { workerId: 'w', leaseId: lease.leaseId, leaseUsed: 4, samples: 4, loss: 1, learningRates: [0.1] }
  await partition.step({ ...step, gradient: Float32Array.of(1, 1) })
}

describe('a silent worker', () => {
  test('is stalled after the time-out while it holds samples', async () => {
    const { partition, clock } = await alone()
    await partition.lease('w', never)
    await clock.advance(stallTimeoutMs - 1)
    expect(partition.progress().stalledWorkers).toEqual([])
    await clock.advance(1)
    expect(partition.progress().stalledWorkers).toEqual(['job/a/worker-0'])
  })

  test('is stalled after five time-outs when it joined and asks for nothing', async () => {
    const { partition, clock } = await alone()
    await clock.advance(5 * stallTimeoutMs - 1)
    expect(partition.progress()).toMatchObject({ stalledWorkers: [], joinedWorkers: ['job/a/worker-0'] })
    await clock.advance(1)
    expect(partition.progress().stalledWorkers).toEqual(['job/a/worker-0'])
  })

  test('is stalled after five time-outs of an evaluation', async () => {
    const { partition, clock } = await alone({ hasHoldout: true })
    await trainToTheEnd(partition)
    expect(await partition.lease('w', never)).toEqual({ outcome: 'evaluate', isFinal: true })
    await clock.advance(5 * stallTimeoutMs - 1)
    expect(partition.progress().stalledWorkers).toEqual([])
    await clock.advance(1)
    expect(partition.progress().stalledWorkers).toEqual(['job/a/worker-0'])
  })

  test('is never stalled while it waits for us', async () => {
    const checkpoints = memoryCheckpoints()
    const { partition, clock } = await alone({
      checkpoints: { load: () => checkpoints.load(), save: () => new Promise(() => {}) },
    })
    await trainToTheEnd(partition)
    void partition.lease('w', never)
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000)
      expect(partition.progress().stalledWorkers).toEqual([])
    }
  })
})

test('a worker starts until its first step; what it waits for after that is told, also while it waits', async () => {
  const checkpoints = memoryCheckpoints()
  let isDiskFull = true
  const { partition, clock } = await alone({
    checkpoints: {
      load: () => checkpoints.load(),
      save: (snapshot) => (isDiskFull ? Promise.reject(new Error('ENOSPC')) : checkpoints.save(snapshot)),
    },
  })
  const uses = () => partition.progress().workerUses
  const use = { instanceId: 'job/a/worker-0', hasStepped: false, waitedSeconds: 0 }
  await clock.advance(3_000)
  expect(uses()).toEqual([use])
  await trainToTheEnd(partition)
  await clock.advance(5_000)
  // It computes, for all that is known.
  expect(uses()).toEqual([{ ...use, hasStepped: true }])
  const asking = partition.lease('w', never)
  await clock.advance(7_000)
  expect(uses()).toEqual([{ ...use, hasStepped: true, waitedSeconds: 7 }])
  isDiskFull = false
  await clock.advance(20_000)
  await asking
  const { waitedSeconds } = uses()[0]!
  expect(waitedSeconds).toBeGreaterThanOrEqual(7)
  expect(waitedSeconds).toBeLessThan(27)
  await clock.advance(9_000)
  expect(uses()[0]!.waitedSeconds).toBe(waitedSeconds)
})

test('workers hear that training is over only once no crash can bring it back', async () => {
  const checkpoints = memoryCheckpoints()
  let isDiskFull = false
  const { partition, clock } = await alone({
    checkpoints: {
      load: () => checkpoints.load(),
      save: (snapshot) => (isDiskFull ? Promise.reject(new Error('ENOSPC')) : checkpoints.save(snapshot)),
    },
  })
  await clock.advance(100)
  isDiskFull = true
  await trainToTheEnd(partition)
  let answer: LeaseAnswer | null = null
  void partition.lease('w', never).then((lease) => {
    answer = lease
  })
  await clock.advance(60_000)
  expect(partition.progress()).toMatchObject({ phase: 'finished', isTrainingOver: false })
  expect(answer).toBeNull()
  isDiskFull = false
  await clock.advance(10_000)
  expect(answer).toEqual({ outcome: 'finished' })
  expect(partition.progress().isTrainingOver).toBe(true)
})
