// Workers over a real Unix socket, a real shared file and the service, against a small partition of real parts.
// More than 400 lines, because the three ways in share one set-up and are compared with each other.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JoinRequest__Output } from '#proto/generated/cloudless/v1/JoinRequest.ts'
import type { JoinResponse } from '#proto/generated/cloudless/v1/JoinResponse.ts'
import type { PushGradientRequest__Output } from '#proto/generated/cloudless/v1/PushGradientRequest.ts'
import type { StepHeader__Output } from '#proto/generated/cloudless/v1/StepHeader.ts'
import type { TensorLayout__Output } from '#proto/generated/cloudless/v1/TensorLayout.ts'
import type { CallContext } from '#proto/rpc/service.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { aGroup, aLayout, aTensor } from '../replica/a-layout.ts'
import { encodeLayout } from '../replica/layout.ts'
import { VectorMemory } from '../replica/memory.ts'
import { ABellClient, readParameters, writeGradient, writeInitial } from './a-bell-client.ts'
import { APartition } from './a-partition.ts'
import type { BellRequest } from './bell-frames.ts'
import { leaseWaitMs } from './config.ts'
import { openWorkerExchange, type WorkerExchange } from './worker-exchange.ts'

const layout = aLayout(
  [
    aTensor({ name: 'conv.weight', shape: [2, 2] }),
    aTensor({ name: 'fc.bias', shape: [2] }),
    aTensor({ name: 'norm.mean', shape: [1], isBuffer: true }),
  ],
  [aGroup({ momentum: 0.9 })],
)
const initial = [1, 2, 3, 4, 5, 6, 7]
const gradient = [0.5, -0.5, 0.25, 0, 1, -1, 2]

let folder: string
let clock: VirtualClock
let memory: VectorMemory
let partition: APartition
let exchange: WorkerExchange
const bells: ABellClient[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bell-'))
  clock = new VirtualClock()
  memory = VectorMemory.create(1 << 20)
  partition = new APartition(memory)
  exchange = await open()
})

afterEach(async () => {
  for (const bell of bells.splice(0)) bell.socket.destroy()
  await exchange.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('over shared memory', () => {
  test('a worker joins, gives the first values, trains and hears that training is over', async () => {
    const worker = await joined('w0')
    expect(worker.answer).toMatchObject({ hasParameters: false, wantsInitial: true, evaluates: true, samples: 64 })
    expect(worker.answer).toMatchObject({ seed: 7, epochs: 1, shardUris: ['file:///a', 'file:///b'] })
    expect(statSync(worker.answer.sharedPath!).mode & 0o777).toBe(0o600)
    writeInitial(worker.answer, initial)
    expect(await worker.bell.ring({ op: 'initial' })).toMatchObject({ status: 'done', version: 1 })
    expect(await worker.bell.ring({ op: 'pull' })).toMatchObject({ status: 'done', version: 1 })
    expect(readParameters(worker.answer, 7)).toEqual(initial)

    for (let used = 0; used < 64; used += 16) {
      const lease = await leaseOf(worker.answer)
      expect(lease).toMatchObject({ outcome: 'LEASE_OUTCOME_GRANTED', start: used, end: used + 16 })
      writeGradient(worker.answer, used === 0 ? gradient : gradient.map(() => 0))
      const step = { leaseId: Number(lease.leaseId), leaseUsed: 16, samples: 16 }
      const outcome = await worker.bell.ring({ ...aStep, ...step })
      expect(outcome).toMatchObject({ status: 'done', version: 2 + used / 16, isOver: used === 48 })
    }
    // One step with a gradient, three that only coast on its momentum of 0.9: 0.1 × (1 + 0.9 + 0.81 + 0.729) = 0.3439.
    const trained = readParameters(worker.answer, 7)
    for (const [index, value] of trained.slice(0, 6).entries()) {
      expect(value).toBeCloseTo(initial[index]! - 0.3439 * gradient[index]!, 5)
    }
    expect(trained[6]).toBe(9)
    expect(await leaseOf(worker.answer)).toMatchObject({ outcome: 'LEASE_OUTCOME_FINISHED' })
  })

  test('a gradient or loss that is not finite is refused by name, and nothing changes', async () => {
    const worker = await ready('w0')
    const { leaseId } = await leaseOf(worker.answer)
    const step = { ...aStep, leaseId: Number(leaseId), leaseUsed: 8, samples: 8 }
    const before = Float32Array.from(partition.replica!.values)
    const refusals: readonly [readonly number[], Partial<BellRequest>, string][] = [
      [gradient.with(5, Number.NaN), { loss: 2.5 }, 'the gradient of fc.bias is NaN at loss 2.5'],
      [gradient.with(6, Number.POSITIVE_INFINITY), {}, 'the gradient of norm.mean is Infinity'],
      [gradient, { loss: Number.NaN }, 'the loss is NaN'],
      [gradient, { learningRates: [0.1, 0.1] }, '2 learning rates for 1 parameter groups'],
      [gradient, { learningRates: [-1] }, 'parameter group 0 is -1'],
      [gradient, { samples: 0 }, 'samples is 0'],
      [gradient, { samples: 9 }, 'lease_used is 8'],
    ]
    for (const [values, change, text] of refusals) {
      writeGradient(worker.answer, values)
      const outcome = await worker.bell.ring({ ...step, ...change } as BellRequest)
      expect(outcome).toMatchObject({ status: 'refused', text: expect.stringContaining(text), version: 1 })
    }
    expect(partition.replica!.values).toEqual(before)
    expect(partition.leases.samplesDone).toBe(0)
    writeGradient(worker.answer, gradient)
    expect(await worker.bell.ring(step)).toMatchObject({ status: 'done', version: 2 })
  })

  test('first values that are not finite are refused by name', async () => {
    const worker = await joined('w0')
    writeInitial(worker.answer, initial.with(0, Number.NaN))
    const text = expect.stringContaining('the initial value of conv.weight is NaN')
    expect(await worker.bell.ring({ op: 'initial' })).toMatchObject({ status: 'refused', text })
    expect(partition.version).toBe(0)
  })

  test('a lost lease is said so and leaves the parameters in the file as they were', async () => {
    const worker = await ready('w0')
    writeGradient(worker.answer, gradient)
    writeInitial(worker.answer, gradient)
    expect(await worker.bell.ring({ ...aStep, leaseId: 99 })).toMatchObject({ status: 'lease-lost', version: 1 })
    expect(readParameters(worker.answer, 7)).toEqual(gradient)
  })

  test('a worker whose socket closes gives its lease back, and its file goes', async () => {
    const worker = await ready('w0')
    await leaseOf(worker.answer)
    expect(sharedFiles()).toHaveLength(1)
    worker.bell.socket.destroy()
    await until(() => exchange.workers() === 0)
    expect(sharedFiles()).toEqual([])
    expect(partition.leases.snapshot().unused).toEqual([{ epoch: 0, start: 0, end: 16 }])
    expect(partition.left).toEqual(['the bell socket closed'])
  })

  test('a worker that dies while its step waits takes no buffer away under the step', async () => {
    const worker = await ready('w0')
    const { leaseId } = await leaseOf(worker.answer)
    const barrier = Promise.withResolvers<void>()
    partition.barrier = () => barrier.promise
    const usedBytes = memory.usedBytes
    void worker.bell.ring({ ...aStep, leaseId: Number(leaseId) }).catch(() => {})
    worker.bell.socket.end()
    await until(() => exchange.workers() === 0)
    expect(memory.usedBytes).toBe(usedBytes)
    expect(partition.leases.samplesDone).toBe(0)
    barrier.resolve()
    await until(() => memory.usedBytes < usedBytes)
    expect(partition.leases.samplesDone).toBe(0)
  })

  test('a pull waits until the partition has values', async () => {
    const early = await joined('w0')
    const pulled = early.bell.ring({ op: 'pull' })
    const other = await joined('w1')
    writeInitial(other.answer, initial)
    await other.bell.ring({ op: 'initial' })
    expect(await pulled).toMatchObject({ status: 'done', version: 1 })
    expect(readParameters(early.answer, 7)).toEqual(initial)
  })

  test('what is no frame of ours is answered with the reason and the socket closes', async () => {
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n'.padEnd(64)), Buffer.alloc(64)]) {
      const bell = ring()
      bell.socket.write(bytes)
      expect(await bell.answer()).toMatchObject({ status: 'refused', text: expect.stringContaining('magic') })
      await bell.closed()
    }
    expect(exchange.workers()).toBe(0)
  })

  test('a frame may arrive byte by byte', async () => {
    const worker = await joined('w0', false)
    const frame = Buffer.from(new Uint8Array(64))
    frame.writeUInt32LE(0x4c424c43, 0)
    frame.writeUInt16LE(1, 4)
    frame.writeUInt16LE(1, 6)
    frame.write(worker.answer.sessionId!, 36, 'ascii')
    for (const byte of frame) {
      worker.bell.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await worker.bell.answer()).toMatchObject({ status: 'done' })
  })

  test('requests out of order are refused with what to do', async () => {
    const bell = ring()
    expect(await bell.ring({ op: 'pull' })).toMatchObject({ status: 'refused', text: expect.stringContaining('HELLO') })
    const unknown = await bell.ring({ op: 'hello', sessionId: 'nobody' })
    expect(unknown).toMatchObject({ status: 'unknown-session', text: expect.stringContaining('join again') })
    const { answer } = await joined('w0')
    const twice = await bell.ring({ op: 'hello', sessionId: answer.sessionId! })
    expect(twice).toMatchObject({ status: 'refused', text: expect.stringContaining('has a bell already') })
    const far = await exchange.service.join(aJoin('w9', { sameMachine: false }), call())
    expect(far.sharedPath).toBeUndefined()
    const none = await bell.ring({ op: 'hello', sessionId: far.sessionId! })
    expect(none).toMatchObject({ status: 'refused', text: expect.stringContaining('same_machine') })
  })

  test('what a killed predecessor left in the folder is gone after a start', async () => {
    await exchange.stop()
    expect(existsSync(folder)).toBe(false)
    mkdirSync(folder)
    writeFileSync(join(folder, 'worker-old.tensors'), 'x')
    writeFileSync(join(folder, 'bell.sock'), 'x')
    exchange = await open()
    expect(sharedFiles()).toEqual([])
    await ready('w0')
  })
})

describe('over the network', () => {
  test('the same steps end in the same bits as over shared memory', async () => {
    const near = await ready('w0')
    for (let step = 1; step <= 3; step++) {
      const { leaseId } = await leaseOf(near.answer)
      writeGradient(
        near.answer,
        gradient.map((value) => value / step),
      )
      await near.bell.ring({ ...aStep, leaseId: Number(leaseId) })
    }
    const overSharedMemory = readParameters(near.answer, 7)

    await exchange.stop()
    partition = new APartition(memory)
    exchange = await open()
    const far = await exchange.service.join(aJoin('w0', { sameMachine: false }), call())
    const sessionId = far.sessionId!
    await exchange.service.pushGradient(messages({ sessionId, isInitial: true }, initial, 8), call())
    for (let step = 1; step <= 3; step++) {
      const { leaseId } = await leaseOf(far)
      const header = { ...aHeader, sessionId, leaseId: Number(leaseId) }
      const values = gradient.map((value) => value / step)
      const response = await exchange.service.pushGradient(messages(header, values, 12), call())
      expect(response).toEqual({ version: step + 1, leaseLost: false })
    }
    expect(await valuesOf(sessionId)).toEqual(overSharedMemory)
  })

  test('a stream that is cut, damaged or not finite changes nothing', async () => {
    await ready('w0')
    const { sessionId } = await exchange.service.join(aJoin('w1', { sameMachine: false }), call())
    const lease = await exchange.service.leaseSamples({ sessionId: sessionId! }, call())
    const header = { ...aHeader, sessionId: sessionId!, leaseId: Number(lease.leaseId) }
    const push = (requests: AsyncIterable<PushGradientRequest__Output>) =>
      exchange.service.pushGradient(requests, call())
    await expect(push(messages(header, gradient.slice(0, 3), 8))).rejects.toThrow('12 of 28 bytes')
    await expect(push(messages(header, gradient, 8, 1))).rejects.toThrow('CRC-32')
    await expect(push(messages(header, gradient.with(4, Number.NaN), 8))).rejects.toThrow('fc.bias is NaN')
    await expect(push(messages({ ...header, sessionId: 'nobody' }, gradient, 8))).rejects.toThrow('join again')
    await expect(push(messages(null, gradient, 8))).rejects.toThrow('header')
    expect(await push(messages({ ...header, leaseId: 77 }, gradient, 8))).toMatchObject({ leaseLost: true })
    expect([partition.version, partition.leases.samplesDone]).toEqual([1, 0])
    expect(await push(messages(header, gradient, 8))).toMatchObject({ version: 2, leaseLost: false })
  })

  test('a silent worker without a bell leaves after the stall time-out, one that calls does not', async () => {
    await ready('w0')
    const silent = await exchange.service.join(aJoin('w1', { sameMachine: false }), call())
    await leaseOf(silent)
    const lively = await exchange.service.join(aJoin('w2', { sameMachine: false }), call())
    for (let waits = 0; waits < 4; waits++) {
      await clock.advance(4_000)
      await valuesOf(lively.sessionId!)
    }
    expect(partition.left).toEqual([expect.stringContaining('silent for')])
    await expect(leaseOf(silent)).rejects.toThrow('join again')
    expect(exchange.workers()).toBe(2)
  })
})

describe('the service', () => {
  test.each([
    [{ protocolVersion: 9, sdkVersion: '3.0.0' }, 'SDK 3.0.0 speaks version 9, this parameter server 1'],
    [{ jobId: 'other' }, '"other" is not the job here, which is j1'],
    [{ instanceId: '' }, 'instanceId'],
    [{ layout: null }, 'layout: is missing'],
  ])('refuses to let %o join', async (change, text) => {
    await expect(exchange.service.join(aJoin('w0', change), call())).rejects.toThrow(text)
    expect([exchange.workers(), memory.usedBytes, sharedFiles().length]).toEqual([0, 0, 0])
  })

  test('refuses another model, and keeps nothing of the worker', async () => {
    await ready('w0')
    const usedBytes = memory.usedBytes
    const other = encodeLayout(aLayout([aTensor({ shape: [9] })])) as TensorLayout__Output
    await expect(exchange.service.join(aJoin('w1', { layout: other }), call())).rejects.toThrow('1 tensors where')
    expect([exchange.workers(), memory.usedBytes]).toEqual([1, usedBytes])
  })

  test('a newer attempt takes the place of an older one, which may not come back', async () => {
    const old = await ready('w0')
    await leaseOf(old.answer)
    const fresh = await exchange.service.join(aJoin('w0', { attempt: 2 }), call())
    expect(partition.left).toEqual(['attempt 2 joins'])
    expect(await leaseOf(fresh)).toMatchObject({ start: 0, end: 16 })
    await old.bell.closed()
    await expect(exchange.service.join(aJoin('w0', { attempt: 1 }), call())).rejects.toThrow('attempt 1 of w0 is over')
  })

  test('a lease that waits long is answered with "ask again"', async () => {
    const [first, second] = [await ready('w0'), await joined('w1')]
    for (let count = 0; count < 4; count++) await leaseOf(first.answer)
    const waiting = leaseOf(second.answer)
    await clock.advance(leaseWaitMs)
    expect(await waiting).toMatchObject({ outcome: 'LEASE_OUTCOME_WAIT' })
  })

  test('a lease that waits ends with its call', async () => {
    const [first, second] = [await ready('w0'), await joined('w1')]
    for (let count = 0; count < 4; count++) await leaseOf(first.answer)
    const gone = new AbortController()
    const waiting = exchange.service.leaseSamples({ sessionId: second.answer.sessionId! }, call(gone.signal))
    gone.abort(new Error('the worker went away'))
    await expect(waiting).rejects.toThrow('the worker went away')
  })

  test('takes evaluations and goodbyes', async () => {
    const { answer, bell } = await ready('w0')
    const sessionId = answer.sessionId!
    const report = { sessionId, epoch: 1, metrics: { accuracy: 0.5 }, isFinal: false }
    await exchange.service.reportEvaluation(report, call())
    expect(partition.evaluations).toEqual([{ epoch: 1, metrics: { accuracy: 0.5 }, isFinal: false }])
    const odd = exchange.service.reportEvaluation({ ...report, epoch: Number.NaN }, call())
    await expect(odd).rejects.toThrow('epoch: NaN')
    await exchange.service.leave({ sessionId, reason: 'done here' }, call())
    await exchange.service.leave({ sessionId, reason: 'again' }, call())
    expect(partition.left).toEqual(['done here'])
    await bell.closed()
  })
})

const aStep = { op: 'step', leaseId: 1, leaseUsed: 16, samples: 16, loss: 0.5, learningRates: [0.1] } as const
const aHeader = { leaseUsed: 16, samples: 16, loss: 0.5, learningRates: [0.1], isInitial: false }

function open(): Promise<WorkerExchange> {
  const shards = [
    { uri: 'file:///a', samples: 40 },
    { uri: 'file:///b', samples: 24 },
  ]
  return openWorkerExchange({
    side: partition,
    memory,
    sharedDir: folder,
    stallTimeoutMs: 10_000,
    clock,
    random: seededRandom(1),
    log: silentLog,
    job: { jobId: 'j1', seed: 7, epochs: 1, shards, holdout: null },
  })
}

function aJoin(instanceId: string, change: Partial<JoinRequest__Output> = {}): JoinRequest__Output {
  const wireLayout = encodeLayout(layout) as TensorLayout__Output
  const request = { jobId: 'j1', instanceId, attempt: 1, protocolVersion: 1, sdkVersion: '0.1.0', sameMachine: true }
  return { ...request, layout: wireLayout, ...change }
}

function call(signal: AbortSignal = new AbortController().signal): CallContext {
  return { signal, deadlineAtMs: null, peer: 'test' }
}

function ring(): ABellClient {
  const bell = new ABellClient(join(folder, 'bell.sock'))
  bells.push(bell)
  return bell
}

async function joined(instanceId: string, saysHello = true): Promise<{ answer: JoinResponse; bell: ABellClient }> {
  const answer = await exchange.service.join(aJoin(instanceId), call())
  const bell = ring()
  if (saysHello) await bell.ring({ op: 'hello', sessionId: answer.sessionId! })
  return { answer, bell }
}

/** Joined, and the partition has its first values. */
async function ready(instanceId: string): Promise<{ answer: JoinResponse; bell: ABellClient }> {
  const worker = await joined(instanceId)
  writeInitial(worker.answer, initial)
  await worker.bell.ring({ op: 'initial' })
  return worker
}

function leaseOf({ sessionId }: JoinResponse) {
  return exchange.service.leaseSamples({ sessionId: sessionId! }, call())
}

async function valuesOf(sessionId: string): Promise<number[]> {
  const chunks: Uint8Array[] = []
  for await (const { chunk } of exchange.service.pullParameters({ sessionId }, call())) {
    chunks.push(Uint8Array.from(chunk!.data as Uint8Array))
  }
  return [...new Float32Array(Uint8Array.from(Buffer.concat(chunks)).buffer)]
}

async function* messages(
  header: Partial<StepHeader__Output> | null,
  values: readonly number[],
  chunkBytes: number,
  wrongCrc = 0,
): AsyncGenerator<PushGradientRequest__Output, undefined> {
  const bytes = Buffer.from(Float32Array.from(values).buffer)
  yield { header: header as StepHeader__Output | null, chunk: null }
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const data = bytes.subarray(offset, offset + chunkBytes)
    yield { header: null, chunk: { offset, data, crc32: (crc32(data) ^ wrongCrc) >>> 0 } }
  }
}

function sharedFiles(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.tensors'))
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}
