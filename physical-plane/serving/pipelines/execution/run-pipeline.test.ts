import { describe, expect, test } from 'vitest'
import {
  aBackend,
  aFunction,
  aGateway,
  anInstance,
  ask,
  clock,
  until,
  type Backend,
  type Given,
  type Reply,
} from '#physical-plane/serving/gateway/gateway.fixture.ts'
import type { GatewayConfig } from '#physical-plane/serving/gateway/config.ts'
import type { RoutedPipeline, RunPipeline, StageRun } from '#physical-plane/serving/gateway/infer.ts'
import type { RoutedFunction } from '#physical-plane/serving/gateway/routes.ts'
import { pipelineRunner } from './run-pipeline.ts'

type Json = { readonly [key: string]: unknown }
type NumberTensor = {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly parameters?: { readonly binary_data_size?: number }
}

/** Reads numbers as JSON or as bytes, as any server of the protocol does, and answers with the same. */
function stageOf(
  work: (inputs: Readonly<Record<string, readonly number[]>>) => Readonly<Record<string, readonly number[]>>,
) {
  return ({ body, headers }: Given): Reply => {
    const jsonBytes = Number(headers['inference-header-content-length'] ?? body.length)
    const request = JSON.parse(body.toString('utf8', 0, jsonBytes)) as {
      inputs: NumberTensor[]
      parameters?: Json
      id?: string
    }
    let at = jsonBytes
    const inputs: Record<string, readonly number[]> = {}
    for (const { name, data, parameters } of request.inputs) {
      const size = parameters?.binary_data_size
      if (size === undefined) inputs[name] = data
      else {
        inputs[name] = Array.from({ length: size / 8 }, (_, index) => body.readDoubleLE(at + 8 * index))
        at += size
      }
    }
    const isBytes = request.parameters?.['binary_data_output'] === true
    const parts: Buffer[] = []
    const outputs = Object.entries(work(inputs)).map(([name, data]) => {
      const head = { name, datatype: 'FP64', shape: [data.length] }
      if (!isBytes) return { ...head, data }
      const bytes = Buffer.alloc(8 * data.length)
      for (const [index, value] of data.entries()) bytes.writeDoubleLE(value, 8 * index)
      parts.push(bytes)
      return { ...head, parameters: { binary_data_size: bytes.length } }
    })
    const json = Buffer.from(
      JSON.stringify({ model_name: 'stage', ...(request.id === undefined ? {} : { id: request.id }), outputs }),
    )
    if (parts.length === 0) return { body: json }
    return {
      body: Buffer.concat([json, ...parts]),
      headers: { 'inference-header-content-length': String(json.length) },
    }
  }
}

/** Also tells the test what it tells the gateway. */
function tellingRunner(runs: StageRun[]): RunPipeline {
  const runPipeline = pipelineRunner({ clock })
  return (pipeline, request, options, caller) => {
    const onStage = (one: StageRun): void => {
      runs.push(one)
      options.onStage(one)
    }
    return runPipeline(pipeline, request, { ...options, onStage }, caller)
  }
}

const served = (name: string, backend: Backend, over: Partial<RoutedFunction> = {}): RoutedFunction =>
  aFunction({ id: `f-${name}`, name, instances: [anInstance(`${name}-1`, backend)], ...over })

const aPipeline = (
  stages: readonly Partial<RoutedPipeline['stages'][number]>[],
  over: Partial<RoutedPipeline> = {},
): RoutedPipeline => ({
  id: 'p-1',
  name: 'look',
  stages: stages.map((stage) => ({ name: 'a', function: 'a', after: [], inputs: {}, ...stage })),
  slo: null,
  timeoutMs: 5_000,
  ...over,
})

/** crop doubles; tag adds one, count counts, side by side; merge gets both and the request's own tensor. */
const diamond = aPipeline([
  { name: 'crop', function: 'double' },
  { name: 'tag', function: 'add-one', after: ['crop'] },
  { name: 'count', function: 'length', after: ['crop'] },
  {
    name: 'merge',
    function: 'merge',
    after: ['tag', 'count'],
    inputs: { left: 'tag.y', right: 'count.n', first: 'x' },
  },
])
const double = stageOf(({ x }) => ({ y: x!.map((value) => 2 * value) }))
const addOne = stageOf(({ y }) => ({ y: y!.map((value) => value + 1) }))
const length = stageOf(({ y }) => ({ n: [y!.length] }))
const merge = stageOf(({ left, right, first, ...others }) => ({
  sum: [...left!, ...right!, ...first!],
  others: [Object.keys(others).length],
}))

const body = (x: readonly number[], more: Json = {}): string =>
  JSON.stringify({ id: '7', inputs: [{ name: 'x', datatype: 'FP64', shape: [x.length], data: x }], ...more })
const errorOf = (text: string): string => (JSON.parse(text) as { error: string }).error

async function aDiamond(
  replies: Partial<Record<'double' | 'add-one' | 'length' | 'merge', (given: Given) => Reply | Promise<Reply>>> = {},
  config: Partial<GatewayConfig> = {},
) {
  const runs: StageRun[] = []
  const all = { double, 'add-one': addOne, length, merge, ...replies }
  const backends = await Promise.all(Object.values(all).map(async (reply) => await aBackend(reply)))
  const gateway = await aGateway({ statusEveryMs: 50, ...config }, tellingRunner(runs))
  const functions = Object.keys(all).map((name, at) => served(name, backends[at]!))
  await gateway.route({ functions, pipelines: [diamond] })
  const byName = Object.fromEntries(Object.keys(all).map((name, at) => [name, backends[at]!])) as Record<
    keyof typeof all,
    Backend
  >
  return {
    gateway,
    runs,
    backends: byName,
    functions,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      for (const backend of backends) await backend.kill()
    },
  }
}

describe('a pipeline over HTTP', () => {
  test('stages get their tensors by name, side by side where they may, and the last one answers', async () => {
    await using d = await aDiamond()
    const answer = await ask(d.gateway, '/v2/models/look/infer', { body: body([1, 2.5]) })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual({
      model_name: 'look',
      model_version: '1',
      id: '7',
      outputs: [
        { name: 'sum', datatype: 'FP64', shape: [5], data: [3, 6, 2, 1, 2.5] },
        { name: 'others', datatype: 'FP64', shape: [1], data: [0] },
      ],
    })
    // Between stages values go as bytes; the client's go on as they came.
    expect(d.backends['add-one'].given[0]!.headers['inference-header-content-length']).toBeDefined()
    expect(d.backends.double.given[0]!.headers['inference-header-content-length']).toBeUndefined()
    expect(d.runs.map(({ stage }) => stage).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'count',
      'crop',
      'merge',
      'tag',
    ])
    expect(d.runs.every(({ tookMs, instanceId }) => tookMs > 0 && instanceId !== '')).toBe(true)
  })

  test('bytes in, bytes out, and only the outputs that were asked for', async () => {
    await using d = await aDiamond()
    const values = Buffer.alloc(16)
    values.writeDoubleLE(4, 0)
    values.writeDoubleLE(0.5, 8)
    const json = JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP64', shape: [2], parameters: { binary_data_size: 16 } }],
      outputs: [{ name: 'sum', parameters: { binary_data: true } }],
    })
    const headers = { 'inference-header-content-length': String(json.length) }
    const response = await fetch(`http://${d.gateway.open.http}/v2/models/look/infer`, {
      method: 'POST',
      headers,
      body: Buffer.concat([Buffer.from(json), values]),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const jsonBytes = Number(response.headers.get('inference-header-content-length'))
    const { outputs } = JSON.parse(bytes.toString('utf8', 0, jsonBytes)) as { outputs: Json[] }
    expect(outputs).toEqual([{ name: 'sum', datatype: 'FP64', shape: [5], parameters: { binary_data_size: 40 } }])
    expect(Array.from({ length: 5 }, (_, at) => bytes.readDoubleLE(jsonBytes + 8 * at))).toEqual([9, 2, 2, 4, 0.5])
  })

  test('a stage that fails is named, its status is kept, and the others are ended', async () => {
    const slow = async (given: Given): Promise<Reply> => {
      await clock.sleep(3_000)
      return addOne(given)
    }
    await using d = await aDiamond({ 'add-one': slow, length: () => ({ status: 422, body: '{"error":"no numbers"}' }) })
    const beganAtMs = clock.monotonicMs()
    const answer = await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    expect(clock.monotonicMs() - beganAtMs).toBeLessThan(2_500)
    expect([answer.status, errorOf(answer.body)]).toEqual([422, 'stage count (length): no numbers'])
    expect(d.backends.merge.given).toEqual([])
    await until('the slow stage was given up', () => d.backends['add-one'].aborted() === 1)
  })

  test('what is left of the time is the deadline of every stage, and a client that goes ends them', async () => {
    const never = (): Promise<Reply> => new Promise(() => {})
    await using d = await aDiamond({ length: never })
    const late = await ask(d.gateway, '/v2/models/look/infer', {
      body: body([1]),
      headers: { 'x-request-timeout-ms': '150' },
    })
    expect(late.status).toBe(504)
    await until('the stage was given up', () => d.backends.length.aborted() === 1)
    const gone = new AbortController()
    const asked = ask(d.gateway, '/v2/models/look/infer', { body: body([1]), signal: gone.signal }).catch(() => null)
    await until('the second request is at the stage', () => d.backends.length.given.length === 2)
    gone.abort()
    expect(await asked).toBeNull()
    await until('it was given up too', () => d.backends.length.aborted() === 2)
    await until('nothing is left', () => d.gateway.open.gateway.isIdle)
  })

  test.each<[string, string, string]>([
    ['no JSON', '{', 'the body is no JSON'],
    ['no object', '[]', 'the body is []; send a JSON object'],
    ['no inputs', '{}', 'inputs: is nothing; send a list of tensors'],
    ['no tensors', '{"inputs":[]}', 'inputs: has no tensors'],
    ['a tensor without a name', '{"inputs":[{"data":[1]}]}', 'inputs[0]: is {"data":[1]}; send an object with a name'],
    ['a tensor twice', '{"inputs":[{"name":"x"},{"name":"x"}]}', 'tensor "x" is there twice'],
    ['an id that is no string', '{"id":3,"inputs":[]}', 'id: is 3; send a string'],
    ['bytes that are not there', '{"inputs":[{"name":"x","parameters":{"binary_data_size":4}}]}', '0 bytes are left'],
    [
      'an output that nobody has',
      body([1], { outputs: [{ name: 'q' }] }),
      'outputs: there is no q; there is sum, others',
    ],
    [
      'a tensor that a stage needs',
      body([1]).replace('"x"', '"z"'),
      'stage merge needs tensor x of the request, which has z; send it',
    ],
  ])('refuses %s', async (_what, given, error) => {
    await using d = await aDiamond({ double: stageOf(({ x, z }) => ({ y: (x ?? z)! })) })
    const answer = await ask(d.gateway, '/v2/models/look/infer', { body: given })
    expect([answer.status, errorOf(answer.body)]).toEqual([400, expect.stringContaining(error)])
  })

  test('the status tells how long each stage takes, also where one fails', async () => {
    const slow = async (given: Given): Promise<Reply> => {
      await clock.sleep(60)
      return addOne(given)
    }
    let isBroken = false
    const mayFail = (given: Given): Reply => (isBroken ? { status: 422, body: '{"error":"no"}' } : merge(given))
    await using d = await aDiamond({ 'add-one': slow, merge: mayFail })
    for (let time = 0; time < 3; time += 1) await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    isBroken = true
    await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    const stages = () => d.gateway.status().pipelines[0]?.stages ?? []
    await until('the status tells of the last', () => stages()[3]?.failed === 1)
    expect(stages().map(({ stage, function: of, answered, failed }) => [stage, of, answered, failed])).toEqual([
      ['crop', 'double', 4, 0],
      ['tag', 'add-one', 4, 0],
      ['count', 'length', 4, 0],
      ['merge', 'merge', 3, 1],
    ])
    const [crop, tag] = stages()
    expect(tag!.latency.p50Ms).toBeGreaterThan(55)
    expect(crop!.latency.p50Ms).toBeLessThan(tag!.latency.p50Ms)
  })

  test('tensors of running pipelines are held like bodies: what is too much is refused, and nothing stays', async () => {
    const large = stageOf(() => ({ y: Array.from({ length: 5_000 }, () => 1) }))
    await using d = await aDiamond({ double: large }, { heldBytesMax: 100_000 })
    const refused = await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    expect(refused.status).toBe(429)
    expect(errorOf(refused.body)).toMatch(/^stage (tag|count) .*: requests that wait have all the memory there is/)
    expect(refused.headers['retry-after']).toBe('1')
    await until('nothing is held', () => d.gateway.open.gateway.held.total === 0)
    await using small = await aDiamond({}, { heldBytesMax: 100_000 })
    expect((await ask(small.gateway, '/v2/models/look/infer', { body: body([1]) })).status).toBe(200)
    await until('nothing is held', () => small.gateway.open.gateway.held.total === 0)
  })

  test('an answer that is none is the instance’s fault; a function that is not there is named', async () => {
    await using d = await aDiamond({ length: () => ({ body: '{"outputs":{}}' }) })
    const answer = await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    const told = 'stage count (length): length-1 answered nonsense: outputs: is {}; send a list of tensors'
    expect([answer.status, errorOf(answer.body)]).toEqual([502, told])
    await d.gateway.route({ functions: d.functions.filter(({ name }) => name !== 'length'), pipelines: [diamond] })
    const without = await ask(d.gateway, '/v2/models/look/infer', { body: body([1]) })
    expect(without.status).toBe(404)
    expect(errorOf(without.body)).toContain('stage count (length): no function or pipeline has the name "length"')
  })

  test('outputs of one name from two last stages tell their stages; of one name into one stage must be told apart', async () => {
    await using d = await aDiamond()
    const fork = aPipeline([
      { name: 'crop', function: 'double' },
      { name: 'one', function: 'add-one', after: ['crop'] },
      { name: 'two', function: 'add-one', after: ['crop'] },
    ])
    await d.gateway.route({ functions: d.functions, pipelines: [fork] })
    const answer = await ask(d.gateway, '/v2/models/look/infer', { body: body([3]) })
    const { outputs } = JSON.parse(answer.body) as { outputs: NumberTensor[] }
    expect(outputs.map(({ name, data }) => [name, data])).toEqual([
      ['one.y', [7]],
      ['two.y', [7]],
    ])
    const join = aPipeline([...fork.stages, { name: 'join', function: 'length', after: ['one', 'two'] }])
    await d.gateway.route({ functions: d.functions, pipelines: [join] })
    const unclear = await ask(d.gateway, '/v2/models/look/infer', { body: body([3]) })
    expect(errorOf(unclear.body)).toBe('stage join: both one.y and two.y would be its y; name its inputs')
  })

  test('a stage goes to the kind of instance that its part of the objective asks for', async () => {
    await using small = await aBackend(double)
    await using large = await aBackend(double)
    const runs: StageRun[] = []
    await using gateway = await aGateway({}, tellingRunner(runs))
    const shape = (requestMilli: number) => ({ deviceModel: 'T4', smMilli: 0, requestMilli, limitMilli: requestMilli })
    const point = (quotaMilli: number, latencyMs: number) => ({
      deviceModel: 'T4',
      batch: 1,
      smMilli: 0,
      quotaMilli,
      latencyMs,
    })
    const twice = aFunction({
      name: 'double',
      batchMax: 1,
      profile: [point(250, 200), point(1_000, 60)],
      instances: [
        { ...anInstance('small', small), shape: shape(250) },
        { ...anInstance('large', large), shape: shape(1_000) },
      ],
    })
    const stages = [{ name: 'crop', function: 'double' }]
    for (const [latencyMs, expected] of [
      [1_000, 'small'],
      [100, 'large'],
    ] as const) {
      await gateway.route({
        functions: [twice],
        pipelines: [aPipeline(stages, { slo: { latencyMs, percentile: 99 } })],
      })
      expect((await ask(gateway, '/v2/models/look/infer', { body: body([1]) })).status).toBe(200)
      expect(runs.at(-1)).toMatchObject({ stage: 'crop', instanceId: expected })
      expect(runs.at(-1)!.because).toContain(`warm ${expected}: the path ends in`)
    }
  })
})
