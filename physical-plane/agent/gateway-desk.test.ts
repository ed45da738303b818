import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { Routes } from '#physical-plane/serving/gateway/routes.ts'
import type { GatewayStatus, MeasuredStatus, PipelineStatus } from '#physical-plane/serving/gateway/status.ts'
import { parseRoutes } from '#physical-plane/serving/gateway/routes.ts'
import { anInferenceSpec } from './agent.fixture.ts'
import { readFlags } from './flags.ts'
import { GatewayDesk, type GatewayLink } from './gateway-desk.ts'
import { routesOf, type Answering } from './gateway-routes.ts'

const aSpec = (fields: Partial<InferenceSpec__Output> = {}): InferenceSpec__Output =>
  anInferenceSpec({
    slo: { latencyMs: 100, percentile: 99, per: 'SLO_PER_REQUEST' },
    instancesMin: 0,
    batchMax: 0,
    queueMax: 5,
    atMostOnce: true,
    ...fields,
  })

const anAnswering = (id: string, functionId = 'f-1', spec = aSpec()): Answering => {
  return { id, attempt: 2, http: '127.0.0.1:8000', grpc: '', functionId, spec }
}

test('routes name what is wished for with who answers now, and are what a gateway takes', () => {
  const perToken = aSpec({
    name: 'chat',
    slo: { latencyMs: 50, percentile: 90, per: 'SLO_PER_TOKEN' },
    timeoutMs: 9_000,
  })
  const functions = [
    { id: 'f-2', spec: perToken },
    { id: 'f-1', spec: aSpec() },
    { id: 'f-3', spec: aSpec({ name: 'classify' }) },
    { id: 'f-4', spec: aSpec({ name: 'No Label' }) },
  ]
  const stage = { name: 's', function: 'classify', after: [], inputs: {} }
  const pipelines = [
    { id: 'p-1', spec: { name: 'chain', stages: [stage], slo: null, timeoutMs: 90_000, owner: '', labels: {} } },
  ]
  const routes = routesOf({ functions, pipelines }, [
    anAnswering('a'),
    anAnswering('b', 'f-9', aSpec({ name: 'older' })),
  ])
  expect(routes.functions.map(({ name }) => name)).toEqual(['classify', 'chat', 'older'])
  expect(routes.functions[0]).toEqual({
    id: 'f-1',
    name: 'classify',
    slo: { latencyMs: 100, percentile: 99 },
    timeoutMs: 30_000,
    queueMax: 5,
    atMostOnce: true,
    batchMax: 1,
    profile: [],
    instances: [{ id: 'a', attempt: 2, http: '127.0.0.1:8000', grpc: '' }],
  })
  const slo = { latencyMs: 50, percentile: 90, per: 'token' }
  expect(routes.functions[1]).toMatchObject({ slo, timeoutMs: 9_000, instances: [] })
  expect(routes.pipelines[0]).toMatchObject({ name: 'chain', timeoutMs: 90_000 })
  const asBefore = pipelines.map(({ id, spec }) => ({ id, spec: { ...spec, timeoutMs: 0 } }))
  expect(routesOf({ functions, pipelines: asBefore }, []).pipelines[0]).toMatchObject({ timeoutMs: 30_000 })
  const absent = routesOf({ functions, pipelines }, [anAnswering('a')], (id) => `${id} waits`)
  expect(absent.functions.map(({ absence }) => absence)).toEqual([undefined, 'f-2 waits'])
  expect(parseRoutes(JSON.stringify({ ...absent, revision: 1 }))).toHaveProperty('routes.functions.1.absence')
  expect(parseRoutes(JSON.stringify({ ...routes, revision: 1 }))).toHaveProperty('routes.pipelines.0.name', 'chain')
})

const second = { arrived: [2], answered: [0], refused: [0], overSlo: [0], queued: [2], inFlight: [0], latencyMs: [0] }

function told(fields: Partial<MeasuredStatus> = {}): MeasuredStatus {
  return {
    id: 'f-1',
    name: 'classify',
    queued: 0,
    inFlight: 0,
    totals: { arrived: 2, answered: 0, refused: 0, overSlo: 0, failed: 0, retried: 0, cancelled: 0 },
    latency: { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 },
    burn: { fiveMinutes: 0, oneHour: 0 },
    seconds: { atMs: [1_000], ...second },
    instances: [],
    ...fields,
  }
}

function aDesk(answering: readonly Answering[] = []) {
  const clock = new VirtualClock()
  const routed: Omit<Routes, 'revision'>[] = []
  let status: GatewayStatus | null = null
  const tell = (
    revision: number,
    fields: Partial<MeasuredStatus> = {},
    atMs = 1_500,
    pipelines: readonly PipelineStatus[] = [],
  ): void => {
    const own = { pid: 1, beat: 1, atMs, http: '127.0.0.1:80', grpc: '', heldBytes: 0, pipelines: [...pipelines] }
    status = { ...own, revision, functions: [told(fields)] }
  }
  const link: GatewayLink = {
    start: () => Promise.resolve(),
    route: (routes) => Promise.resolve(routed.push(routes)),
    read: () => Promise.resolve(status),
    stop: () => Promise.resolve(),
  }
  const desired = { functions: [{ id: 'f-1', spec: aSpec() }], pipelines: [] }
  const desk = new GatewayDesk({ clock, link, desired: () => desired, answering: () => answering })
  return { clock, desk, routed, tell }
}

test('an instance is let go once the gateway goes by routes without it and has nothing there any more', async () => {
  const { clock, desk, routed, tell } = aDesk([anAnswering('a'), anAnswering('b')])
  const at = (id: string) => ({ id, attempt: 2, inFlight: 1, isLetGo: false })
  tell(1, { instances: [at('a'), at('b')] })
  await desk.look()
  let isGone = false
  const going = desk.letGo('a', 10_000).then(() => (isGone = true))
  await clock.advance(100)
  expect(routed.at(-1)!.functions[0]!.instances.map(({ id }) => id)).toEqual(['b'])
  tell(routed.length, { instances: [at('a'), at('b')] })
  await clock.advance(100)
  expect(isGone).toBe(false)
  tell(routed.length, { instances: [at('b')] })
  await clock.advance(100)
  await going
  expect(isGone).toBe(true)
  // A gateway that never says so does not keep it for ever.
  const stuck = desk.letGo('b', 1_000)
  await clock.advance(1_100)
  await stuck
})

test('what the gateway sees of pipelines is told of those that somebody asked for', async () => {
  const { desk, tell } = aDesk()
  tell(1)
  await desk.look()
  expect(desk.measures('lab')).toEqual([])
  const latency = { count: 4, p50Ms: 20, p90Ms: 30, p99Ms: 40, p999Ms: 50, maxMs: 60 }
  const stages = [{ stage: 'crop', function: 'resize', answered: 3, failed: 1, latency }]
  const chain = {
    ...told({ id: 'p-1', name: 'chain' }),
    totals: { arrived: 5, answered: 4, refused: 1, overSlo: 2, failed: 1, retried: 0, cancelled: 0 },
    seconds: { ...second, arrived: [2, 4], atMs: [1_000, 2_000] },
    burn: { fiveMinutes: 3, oneHour: 0.5 },
    latency,
    stages,
  }
  tell(1, {}, 1_500, [chain, { ...chain, id: 'p-2', totals: { ...chain.totals, arrived: 0 } }])
  await desk.look()
  expect(desk.measures('lab')).toEqual([
    {
      id: 'p-1',
      region: 'lab',
      arrived: 5,
      answered: 4,
      failed: 1,
      refused: 1,
      overSlo: 2,
      requestsPerSecond: 3,
      p50Ms: 20,
      p99Ms: 40,
      burnFiveMinutes: 3,
      burnOneHour: 0.5,
      stages: [{ stage: 'crop', answered: 3, failed: 1, p50Ms: 20, p99Ms: 40 }],
    },
  ])
})

test('who waits for a function without instances is known at once, and what happened is kept without gaps', async () => {
  const { desk, tell } = aDesk()
  await desk.look()
  expect(desk.endpoint('lab')).toBeNull()
  expect(desk.isAsked('f-1')).toBe(false)
  expect(desk.isWaitedFor).toBe(false)
  tell(1, { queued: 2, seconds: { ...second, atMs: [] } })
  expect(await desk.look()).toBe(true)
  expect(desk.endpoint('lab')).toEqual({ region: 'lab', http: '127.0.0.1:80', grpc: '' })
  expect(desk.isAsked('f-1')).toBe(true)
  expect(desk.isWaitedFor).toBe(true)
  expect(desk.history('f-1')).toMatchObject([{ atMs: 1_500, arrived: 2, queued: 2 }])
  tell(1, { queued: 2, instances: [{ id: 'a', attempt: 1, inFlight: 1, isLetGo: false }] })
  await desk.look()
  expect(desk.isWaitedFor).toBe(false)
  tell(1, {}, 2_000)
  await desk.look()
  expect(desk.history('f-1')).toMatchObject([{ atMs: 1_000, arrived: 2 }])
  tell(1, { seconds: { ...second, atMs: [2_000] } }, 2_100)
  await desk.look()
  expect(desk.history('f-1').map(({ atMs }) => atMs)).toEqual([1_000, 2_000])
  tell(1, { seconds: { ...second, atMs: [9_000] } }, 20_000)
  await desk.look()
  expect(desk.history('f-1').map(({ atMs }) => atMs)).toEqual([9_000])
  expect(desk.isAsked('f-1')).toBe(false)
})

test('where the gateway listens is checked', () => {
  const flags = (...more: string[]) =>
    readFlags(['--control-plane', 'x:1', '--region', 'a/b', '--state', '/tmp/x', ...more])
  expect(flags()?.gateway).toEqual({ http: { host: '127.0.0.1', port: 0 }, grpc: { host: '127.0.0.1', port: 0 } })
  expect(flags('--gateway', 'off')?.gateway).toBeNull()
  expect(flags('--gateway', '127.0.0.2:8000')?.gateway).toMatchObject({ http: { port: 8_000 }, grpc: { port: 8_001 } })
  expect(() => flags('--gateway', 'somewhere')).toThrow('must be auto, off or host:port')
  expect(() => flags('--gateway', '127.0.0.1:70000')).toThrow('must be auto, off or host:port')
  expect(() => flags('--gateway', '0.0.0.0:80')).toThrow('add --allow-remote')
})
