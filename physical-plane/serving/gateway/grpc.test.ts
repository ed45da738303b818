import { once } from 'node:events'
import { connect } from 'node:net'
import { Metadata, status } from '@grpc/grpc-js'
import { expect, test } from 'vitest'
import {
  aBackend,
  aFunction,
  aGateway,
  aGrpcBackend,
  anInstance,
  askGrpc,
  clock,
  message,
  until,
  type GrpcBackend,
  type TestGateway,
} from './gateway.fixture.ts'

const nowhere = { address: '127.0.0.1:1' }

async function routed(gateway: TestGateway, backend: GrpcBackend, fields = {}): Promise<void> {
  const instances = [anInstance('a', nowhere, backend.address)]
  await gateway.route({ functions: [aFunction({ instances, ...fields })] })
}

test('a message goes through as the bytes that it is, with what is left of its time', async () => {
  await using gateway = await aGateway()
  let leftMs = 0
  await using backend = await aGrpcBackend((call, answer) => {
    leftMs = Number(call.getDeadline()) - clock.now()
    answer(null, call.request)
  })
  await routed(gateway, backend)
  const asked = message('echo', 'tensors')
  const { code, bytes } = await askGrpc(gateway, 'ModelInfer', asked, { deadlineMs: 900 })
  expect(code).toBe(status.OK)
  expect(bytes.equals(asked)).toBe(true)
  expect(leftMs).toBeGreaterThan(300)
  expect(leftMs).toBeLessThanOrEqual(900)
})

test('what an instance says of a request goes on as it says it', async () => {
  await using gateway = await aGateway()
  await using backend = await aGrpcBackend((_call, answer) =>
    answer({ code: status.INVALID_ARGUMENT, details: 'inputs is missing' }),
  )
  await routed(gateway, backend)
  const { code, details } = await askGrpc(gateway, 'ModelInfer', message('echo'))
  expect({ code, details }).toEqual({ code: status.INVALID_ARGUMENT, details: 'inputs is missing' })
})

test('what an instance says beside its answer goes on, before it and behind it, and with a refusal', async () => {
  await using gateway = await aGateway({ statusEveryMs: 20 })
  await using backend = await aGrpcBackend((call, answer) => {
    const [before, behind] = [new Metadata(), new Metadata()]
    before.set('x-model-version', '7')
    before.set('x-trace-bin', Buffer.from([0, 255]))
    call.sendMetadata(before)
    behind.add('x-output-tokens', '40')
    behind.add('x-warning', 'one')
    behind.add('x-warning', 'two')
    if (call.request.length < 10) answer(null, call.request, behind)
    else answer({ code: status.FAILED_PRECONDITION, details: 'no such voice', metadata: behind })
  })
  await routed(gateway, backend, { slo: { latencyMs: 10_000, percentile: 90, per: 'token' } })
  const answered = await askGrpc(gateway, 'ModelInfer', message('echo'))
  expect(answered.code).toBe(status.OK)
  expect(answered.initial.get('x-model-version')).toEqual(['7'])
  expect(answered.initial.get('x-trace-bin')).toEqual([Buffer.from([0, 255])])
  expect(answered.trailing.get('x-warning').join(',').replaceAll(' ', '')).toBe('one,two')
  const refused = await askGrpc(gateway, 'ModelInfer', message('echo', 'tensors'))
  expect(refused).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'no such voice' })
  expect(refused.trailing.get('x-output-tokens')).toEqual(['40'])
  await until('its tokens are counted', () => gateway.status().functions[0]?.latency.count === 2)
})

test('no more connections than may be are kept; those that are there are answered', async () => {
  await using gateway = await aGateway({ grpcConnectionsMax: 2 })
  await using backend = await aGrpcBackend()
  await routed(gateway, backend)
  const [host, port] = gateway.open.grpc.split(':')
  const kept = [connect(Number(port), host), connect(Number(port), host)]
  await Promise.all(kept.map((socket) => once(socket, 'connect')))
  const refused = await askGrpc(gateway, 'ServerLive', Buffer.alloc(0), { deadlineMs: 1_000 })
  expect(refused.code).not.toBe(status.OK)
  kept[0]!.destroy()
  await until('one may come', async () => (await askGrpc(gateway, 'ServerLive', Buffer.alloc(0))).code === 0)
  kept[1]!.destroy()
})

test('a connection on which nobody says anything, or half of something, makes room for others', async () => {
  await using gateway = await aGateway({ connectionIdleMs: 300, grpcConnectionsMax: 2 })
  const [host, port] = gateway.open.grpc.split(':')
  const silent = connect(Number(port), host)
  const halting = connect(Number(port), host)
  halting.write('PRI * HTTP/2.0\r\n\r\nSM')
  await Promise.all([silent, halting].map((socket) => once(socket.resume(), 'close')))
  expect((await askGrpc(gateway, 'ServerLive', Buffer.alloc(0))).code).toBe(status.OK)
})

test('who is asked for is found, or the answer says who there is', async () => {
  await using gateway = await aGateway()
  await using backend = await aGrpcBackend()
  await routed(gateway, backend)
  const unknown = await askGrpc(gateway, 'ModelInfer', message('other'))
  expect(unknown).toMatchObject({ code: status.NOT_FOUND })
  expect(unknown.details).toContain('"other"; here are echo')
  expect(await askGrpc(gateway, 'ModelInfer', Buffer.from([0xff]))).toMatchObject({ code: status.INVALID_ARGUMENT })
  expect(await askGrpc(gateway, 'ModelInfer', message('x'.repeat(120)))).toMatchObject({ code: status.NOT_FOUND })
  const ready = async (name: string) => (await askGrpc(gateway, 'ModelReady', message(name))).bytes
  expect(await ready('echo')).toEqual(Buffer.from([0x08, 0x01]))
  expect((await askGrpc(gateway, 'ServerLive', Buffer.alloc(0))).bytes).toEqual(Buffer.from([0x08, 0x01]))
  const { bytes } = await askGrpc(gateway, 'ServerMetadata', Buffer.alloc(0))
  expect(bytes.toString('latin1')).toContain('cloudless')
})

test('an instance without gRPC is told of, and asked over HTTP all the same', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const { code, details } = await askGrpc(gateway, 'ModelInfer', message('echo'))
  expect(code).toBe(status.UNAVAILABLE)
  expect(details).toContain('do not answer over grpc')
})

test('a refusal says when to come again', async () => {
  await using gateway = await aGateway()
  await using backend = await aGrpcBackend(() => {})
  await routed(gateway, backend, { batchMax: 1, queueMax: 1, timeoutMs: 700 })
  const waiting = Array.from({ length: 3 }, () => askGrpc(gateway, 'ModelInfer', message('echo')))
  await until('one waits', () => gateway.open.gateway.functions[0]?.queued === 1)
  const refused = await askGrpc(gateway, 'ModelInfer', message('echo'))
  expect(refused.code).toBe(status.RESOURCE_EXHAUSTED)
  expect(Number(refused.pushBack)).toBeGreaterThan(0)
  expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual([4, 4, 4])
})

test('a client that leaves takes its request along', async () => {
  await using gateway = await aGateway()
  await using backend = await aGrpcBackend(() => {})
  await routed(gateway, backend)
  const { code } = await askGrpc(gateway, 'ModelInfer', message('echo'), { cancelAfterMs: 60 })
  expect(code).toBe(status.CANCELLED)
  await until('the instance is told', () => backend.cancelled() === 1)
  await until('nothing is held', () => gateway.open.gateway.isIdle && gateway.open.gateway.held.total === 0)
})

test('a request whose instance dies is answered by another one', async () => {
  await using gateway = await aGateway()
  let isThere = false
  const dying = await aGrpcBackend(() => {
    isThere = true
  })
  await using living = await aGrpcBackend()
  await routed(gateway, dying)
  const asked = askGrpc(gateway, 'ModelInfer', message('echo'))
  await until('it is there', () => isThere)
  const instances = [anInstance('a', nowhere, dying.address), anInstance('b', nowhere, living.address)]
  await gateway.route({ functions: [aFunction({ instances })] })
  await dying[Symbol.asyncDispose]()
  expect(await asked).toMatchObject({ code: status.OK })
})

function field(number: number, text: string): Buffer {
  return Buffer.from([(number << 3) | 2, text.length, ...Buffer.from(text)])
}

test('a pipeline tells its metadata', async () => {
  await using gateway = await aGateway()
  await gateway.route({
    pipelines: [
      {
        id: 'p-1',
        name: 'chain',
        stages: [{ name: 's', function: 'f', after: [], inputs: {} }],
        slo: null,
        timeoutMs: 1_000,
      },
    ],
  })
  const { bytes } = await askGrpc(gateway, 'ModelMetadata', message('chain'))
  const expected = Buffer.concat([message('chain'), field(2, '1'), field(3, 'cloudless_pipeline')])
  expect(bytes.equals(expected)).toBe(true)
})
