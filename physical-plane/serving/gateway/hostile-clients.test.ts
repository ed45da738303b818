// Clients that are slow, silent, too large or wrong: told so in the protocol's own form, and nobody else notices.
import { connect, type Socket } from 'node:net'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { aBackend, aFunction, aGateway, anInstance, ask, until, type TestGateway } from './gateway.fixture.ts'

const infer = '/v2/models/echo/infer'

function raw(
  { open }: TestGateway,
  given: string | Buffer,
): { readonly socket: Socket; readonly heard: Promise<string> } {
  const at = open.http.lastIndexOf(':')
  const socket = connect(Number(open.http.slice(at + 1)), open.http.slice(0, at))
  const chunks: Buffer[] = []
  const heard = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk as Buffer))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.on('error', () => {})
  })
  socket.write(Buffer.isBuffer(given) ? given : Buffer.from(given))
  return { socket, heard }
}

function post(length: number, more = ''): string {
  return `POST ${infer} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n${more}\r\n`
}

test('what is no request is refused by name', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const cases: readonly [string, Parameters<typeof ask>[2], number, string][] = [
    ['/v2/models/nobody/infer', {}, 404, 'no function or pipeline has the name \\"nobody\\"; here are echo'],
    ['/v2/models/echo/versions/7/infer', {}, 404, 'has no version'],
    ['/v2/models/echo/train', {}, 404, 'echo has /infer and /ready'],
    ['/v1/models/echo:predict', { method: 'GET' }, 404, 'functions are asked at /v2/models/NAME/infer'],
    [infer, { method: 'GET' }, 405, 'use POST'],
    ['/v2/health/live', { method: 'POST' }, 405, 'use GET'],
    [infer, { headers: { 'x-request-timeout-ms': 'soon' } }, 400, 'must be a number up to'],
    [infer, { headers: { 'x-request-timeout-ms': '-1' } }, 400, 'must be a number up to'],
    [infer, { headers: { 'inference-header-content-length': '9' }, body: 'short' }, 400, 'but the body has 5 bytes'],
    [infer, { headers: { 'inference-header-content-length': 'x' } }, 400, 'must be a number of bytes'],
    [infer, { headers: { 'content-encoding': 'gzip' } }, 415, 'compressed'],
  ]
  for (const [path, given, code, text] of cases) {
    const { status, body } = await ask(gateway, path, given)
    expect({ path, status }).toEqual({ path, status: code })
    expect(body).toContain(text)
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['error'])
  }
  expect(backend.given).toHaveLength(0)
  expect((await ask(gateway, '/v2', { method: 'GET' })).body).toContain('binary_tensor_data')
  expect((await ask(gateway, '/v2/health/ready', { method: 'GET' })).status).toBe(200)
  expect((await ask(gateway, '/v2/models/echo/ready', { method: 'GET' })).body).toContain('"ready":true')
})

test('a body that is larger than the limit is refused before it is sent, and while it is', async () => {
  await using gateway = await aGateway({ bodyBytesMax: 1_000 })
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const told = await raw(gateway, post(5_000)).heard
  expect(told).toContain('413')
  expect(told).toContain('the body has 5000 bytes; send at most 1000')
  const expecting = await raw(gateway, post(5_000, 'expect: 100-continue\r\n')).heard
  expect(expecting).toMatch(/^HTTP\/1.1 413/)
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
  const chunked = `POST ${infer} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}`
  expect(await raw(gateway, chunked).heard).toContain('413')
  await until('nothing is held', () => gateway.open.gateway.held.total === 0)
  expect(backend.given).toHaveLength(0)
})

test('who sends headers or a body drop by drop is cut off, and others are answered meanwhile', async () => {
  await using gateway = await aGateway({ headersTimeoutMs: 300, requestTimeoutMs: 600 })
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const silent = raw(gateway, 'POST /v2/models/echo/infer HTTP/1.1\r\nx-a: ')
  const slow = raw(gateway, post(1_000))
  const drops = setInterval(() => {
    silent.socket.write('a')
    slow.socket.write('a')
  }, 50)
  for (let time = 0; time < 5; time += 1) expect((await ask(gateway, infer)).status).toBe(200)
  const heard = await Promise.all([silent.heard, slow.heard])
  clearInterval(drops)
  for (const each of heard)
    expect(each).toMatch(/^HTTP\/1.1 408 [\s\S]*\{"error":"the request did not arrive in time"\}$/)
  await until('nothing is held', () => gateway.open.gateway.held.total === 0)
})

test('bytes that are no HTTP are answered with 400, whatever they are', async () => {
  await using gateway = await aGateway({ headersTimeoutMs: 200, requestTimeoutMs: 400 })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const { socket, heard } = raw(gateway, Buffer.concat([Buffer.from([0]), bytes, Buffer.from('\r\n\r\n')]))
      const told = await heard
      socket.destroy()
      expect(told).toMatch(/^HTTP\/1.1 400 /)
    }),
    { numRuns: 20 },
  )
  expect(await raw(gateway, `GET /v2 HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`).heard).toMatch(/^HTTP\/1.1 431 /)
})

test('requests that wait have no more memory than there is, and what is left is for others', async () => {
  await using gateway = await aGateway({ heldBytesMax: 100_000 })
  await using free = await aBackend()
  await gateway.route({
    functions: [aFunction(), aFunction({ id: 'f-2', name: 'other', instances: [anInstance('b', free)] })],
  })
  const leaving = new AbortController()
  const body = Buffer.alloc(10_000)
  const waiting = Array.from({ length: 8 }, () =>
    ask(gateway, infer, { body, signal: leaving.signal }).catch(() => null),
  )
  const [first] = await Promise.all([
    Promise.race(waiting),
    until('they came', () => gateway.open.gateway.held.total >= 40_000),
  ])
  expect(first?.status).toBe(429)
  expect(first?.body).toContain('all the memory there is')
  expect(gateway.open.gateway.held.total).toBeLessThanOrEqual(50_000)
  expect((await ask(gateway, '/v2/models/other/infer', { body })).status).toBe(200)
  leaving.abort()
  await Promise.all(waiting)
  await until('nothing is held', () => gateway.open.gateway.held.total === 0)
})

test('an answer without end is cut off', async () => {
  await using gateway = await aGateway({ answerBytesMax: 10_000 })
  await using backend = await aBackend(() => ({ body: Buffer.alloc(50_000) }))
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const { status, body } = await ask(gateway, infer)
  expect(status).toBe(502)
  expect(body).toContain('its answer has more than 10000 bytes')
})

test('a thousand requests that wait are answered once somebody answers', async () => {
  await using gateway = await aGateway()
  await gateway.route({ functions: [aFunction({ timeoutMs: 20_000 })] })
  const waiting = Array.from({ length: 1_000 }, (_, index) => ask(gateway, infer, { body: String(index) }))
  await until('they wait', () => gateway.open.gateway.functions[0]?.queued === 1_000)
  const more = await ask(gateway, infer)
  expect(more.status).toBe(503)
  expect(more.headers['retry-after']).toBe('1')
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ timeoutMs: 20_000, instances: [anInstance('a', backend)] })] })
  const answers = await Promise.all(waiting)
  expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(answers.map((_, index) => `200 ${index}`))
})
