// Partitions that exchange over real gRPC on loopback: service and puller, cuts in the middle of updates, refusals.
import { afterEach, describe, expect, test } from 'vitest'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { PullOpen } from '#proto/generated/cloudless/v1/PullOpen.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import { chunkBytes } from './config.ts'
import { aLayout, sync } from './partition.fixture.ts'
import type { PartitionOptions } from './partition-options.ts'
import { Partition } from './partition.ts'
import { PeerPuller, type PeerClient } from './peer-puller.ts'
import { createPeerService } from './peer-service.ts'
import { VectorMemory } from './replica/memory.ts'

const clock = systemClock()
const elements = (3 * chunkBytes) / 4 + 17
const layout = aLayout(elements)
const memory = VectorMemory.create(2 ** 26)
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function optionsOf(region: string): PartitionOptions {
  return {
    jobId: 'job',
    region,
    members: [
      { region: 'a', dataShare: 0.5 },
      { region: 'b', dataShare: 0.5 },
    ],
    samples: 4,
    epochs: 1,
    leaseSamples: 4,
    stallTimeoutMs: 60_000,
    workerMode: 'asynchronous',
    sync: sync('asgd-ga', { interval: 2 }),
    seed: 1,
    hasHoldout: false,
  }
}

async function aPartition(region: string): Promise<Partition> {
  const checkpoints = memoryCheckpoints()
  const publishModel = () => Promise.resolve('model.safetensors')
  const partition = await Partition.open(optionsOf(region), {
    clock,
    log: silentLog,
    memory,
    checkpoints,
    publishModel,
  })
  cleanUps.push(() => partition.stop())
  return partition
}

async function served(partition: Partition): Promise<RpcServer> {
  const server = await serve({
    services: { 'cloudless.v1.PeerService': createPeerService({ partition, jobId: 'job', log: silentLog }) },
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    log: silentLog,
    metrics: createMetrics(),
  })
  cleanUps.push(() => server.stop(0))
  return server
}

const open = (endpoint: string) => openClient<PeerServiceHandlers>('cloudless.v1.PeerService', endpoint, { clock })

function pulls(partition: Partition, opening: (endpoint: string) => PeerClient = open): PeerPuller {
  const random = seededRandom(1)
  const puller = new PeerPuller({ partition, jobId: 'job', memory, clock, random, log: silentLog, open: opening })
  cleanUps.push(() => puller.stop())
  return puller
}

/** One worker that steps through all samples with gradients of a constant and says when it is told to finish. */
async function train(partition: Partition, initial: number, gradient: number): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  const { wantsInitial } = partition.join({ workerId: 'w', instanceId: 'w', attempt: 1, layout })
  if (wantsInitial) partition.initialise('w', new Float32Array(elements).fill(initial))
  await partition.whenReady(signal)
  for (;;) {
    const lease = await partition.lease('w', signal)
    if (lease.outcome !== 'granted') break
    for (let leaseUsed = 1; leaseUsed <= lease.end - lease.start; leaseUsed++) {
      const values = new Float32Array(elements).fill(gradient)
      await partition.step({
        workerId: 'w',
        leaseId: lease.leaseId,
        leaseUsed,
        samples: 1,
        loss: 1,
        learningRates: [0.5],
        gradient: values,
      })
    }
  }
  partition.leave('w', 'finished')
}

/** The requests of a stream that opens and then has nothing to acknowledge. */
function opened(request: PullOpen): AsyncQueue<{ open: PullOpen }> {
  const requests = new AsyncQueue<{ open: PullOpen }>({ limit: 1 })
  requests.offer({ open: request })
  return requests
}

async function until(partition: Partition, isTrue: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  while (!isTrue()) await partition.changed.wait(signal)
}

describe('over gRPC', () => {
  test('two regions end with the sum of both, though streams are cut in the middle of updates', async () => {
    const [a, b] = [await aPartition('a'), await aPartition('b')]
    const [serverA, serverB] = [await served(a), await served(b)]
    let messages = 0
    const offsets: number[] = []
    /** Breaks every stream after its third message, twice in an update of four chunks. */
    const fragile = (endpoint: string): PeerClient => {
      const client = open(endpoint)
      return {
        close: () => client.close(),
        pullUpdates: async function* (requests, options) {
          let left = 3
          for await (const message of client.pullUpdates(requests, options)) {
            if (message.chunk !== null && message.chunk !== undefined) offsets.push(message.chunk.offset)
            messages += 1
            yield message
            if (--left === 0) throw new Error('cut')
          }
        },
      }
    }
    pulls(a)
    pulls(b, fragile)
    const peers = [
      { region: 'a', endpoint: serverA.address, pruned: false },
      { region: 'b', endpoint: serverB.address, pruned: false },
    ]
    for (const partition of [a, b]) partition.direct({ book: { epoch: 1, peers }, drain: false })
    await Promise.all([train(a, 16, 1), train(b, 99, 2)])
    await Promise.all([until(a, () => a.isReleased), until(b, () => b.isReleased)])
    // 16 - 0.5 × (4 × 1 + 4 × 2), in every element of both replicas.
    expect(new Set(a.replica!.values)).toEqual(new Set([10]))
    expect(new Set(b.replica!.values)).toEqual(new Set([10]))
    expect(a.progress().modelHash).toBe(b.progress().modelHash)
    expect(messages).toBeGreaterThan(8)
    // After a cut it goes on where it stood: no chunk but the one in flight at a cut is moved twice.
    expect(offsets.filter((offset) => offset === chunkBytes).length).toBeLessThanOrEqual(offsets.length / 3)
    const payload = elements * 4
    const bytes = a.progress().wanBytesSent['b']!
    expect(bytes).toBeGreaterThan(4 * payload)
  })

  test('a pull that does not belong here is refused with the reason', async () => {
    const a = await aPartition('a')
    const { address } = await served(a)
    const client = open(address)
    cleanUps.push(() => client.close())
    const good: PullOpen = {
      jobId: 'job',
      region: 'b',
      fromRegion: 'a',
      afterSeq: 0,
      resumeOffset: 0,
      protocolVersion: 1,
    }
    const refusal = async (change: PullOpen): Promise<unknown> => {
      const requests = opened({ ...good, ...change })
      try {
        for await (const _ of client.pullUpdates(requests)) return 'a message'
        return 'the end'
      } catch (error) {
        return error
      }
    }
    expect(await refusal({ jobId: 'other' })).toMatchObject({
      reason: 'WRONG_JOB',
      message: expect.stringContaining('"other"'),
    })
    expect(await refusal({ fromRegion: 'b' })).toMatchObject({ reason: 'WRONG_REGION' })
    expect(await refusal({ protocolVersion: 9 })).toMatchObject({
      reason: 'WRONG_PROTOCOL_VERSION',
      message: expect.stringContaining('protocol version 9'),
    })
    expect(await refusal({ region: 'c' })).toMatchObject({ kind: 'invalid', message: expect.stringContaining('"c"') })
    expect(await refusal({ afterSeq: 5 })).toMatchObject({ reason: 'UPDATES_AHEAD' })
  })

  test('the newer stream of a region ends the older', async () => {
    const a = await aPartition('a')
    const { address } = await served(a)
    const [first, second] = [open(address), open(address)]
    cleanUps.push(
      () => first.close(),
      () => second.close(),
    )
    const request = { jobId: 'job', region: 'b', fromRegion: 'a', afterSeq: 0, resumeOffset: 0, protocolVersion: 1 }
    const older = first.pullUpdates(opened(request))[Symbol.asyncIterator]().next()
    const ending = older.catch((error: unknown) => error)
    // The older one must have arrived before the newer one opens.
    await first.waitForReady(5000)
    await clock.sleep(50)
    const newer = second.pullUpdates(opened(request))[Symbol.asyncIterator]()
    const update = newer.next()
    expect(await ending).toMatchObject({ reason: 'STREAM_REPLACED' })
    void train(a, 1, 1).catch(() => {})
    expect((await update).value).toMatchObject({ header: { kind: 'UPDATE_KIND_INITIAL', seq: 1 } })
  })
})
