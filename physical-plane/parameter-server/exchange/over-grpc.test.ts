// The tensor path of a worker on another machine, over real gRPC: what the generated types promise is what arrives.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PushGradientRequest } from '#proto/generated/cloudless/v1/PushGradientRequest.ts'
import type { StepHeader } from '#proto/generated/cloudless/v1/StepHeader.ts'
import type { WorkerServiceHandlers } from '#proto/generated/cloudless/v1/WorkerService.ts'
import { Assembler, cut } from '#proto/rpc/chunks.ts'
import { openClient, type OpenClient } from '#proto/rpc/client.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { aLayout, aTensor } from '../replica/a-layout.ts'
import { encodeLayout } from '../replica/layout.ts'
import { VectorMemory } from '../replica/memory.ts'
import { APartition } from './a-partition.ts'
import { openWorkerExchange, type WorkerExchange } from './worker-exchange.ts'

// Three chunks, the last one short.
const elements = 300_001
const layout = aLayout([aTensor({ shape: [elements] })])
const clock = systemClock()

let folder: string
let partition: APartition
let exchange: WorkerExchange
let server: RpcServer
let client: OpenClient<WorkerServiceHandlers>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rpc-'))
  const memory = VectorMemory.create(1 << 24)
  partition = new APartition(memory)
  exchange = await openWorkerExchange({
    side: partition,
    memory,
    sharedDir: join(folder, 'shared'),
    stallTimeoutMs: 10_000,
    clock,
    random: seededRandom(1),
    log: silentLog,
    job: { jobId: 'j1', seed: 2 ** 52, epochs: 1, shards: [{ uri: 'file:///a', samples: 64 }], holdout: null },
  })
  const services = { 'cloudless.v1.WorkerService': exchange.service }
  const listen = { socketPath: join(folder, 'worker.sock') }
  server = await serve({ services, listen, clock, log: silentLog, metrics: createMetrics() })
  client = openClient<WorkerServiceHandlers>('cloudless.v1.WorkerService', server.address, { clock })
})

afterEach(async () => {
  client.close()
  await exchange.stop()
  await server.stop(0)
  rmSync(folder, { recursive: true })
})

test('a worker without shared memory joins, gives the first values, steps and pulls', async () => {
  const joined = await client.join(aJoin())
  expect(joined).toMatchObject({ wantsInitial: true, sharedPath: '', bellPath: '', seed: 2 ** 52, samples: 64 })
  const { sessionId } = joined
  const values = Float32Array.from({ length: elements }, (_, index) => index / elements)
  expect(await client.pushGradient(messages({ sessionId, isInitial: true }, values))).toMatchObject({ version: 1 })
  const { leaseId, outcome, end } = await client.leaseSamples({ sessionId })
  expect([outcome, end]).toEqual(['LEASE_OUTCOME_GRANTED', 16])
  const header = { sessionId, leaseId, leaseUsed: 16, samples: 16, loss: 0.5, learningRates: [0.5] }
  expect(await client.pushGradient(messages(header, values))).toEqual({ version: 2, leaseLost: false })

  const found = new Float32Array(elements)
  const assembler = new Assembler(new Uint8Array(found.buffer))
  for await (const { version, chunk } of client.pullParameters({ sessionId })) {
    expect(version).toBe(2)
    assembler.add(chunk!)
  }
  assembler.finish()
  expect(found).toEqual(values.map((value) => Math.fround(value - Math.fround(value * 0.5))))
})

test('refusals arrive with their kind and the names in them', async () => {
  await expect(client.leaseSamples({ sessionId: 'old' })).rejects.toMatchObject({
    kind: 'conflict',
    reason: 'UNKNOWN_SESSION',
    message: expect.stringContaining('join again'),
  })
  const { sessionId } = await client.join(aJoin())
  const odd = new Float32Array(elements).fill(Number.NaN, 7, 8)
  await expect(client.pushGradient(messages({ sessionId, isInitial: true }, odd))).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('the initial value of weight is NaN'),
  })
  await expect(client.join({ ...aJoin(), protocolVersion: 2 })).rejects.toMatchObject({
    violations: [{ field: 'protocolVersion', description: expect.stringContaining('speaks version 2') }],
  })
  expect(partition.version).toBe(0)
})

test('a worker that vanishes in the middle of a push changes nothing and can push again', async () => {
  const { sessionId } = await client.join(aJoin())
  const gone = new AbortController()
  const values = new Float32Array(elements).fill(1)
  const push = client.pushGradient(messages({ sessionId, isInitial: true }, values, gone), { signal: gone.signal })
  await expect(push).rejects.toMatchObject({ kind: 'cancelled' })
  expect(partition.version).toBe(0)
  const again = () => client.pushGradient(messages({ sessionId, isInitial: true }, values))
  // The server hears of the cancelled stream a moment later; until then the session is still taken.
  let answer = await again().catch(() => null)
  while (answer === null) answer = await again().catch(() => null)
  expect(answer).toMatchObject({ version: 1 })
})

function aJoin() {
  return { jobId: 'j1', instanceId: 'w0', attempt: 1, protocolVersion: 1, layout: encodeLayout(layout) }
}

/** With `gone`, the worker cancels after its first chunk. */
async function* messages(
  header: StepHeader,
  values: Float32Array,
  gone?: AbortController,
): AsyncGenerator<PushGradientRequest, undefined> {
  yield { header }
  for await (const chunk of cut(new Uint8Array(values.buffer))) {
    yield { chunk: { ...chunk, data: Buffer.from(chunk.data) } }
    gone?.abort()
  }
}
