import { expect, test } from 'vitest'
import { aBackend, aFunction, aGateway, anInstance, ask, clock, until } from './gateway.fixture.ts'

const infer = '/v2/models/echo/infer'
const tensors = '{"inputs":[]}'

test('a request goes through as the bytes that it is, with what is left of its time', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const answer = await ask(gateway, infer, { body: tensors, headers: { 'x-request-timeout-ms': '700' } })
  expect(answer).toMatchObject({ status: 200, body: tensors })
  const { path, headers } = backend.given[0]!
  expect(path).toBe(infer)
  expect(Number(headers['x-request-timeout-ms'])).toBeGreaterThan(300)
  expect(Number(headers['x-request-timeout-ms'])).toBeLessThanOrEqual(700)
  expect((await ask(gateway, '/v2/models/echo/versions/1/infer', { body: tensors })).status).toBe(200)
})

test('tensors as bytes after the JSON go through both ways', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend(({ body, headers }) => {
    return { body, headers: { 'inference-header-content-length': String(headers['inference-header-content-length']) } }
  })
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const body = Buffer.concat([Buffer.from(tensors), Buffer.from([0, 1, 254, 255])])
  const headers = { 'inference-header-content-length': String(tensors.length) }
  const answer = await ask(gateway, infer, { body, headers })
  expect(answer.headers['inference-header-content-length']).toBe(String(tensors.length))
  expect(backend.given[0]!.body.equals(body)).toBe(true)
})

test('two instances share what comes', async () => {
  await using gateway = await aGateway()
  const slow = async () => {
    await clock.sleep(20)
    return {}
  }
  await using first = await aBackend(slow)
  await using second = await aBackend(slow)
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', first), anInstance('b', second)] })] })
  await Promise.all(Array.from({ length: 20 }, () => ask(gateway, infer)))
  expect(first.given).toHaveLength(10)
  expect(second.given).toHaveLength(10)
})

test('a request whose instance dies is answered by another one, and once more is enough', async () => {
  await using gateway = await aGateway()
  const dying = await aBackend(() => new Promise(() => {}))
  await using living = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', dying)] })] })
  const asked = ask(gateway, infer, { body: tensors })
  await until('it has it', () => dying.given.length === 1)
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', dying), anInstance('b', living)] })] })
  await dying.kill()
  expect(await asked).toMatchObject({ status: 200, body: tensors })
  expect(living.given).toHaveLength(1)
  // Nobody listens there any more: those that never left are no one's loss.
  const more = await Promise.all(Array.from({ length: 10 }, () => ask(gateway, infer)))
  expect(more.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  await until('the status tells of it', () => gateway.status().functions[0]?.totals.retried === 1)
})

test('a request that may be asked only once is told of the instance that was lost with it', async () => {
  await using gateway = await aGateway()
  const dying = await aBackend(() => new Promise(() => {}))
  await using living = await aBackend()
  const instances = [anInstance('a', dying), anInstance('b', living)]
  await gateway.route({ functions: [aFunction({ atMostOnce: true, instances: instances.slice(0, 1) })] })
  const asked = ask(gateway, infer)
  await until('it has it', () => dying.given.length === 1)
  await gateway.route({ functions: [aFunction({ atMostOnce: true, instances })] })
  await dying.kill()
  const { status, body } = await asked
  expect(status).toBe(502)
  expect(body).toContain('instance a was lost with the request')
  expect(living.given).toHaveLength(0)
})

test('an instance that takes none now is passed over, also by what may be asked only once', async () => {
  await using gateway = await aGateway()
  await using ending = await aBackend(() => ({ status: 503, body: '{"error":"about to end"}' }))
  await using living = await aBackend()
  const instances = [anInstance('a', ending), anInstance('b', living)]
  await gateway.route({ functions: [aFunction({ atMostOnce: true, instances })] })
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(gateway, infer)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(living.given).toHaveLength(8)
})

test('an instance that leaves the routes ends what it has and gets nothing more', async () => {
  await using gateway = await aGateway()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  await using leaving = await aBackend(async ({ body }) => {
    await held
    return { body }
  })
  await using other = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', leaving)] })] })
  const asked = ask(gateway, infer, { body: tensors })
  await until('it has it', () => leaving.given.length === 1)
  await gateway.route({ functions: [aFunction({ instances: [anInstance('b', other)] })] })
  await ask(gateway, infer)
  const told = (): string => JSON.stringify(gateway.status().functions[0]?.instances ?? [])
  await until('the status names it', () => told().includes('"isLetGo":true'))
  release()
  expect(await asked).toMatchObject({ status: 200, body: tensors })
  await until('it is let go', () => !told().includes('"id":"a"'))
  expect(leaving.given).toHaveLength(1)
})

test('requests wait for the first instance, and those who start it hear of them at once', async () => {
  await using gateway = await aGateway({ statusEveryMs: 60_000 })
  await gateway.route({ functions: [aFunction()] })
  const asked = ask(gateway, infer, { body: tensors })
  await until('the status tells', () => gateway.status().functions[0]?.queued === 1)
  expect((await ask(gateway, '/v2/models/echo/ready', { method: 'GET' })).status).toBe(503)
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  expect(await asked).toMatchObject({ status: 200, body: tensors })
})

test('a deadline ends a request that waits and one that is computed', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend(() => new Promise(() => {}))
  await gateway.route({ functions: [aFunction({ instances: [] }), aFunction({ id: 'f-2', name: 'hangs' })] })
  const headers = { 'x-request-timeout-ms': '60' }
  const waited = await ask(gateway, infer, { headers })
  expect(waited.status).toBe(504)
  expect(waited.body).toContain('echo did not answer within 60 ms: no instance answers yet')
  await gateway.route({ functions: [aFunction({ instances: [], absence: 'exit code 1 after 0.4 s' })] })
  const told = await ask(gateway, infer, { headers })
  expect(told.body).toContain('no instance answers yet: exit code 1 after 0.4 s')
  await gateway.route({ functions: [aFunction({ timeoutMs: 60, instances: [anInstance('a', backend)] })] })
  const computed = await ask(gateway, infer)
  expect(computed.status).toBe(504)
  expect(computed.body).toContain('instance a had it')
  await until('the instance is told', () => backend.aborted() === 1)
})

test('a client that leaves takes its request along, from the line and from the instance', async () => {
  await using gateway = await aGateway({ inFlightMin: 1, batchesInFlight: 1 })
  await using backend = await aBackend(() => new Promise(() => {}))
  await gateway.route({ functions: [aFunction({ batchMax: 1, instances: [anInstance('a', backend)] })] })
  const leaving = [new AbortController(), new AbortController()]
  const asked = leaving.map(({ signal }) => ask(gateway, infer, { signal }).catch(() => null))
  await until('one is there and one waits', () => {
    const { functions } = gateway.open.gateway
    return backend.given.length === 1 && functions[0]?.queued === 1
  })
  for (const each of leaving) each.abort()
  await Promise.all(asked)
  await until('nothing is left', () => gateway.open.gateway.isIdle && gateway.open.gateway.held.total === 0)
  await until('the instance is told', () => backend.aborted() === 1)
  expect(backend.given).toHaveLength(1)
})

test('what a function does not take is refused at once, and other functions are not touched', async () => {
  await using gateway = await aGateway()
  await using busy = await aBackend(() => new Promise(() => {}))
  await using free = await aBackend()
  await gateway.route({
    functions: [
      aFunction({ batchMax: 1, queueMax: 3, instances: [anInstance('a', busy)] }),
      aFunction({ id: 'f-2', name: 'other', instances: [anInstance('b', free)] }),
    ],
  })
  const leaving = new AbortController()
  const asked = Array.from({ length: 5 }, () => ask(gateway, infer, { signal: leaving.signal }).catch(() => null))
  await until('they wait', () => gateway.open.gateway.functions[0]?.queued === 3)
  const refused = await ask(gateway, infer)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect(JSON.parse(refused.body)).toEqual({ error: 'echo takes no more: 3 requests wait, as many as may' })
  expect((await ask(gateway, '/v2/models/other/infer')).status).toBe(200)
  leaving.abort()
  await Promise.all(asked)
})

test('what instances say of a request goes on as they say it', async () => {
  await using gateway = await aGateway()
  await using backend = await aBackend(() => ({ status: 400, body: '{"error":"inputs is missing"}' }))
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  expect(await ask(gateway, infer)).toMatchObject({ status: 400, body: '{"error":"inputs is missing"}' })
})

test('an objective of tokens is judged by what instances tell, and clients hear it too', async () => {
  await using gateway = await aGateway({ statusEveryMs: 20 })
  let tokens = '1000'
  await using backend = await aBackend(async ({ body }) => {
    await clock.sleep(30)
    return { body, headers: { 'x-output-tokens': tokens } }
  })
  const slo = { latencyMs: 5, percentile: 90, per: 'token' } as const
  await gateway.route({ functions: [aFunction({ slo, instances: [anInstance('a', backend)] })] })
  expect((await ask(gateway, infer)).headers['x-output-tokens']).toBe('1000')
  tokens = '1'
  expect((await ask(gateway, infer)).status).toBe(200)
  tokens = 'many'
  expect((await ask(gateway, infer)).headers['x-output-tokens']).toBeUndefined()
  await until('the status tells of it', () => gateway.status().functions[0]?.totals.answered === 3)
  const [told] = gateway.status().functions
  expect(told).toMatchObject({ totals: { overSlo: 1 }, latency: { count: 2 } })
})

test('a routes file that is wrong changes nothing', async () => {
  await using gateway = await aGateway({ routesPollMs: 20 })
  await using backend = await aBackend()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const { writeFileSync, rmSync } = await import('node:fs')
  const wrong = [
    '{',
    '[]',
    '{"revision":9}',
    JSON.stringify({ revision: 9, functions: [aFunction(), aFunction()], pipelines: [] }),
  ]
  for (const text of wrong) {
    writeFileSync(gateway.routesPath, text)
    await clock.sleep(60)
    expect((await ask(gateway, infer)).status).toBe(200)
  }
  rmSync(gateway.routesPath)
  await clock.sleep(60)
  expect((await ask(gateway, infer)).status).toBe(200)
  expect(gateway.open.gateway.revision).toBe(1)
})

test('a function that is deleted tells those who wait for it', async () => {
  await using gateway = await aGateway()
  await gateway.route({ functions: [aFunction()] })
  const asked = ask(gateway, infer)
  await until('it waits', () => gateway.open.gateway.functions[0]?.queued === 1)
  await gateway.route({ functions: [] })
  const { status, body } = await asked
  expect(status).toBe(404)
  expect(body).toContain('echo was deleted while the request waited')
})

test('what was begun is answered while the gateway ends', async () => {
  await using backend = await aBackend(async ({ body }) => {
    await clock.sleep(100)
    return { body }
  })
  const gateway = await aGateway()
  await gateway.route({ functions: [aFunction({ instances: [anInstance('a', backend)] })] })
  const asked = ask(gateway, infer, { body: tensors })
  await until('it is there', () => backend.given.length === 1)
  await Promise.all([
    gateway[Symbol.asyncDispose](),
    asked.then((answer) => expect(answer).toMatchObject({ status: 200, body: tensors })),
  ])
})
