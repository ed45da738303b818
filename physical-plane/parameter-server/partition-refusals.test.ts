// What a partition refuses, of its workers and of other regions, and how it goes on.
import { describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import { aLayout, aPartition, sync } from './partition.fixture.ts'
import type { Partition } from './partition.ts'
import { aHeader, aPayload } from './peers/a-peer-side.ts'
import type { Update } from './sync/update.ts'

const layout = aLayout(2)
const never = new AbortController().signal
const both = ['a', 'b'] as const

function anUpdate(region: string, seq: number, change: Partial<Update['header']>, values: readonly number[]): Update {
  const bytes = new Uint8Array(Float32Array.from(values).buffer)
  return {
    header: aHeader({ kind: 'gradient', region, seq, learningRates: [1], payload: aPayload(bytes), ...change }),
    bytes,
  }
}

function anInitial(region: string, values: readonly number[], given = layout): Update {
  return anUpdate(region, 1, { kind: 'initial', layout: given, learningRates: [] }, values)
}

async function aBegun(region: string): Promise<Partition> {
  const { partition } = await aPartition(region, both)
  if (region === 'b') await partition.exchange.receive(anInitial('a', [1, 2]), never)
  else {
    partition.join({ workerId: 'w', instanceId: 'job/a/worker-0', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
  }
  return partition
}

function refusalOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

describe('what a partition refuses', () => {
  test('a step with a loss of NaN or the wrong numbers, naming region and worker; nothing changes', async () => {
    const partition = await aBegun('a')
    const lease = await partition.lease('w', never)
    if (lease.outcome !== 'granted') throw new Error(lease.outcome)
    const step = { workerId: 'w', leaseId: lease.leaseId, leaseUsed: 1, samples: 1, learningRates: [1] }
    const gradient = Float32Array.of(1, 1)
    const outcomes = [
      await partition.step({ ...step, loss: Number.NaN, gradient }),
      await partition.step({ ...step, loss: 1, gradient, learningRates: [1, 1] }),
      await partition.step({ ...step, loss: 1, gradient, samples: 0 }),
    ]
    for (const { status, text } of outcomes) {
      expect(status).toBe('refused')
      expect(text).toContain('region a, worker job/a/worker-0')
    }
    expect(Array.from(partition.replica!.values)).toEqual([1, 2])
    expect(partition.progress().samplesDone).toBe(0)
    expect((await partition.step({ ...step, loss: 1, gradient })).status).toBe('done')
    expect((await partition.step({ ...step, loss: 1, gradient })).status).toBe('lease-lost')
  })

  test('a worker of another model, and a region of another model, which fails the partition', async () => {
    const { partition } = await aPartition('b', both)
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    const other = { workerId: 'v', instanceId: 'j', attempt: 1, layout: aLayout(3) }
    expect(refusalOf(() => partition.join(other))).toMatchObject({
      message: expect.stringContaining('worker j trains another model: layout.tensors[0]'),
      violations: [{ field: 'layout.tensors[0]', description: expect.stringContaining('must build the same model') }],
    })
    const initial = anInitial('a', [1, 2, 3], aLayout(3))
    await expect(partition.exchange.receive(initial, never)).rejects.toThrow('region a trains another model')
    expect(partition.phase).toBe('failed')
    await expect(partition.lease('w', never)).rejects.toMatchObject({
      reason: 'LAYOUT_DIFFERS',
      message: expect.stringContaining('every worker of a job must build the same model'),
    })
  })

  test('first values with infinity, naming the tensor: they are asked for again, for nothing begins without them', async () => {
    const { partition } = await aPartition('b', both)
    const broken = anInitial('a', [1, Number.POSITIVE_INFINITY])
    await expect(partition.exchange.receive(broken, never)).rejects.toThrow(
      'region a gives Infinity as the first value of weight',
    )
    expect(partition.exchange.appliedSeqOf('a')).toBe(0)
    await partition.exchange.receive(anInitial('a', [1, 2]), never)
    expect(partition.phase).toBe('training')
  })

  test('first values of a region that is not the root: left out, and its next update counts', async () => {
    const { partition } = await aPartition('b', ['a', 'b', 'c'])
    await partition.exchange.receive(anInitial('c', [7, 7]), never)
    expect(partition.phase).toBe('starting')
    expect(partition.progress().sync!.refused).toEqual({ 'UNEXPECTED_INITIAL of c': 1 })
    await partition.exchange.receive(anInitial('a', [1, 2]), never)
    await partition.exchange.receive(anUpdate('c', 2, {}, [1, 1]), never)
    expect(Array.from(partition.replica!.values)).toEqual([0, 1])
  })

  test('an update out of order; a duplicate changes nothing', async () => {
    const partition = await aBegun('b')
    const gap = partition.exchange.receive(anUpdate('a', 3, {}, [1, 1]), never)
    await expect(gap).rejects.toMatchObject({ reason: 'UPDATE_GAP' })
    await partition.exchange.receive(anUpdate('a', 2, {}, [1, 1]), never)
    await partition.exchange.receive(anUpdate('a', 2, {}, [1, 1]), never)
    expect(Array.from(partition.replica!.values)).toEqual([0, 1])
  })

  test('a sealed update is not shown before its checkpoint is durable, nor acknowledged before the receiver holds it', async () => {
    const store = memoryCheckpoints()
    let release = (): void => {}
    const slow = {
      load: () => store.load(),
      save: async (snapshot: Parameters<typeof store.save>[0]) => {
        await new Promise<void>((resolve) => (release = resolve))
        await store.save(snapshot)
      },
    }
    const { partition, clock } = await aPartition('a', both, { links: { checkpoints: slow } })
    const { exchange } = partition
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await clock.advance(100)
    expect([exchange.updateAfter(0), exchange.status.lastSeq]).toEqual([null, 0])
    release()
    // The checkpoint in flight may have been taken before the first values were sealed.
    await clock.advance(0)
    release()
    await clock.advance(0)
    expect([exchange.updateAfter(0)?.kind, exchange.status.lastSeq]).toEqual(['initial', 1])
    await exchange.receive(anUpdate('b', 1, {}, [1, 1]), never)
    expect(exchange.appliedSeqOf('b')).toBe(1)
    await clock.advance(1000)
    expect(exchange.durableSeqOf('b')).toBe(0)
    release()
    await clock.advance(0)
    expect(exchange.durableSeqOf('b')).toBe(1)
  })

  test("another partition's checkpoint", async () => {
    const store = memoryCheckpoints()
    const { partition } = await aPartition('a', both, { links: { checkpoints: store } })
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await partition.stop()
    const asOther = (given: Parameters<typeof aPartition>[2]) =>
      aPartition('a', both, { ...given, links: { checkpoints: store } })
    await expect(aPartition('b', both, { links: { checkpoints: store } })).rejects.toMatchObject({
      reason: 'FOREIGN_CHECKPOINT',
      message: expect.stringContaining('region "a" where "b" is expected'),
    })
    await expect(asOther({ options: { jobId: 'other' } })).rejects.toThrow('jobId "job" where "other"')
    await expect(asOther({ sync: sync('diloco') })).rejects.toThrow('strategyName "asgd" where "diloco"')
  })

  test('training that diverged: no infinity leaves the region', async () => {
    const { partition, clock } = await aPartition('a', both, { sync: sync('asgd-ga', { interval: 2 }) })
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    const lease = await partition.lease('w', never)
    if (lease.outcome !== 'granted') throw new Error(lease.outcome)
    const huge = { workerId: 'w', leaseId: lease.leaseId, samples: 1, loss: 1, learningRates: [1] }
    for (const leaseUsed of [1, 2]) await partition.step({ ...huge, leaseUsed, gradient: Float32Array.of(-3e38, 1) })
    await clock.advance(1000)
    expect(partition.failure).toMatchObject({ reason: 'DIVERGED', message: expect.stringContaining('tensor weight') })
    expect(partition.failure?.message).toContain('lower the learning rate')
    expect(partition.exchange.updateAfter(1)).toBeNull()
    await expect(partition.lease('w', never)).rejects.toMatchObject({ reason: 'DIVERGED' })
  })

  test.each([
    ['the first parameters', 0],
    ['a step', 1],
  ])('to go on where %s can not be told: it says why, and blames no learning rate', async (_, steps) => {
    const { partition, clock, memory } = await aPartition('a', both)
    const sha256 = memory.sha256.bind(memory)
    let hashes = 0
    memory.sha256 = (values) => {
      if (hashes++ === steps) return Promise.reject(new Error('the thread that hashes has ended'))
      return sha256(values)
    }
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await clock.advance(100)
    if (steps > 0) {
      const lease = await partition.lease('w', never)
      if (lease.outcome !== 'granted') throw new Error(lease.outcome)
      const { leaseId } = lease
      const step = { workerId: 'w', leaseId, leaseUsed: 1, samples: 1, loss: 1, learningRates: [1] }
      void partition.step({ ...step, gradient: Float32Array.of(1, 1) })
      await clock.advance(100)
    }
    const text = 'region a can not tell what it learnt: the thread that hashes has ended'
    expect(partition.failure).toMatchObject({ reason: 'SEAL_FAILED', message: text })
    expect(partition.exchange.isSealing).toBe(false)
  })

  test('to go on where its own code breaks a promise: it fails, names the reason, and nobody waits for ever', async () => {
    const log = {
      ...silentLog,
      info: (_: object, text: string) => {
        if (text === 'partition is draining') throw new Error('no space left on device')
      },
    }
    const store = memoryCheckpoints()
    let saves = 0
    const counted = { load: () => store.load(), save: () => Promise.resolve(void (saves += 1)) }
    const { partition, clock } = await aPartition('a', both, { links: { log, checkpoints: counted } })
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await clock.advance(100)
    const savesBefore = saves
    expect(savesBefore).toBeGreaterThan(0)
    partition.direct({ book: null, drain: true })
    expect([partition.phase, partition.failure?.reason]).toEqual(['failed', 'INTERNAL'])
    expect(partition.failure?.message).toContain('no space left on device')
    await expect(partition.lease('w', never)).rejects.toMatchObject({ reason: 'INTERNAL' })
    // What is half done never becomes durable.
    await clock.advance(60_000)
    expect(saves).toBe(savesBefore)
  })
})
