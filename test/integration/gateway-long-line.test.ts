// Ten thousand requests in line for one function, over each protocol: those beyond are refused in the protocol's own form, memory is
// bounded by what bodies may take, another function is answered meanwhile, and all that were taken are answered in the end.
import { connect } from 'node:net'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import { expect, test } from 'vitest'
import {
  aBackend,
  aFunction,
  aGateway,
  aGrpcBackend,
  anInstance,
  ask,
  askGrpc,
  clock,
  message,
  until,
  type TestGateway,
} from '#physical-plane/serving/gateway/gateway.fixture.ts'

const lineMax = 10_000
/** As many as one instance has beside the line: two batches of eight. */
const taken = lineMax + 16
const refused = 28
const body = 'x'.repeat(100)
const nowhere = { address: '127.0.0.1:1' }

async function inLine({ open }: TestGateway): Promise<void> {
  const endsAtMs = clock.monotonicMs() + 90_000
  const [one] = open.gateway.functions
  while (one!.measured.totals.arrived < taken + refused && clock.monotonicMs() < endsAtMs) await clock.sleep(20)
  expect({ queued: one!.queued, ...one!.measured.totals }).toMatchObject({ queued: lineMax, refused })
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

/** Many requests one after the other on one connection, none of which waits for an answer; resolves with all answers. */
function pipelined({ open }: TestGateway, count: number): Promise<string> {
  const at = open.http.lastIndexOf(':')
  const socket = connect(Number(open.http.slice(at + 1)), open.http.slice(0, at))
  const head = `POST /v2/models/echo/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n`
  for (let sent = 1; sent <= count; sent += 1)
    socket.write(`${head}${sent === count ? 'connection: close\r\n' : ''}\r\n${body}`)
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

test('ten thousand over HTTP', { timeout: 120_000 }, async () => {
  await using gateway = await aGateway()
  const { opened, open } = gate()
  await using backend = await aBackend(async (given) => {
    await opened
    return { body: given.body }
  })
  await using free = await aBackend()
  const busy = aFunction({ timeoutMs: 120_000, queueMax: lineMax, instances: [anInstance('a', backend)] })
  const other = aFunction({ id: 'f-2', name: 'other', instances: [anInstance('b', free)] })
  await gateway.route({ functions: [busy, other] })
  const connections = 12
  const each = (taken + refused) / connections
  expect(Number.isInteger(each)).toBe(true)
  const answers = Array.from({ length: connections }, () => pipelined(gateway, each))
  await inLine(gateway)
  // What was refused gave its memory back, and more than this is never held, however many come.
  expect(gateway.open.gateway.held.total).toBeLessThanOrEqual((taken + refused) * body.length)
  const late = await ask(gateway, '/v2/models/echo/infer', { body })
  expect([late.status, late.headers['retry-after']]).toEqual([429, '1'])
  expect(JSON.parse(late.body)).toEqual({ error: `echo takes no more: ${lineMax} requests wait, as many as may` })
  expect(await ask(gateway, '/v2/models/other/infer', { body })).toMatchObject({ status: 200, body })
  open()
  const lines = (await Promise.all(answers)).join('').match(/HTTP\/1\.1 \d+/g)!
  expect(
    Object.fromEntries(
      Map.groupBy(lines, (line) => line.slice(9))
        .entries()
        .map(([code, all]) => [code, all.length]),
    ),
  ).toEqual({ 200: taken, 429: refused })
  await until('nothing is held', () => gateway.open.gateway.held.total === 0 && gateway.open.gateway.isIdle)
})

test('ten thousand over gRPC', { timeout: 120_000 }, async () => {
  await using gateway = await aGateway()
  const { opened, open } = gate()
  await using backend = await aGrpcBackend((call, answer) => void opened.then(() => answer(null, call.request)))
  await using free = await aGrpcBackend()
  const instances = [anInstance('a', nowhere, backend.address)]
  const other = aFunction({ id: 'f-2', name: 'other', instances: [anInstance('b', nowhere, free.address)] })
  await gateway.route({ functions: [aFunction({ timeoutMs: 120_000, queueMax: lineMax, instances }), other] })
  const same = (bytes: Buffer): Buffer => bytes
  const clients = Array.from({ length: 12 }, () => {
    return new Client(gateway.open.grpc, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  })
  const asked = message('echo', body)
  const answers = Array.from({ length: taken + refused }, (_, at) => {
    const client = clients[at % clients.length]!
    const options = { deadline: clock.now() + 120_000 }
    return new Promise<number>((resolve) => {
      const path = '/inference.GRPCInferenceService/ModelInfer'
      client.makeUnaryRequest(path, same, same, asked, new Metadata(), options, (error) => resolve(error?.code ?? 0))
    })
  })
  await inLine(gateway)
  expect(gateway.open.gateway.held.total).toBeLessThanOrEqual((taken + refused) * asked.length)
  const late = await askGrpc(gateway, 'ModelInfer', asked)
  expect(late.code).toBe(status.RESOURCE_EXHAUSTED)
  expect(late.details).toBe(`echo takes no more: ${lineMax} requests wait, as many as may`)
  expect(Number(late.pushBack)).toBeGreaterThan(0)
  expect((await askGrpc(gateway, 'ModelInfer', message('other'))).code).toBe(status.OK)
  open()
  const codes = await Promise.all(answers)
  expect(codes.filter((code) => code === 0)).toHaveLength(taken)
  const exhausted: number = status.RESOURCE_EXHAUSTED
  expect(codes.filter((code) => code === exhausted)).toHaveLength(refused)
  for (const client of clients) client.close()
  await until('nothing is held', () => gateway.open.gateway.held.total === 0 && gateway.open.gateway.isIdle)
})
