import { describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import { aLayout, sync } from './partition.fixture.ts'
import { Partition } from './partition.ts'
import { VectorMemory } from './replica/memory.ts'
import { draftOf, type Update } from './sync/update.ts'

const layout = aLayout(2)
const never = new AbortController().signal

async function aPartition(region: string, checkpoints = memoryCheckpoints(), strategy = 'asgd') {
  const clock = new VirtualClock()
  const partition = await Partition.open(
    {
      jobId: 'job',
      region,
      members: [
        { region: 'a', dataShare: 0.5 },
        { region: 'b', dataShare: 0.5 },
      ],
      samples: 4,
      epochs: 1,
      leaseSamples: 4,
      stallTimeoutMs: 1000,
      workerMode: 'asynchronous',
      sync: sync(strategy),
      seed: 1,
      hasHoldout: false,
    },
    {
      clock,
      log: silentLog,
      memory: VectorMemory.create(2 ** 16),
      checkpoints,
      publishModel: () => Promise.resolve('model.safetensors'),
    },
  )
  return { partition, clock }
}

function anUpdate(region: string, seq: number, change: Partial<Update['header']>, values: number[]): Update {
  const header = {
    ...draftOf('gradient', 1),
    region,
    seq,
    learningRates: [1],
    payloadBytes: values.length * 4,
    payloadSha256: '',
    ...change,
  }
  return { header, payload: Float32Array.from(values) }
}

describe('what a partition refuses', () => {
  test('a step with a loss of NaN or the wrong numbers, naming region and worker; nothing changes', async () => {
    const { partition } = await aPartition('a')
    partition.join({ workerId: 'w', instanceId: 'job/a/worker-0', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
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
    const { partition } = await aPartition('b')
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    const other = { workerId: 'v', instanceId: 'j', attempt: 1, layout: aLayout(3) }
    expect(() => partition.join(other)).toThrow('worker j trains another model: layout.tensors[0]')
    const initial = anUpdate('a', 1, { kind: 'initial', layout: aLayout(3) }, [1, 2, 3])
    await expect(partition.receive(initial, never)).rejects.toThrow('region a trains another model')
    expect(partition.phase).toBe('failed')
    await expect(partition.lease('w', never)).rejects.toMatchObject({ reason: 'LAYOUT_DIFFERS' })
  })

  test('an update with NaN, of the wrong length, out of order, and first values that are not from the root', async () => {
    const { partition } = await aPartition('b')
    const stray = anUpdate('b', 1, { kind: 'initial', layout }, [1, 2])
    await expect(partition.receive(stray, never)).rejects.toMatchObject({ reason: 'UNEXPECTED_INITIAL' })
    await partition.receive(anUpdate('a', 1, { kind: 'initial', layout }, [1, 2]), never)
    const broken = anUpdate('a', 2, {}, [1, Number.NaN])
    await expect(partition.receive(broken, never)).rejects.toThrow('update 2 (gradient) of region a holds NaN')
    await expect(partition.receive(anUpdate('a', 2, {}, [1]), never)).rejects.toMatchObject({
      reason: 'LAYOUT_DIFFERS',
    })
    await expect(partition.receive(anUpdate('a', 3, {}, [1, 1]), never)).rejects.toMatchObject({ reason: 'UPDATE_GAP' })
    expect(Array.from(partition.replica!.values)).toEqual([1, 2])
    await partition.receive(anUpdate('a', 2, {}, [1, 1]), never)
    await partition.receive(anUpdate('a', 2, {}, [1, 1]), never)
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
    const { partition, clock } = await aPartition('a', slow)
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await clock.advance(100)
    expect(partition.updateAfter(0)).toBeNull()
    release()
    await clock.advance(0)
    expect(partition.updateAfter(0)?.header.kind).toBe('initial')
    await partition.receive(anUpdate('b', 1, {}, [1, 1]), never)
    expect(partition.appliedSeqOf('b')).toBe(1)
    await clock.advance(1000)
    expect(partition.durableSeqOf('b')).toBe(0)
    release()
    await clock.advance(0)
    expect(partition.durableSeqOf('b')).toBe(1)
    expect(() => partition.acknowledge('b', 9)).toThrow('acknowledges update 9')
  })

  test("another partition's checkpoint, and an unknown strategy", async () => {
    const store = memoryCheckpoints()
    const { partition } = await aPartition('a', store)
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    await partition.stop()
    await expect(aPartition('b', store)).rejects.toMatchObject({ reason: 'FOREIGN_CHECKPOINT' })
    const { partition: strange } = await aPartition('a', memoryCheckpoints(), 'teleport')
    strange.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    expect(() => strange.initialise('w', Float32Array.of(1, 2))).toThrow(
      '"teleport" is not known; use one of asgd, asgd-ga',
    )
  })

  test('training that diverged: no infinity leaves the region', async () => {
    const { partition, clock } = await aPartition('a')
    partition.join({ workerId: 'w', instanceId: 'i', attempt: 1, layout })
    partition.initialise('w', Float32Array.of(1, 2))
    const lease = await partition.lease('w', never)
    if (lease.outcome !== 'granted') throw new Error(lease.outcome)
    const huge = { workerId: 'w', leaseId: lease.leaseId, samples: 1, loss: 1, learningRates: [1] }
    // Both go into one sum, since the first values are not durable yet.
    for (const leaseUsed of [1, 2]) await partition.step({ ...huge, leaseUsed, gradient: Float32Array.of(-3e38, 1) })
    await clock.advance(1000)
    expect(partition.failure).toMatchObject({ reason: 'DIVERGED', message: expect.stringContaining('region a') })
    expect(partition.updateAfter(1)).toBeNull()
    await expect(partition.lease('w', never)).rejects.toMatchObject({ reason: 'DIVERGED' })
  })
})
