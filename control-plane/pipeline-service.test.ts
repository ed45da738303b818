import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { InferenceSpec } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { Pipeline } from '#proto/generated/cloudless/v1/Pipeline.ts'
import type { PipelineMeasure } from '#proto/generated/cloudless/v1/PipelineMeasure.ts'
import type { PipelineSpec } from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

const archive = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(archive).digest('hex')

async function aRig(functions: readonly InferenceSpec[] = [{ name: 'one' }, { name: 'two' }]): Promise<Rig> {
  const rig = startRig()
  async function* upload(): AsyncGenerator<never> {
    yield overTheWire('UploadBundleRequest', { digest: bundleDigest, totalBytes: archive.length, data: archive })
  }
  await rig.jobs.uploadBundle(upload(), aCall())
  for (const each of functions) await deployFunction(rig, each)
  return rig
}

async function deployFunction(rig: Rig, fields: InferenceSpec): Promise<void> {
  const spec = { bundleDigest, handler: 'model:Classifier', instancesMin: 1, regions: ['a'], batchMax: 8, ...fields }
  await rig.functions.deployFunction(overTheWire('DeployFunctionRequest', { spec }), aCall())
}

const chain: PipelineSpec = {
  name: 'both',
  stages: [
    { name: 'first', function: 'one' },
    { name: 'last', function: 'two', after: ['first'], inputs: { x: 'first.y' } },
  ],
}

async function deploy(rig: Rig, fields: PipelineSpec = {}, validateOnly = false) {
  const request = { spec: { ...chain, ...fields }, validateOnly }
  return rig.pipelines.deployPipeline(overTheWire('DeployPipelineRequest', request), aCall())
}

async function get(rig: Rig, name = 'both'): Promise<Pipeline> {
  return (await rig.pipelines.getPipeline({ name }, aCall())).pipeline!
}

async function faults(rig: Rig, fields: PipelineSpec): Promise<Record<string, string>> {
  const error: unknown = await deploy(rig, fields).then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CloudlessError)) throw new Error(`no refusal but ${String(error)}`)
  return Object.fromEntries(error.violations.map(({ field, description }) => [field, description]))
}

/** What batches of up to 8 take on the fastest and slowest part. */
function profile(...latencies: number[]): Pick<InferenceSpec, 'profile'> {
  return {
    profile: latencies.map((latencyMs, i) => {
      return { deviceModel: 'cpu', batch: 1, smMilli: 1000, quotaMilli: 100 * (i + 1), latencyMs }
    }),
  }
}

describe('deploying', () => {
  test('makes a pipeline once; another spec changes it', async () => {
    const rig = await aRig()
    const first = await deploy(rig)
    expect(first).toMatchObject({ isChanged: true, pipeline: { spec: { name: 'both' } } })
    expect(first.pipeline!.id).toMatch(/^p-/)
    expect((await deploy(rig)).isChanged).toBe(false)
    const changed = await deploy(rig, { owner: 'ann' })
    expect(changed).toMatchObject({ isChanged: true, pipeline: { id: first.pipeline!.id, spec: { owner: 'ann' } } })
    expect((await get(rig)).spec).toMatchObject({
      owner: 'ann',
      stages: [{ name: 'first' }, { inputs: { x: 'first.y' } }],
    })
  })

  test('validate_only stores nothing', async () => {
    const rig = await aRig()
    expect((await deploy(rig, {}, true)).isChanged).toBe(true)
    await expect(get(rig)).rejects.toMatchObject({ kind: 'not-found' })
  })

  test('deleting leaves its functions, and its name to others', async () => {
    const rig = await aRig()
    const { id } = (await deploy(rig)).pipeline!
    await rig.pipelines.deletePipeline({ name: 'both' }, aCall())
    await expect(get(rig)).rejects.toMatchObject({ kind: 'not-found' })
    expect((await rig.functions.listFunctions({ pageSize: 9, pageToken: '' }, aCall())).functions).toHaveLength(2)
    await deployFunction(rig, { name: 'both' })
    expect(Object.keys(await faults(rig, {}))).toEqual(['spec.name'])
    expect((await deploy(rig, { name: 'again' })).pipeline!.id).not.toBe(id)
  })

  test('they are listed by name, page by page', async () => {
    const rig = await aRig()
    for (const name of ['c', 'a', 'b']) await deploy(rig, { name })
    const page = await rig.pipelines.listPipelines({ pageSize: 2, pageToken: '' }, aCall())
    expect(page.pipelines!.map((each) => each.spec?.name)).toEqual(['a', 'b'])
    const rest = await rig.pipelines.listPipelines({ pageSize: 2, pageToken: page.nextPageToken! }, aCall())
    expect(rest).toMatchObject({ pipelines: [{ spec: { name: 'c' } }], nextPageToken: '' })
  })

  test('what was deployed is there after a restart', async () => {
    const rig = await aRig()
    const { id } = (await deploy(rig)).pipeline!
    await rig.controlPlane.stop()
    const again = startRig({ store: rig.store })
    expect(again.store.view().pipelines.map((each) => each.id)).toEqual([id])
    expect((await get(again)).id).toBe(id)
  })
})

describe('what can not be is refused by its field, with the fix', () => {
  test('a name of a function, and a function by the name of a pipeline', async () => {
    const rig = await aRig()
    expect((await faults(rig, { name: 'one' }))['spec.name']).toContain('name of a function')
    await deploy(rig)
    await expect(deployFunction(rig, { name: 'both' })).rejects.toMatchObject({ violations: [{ field: 'spec.name' }] })
  })

  test('a circle, a stage apart, inputs of nobody, functions that are not', async () => {
    const rig = await aRig()
    const circle = [
      { name: 'first', function: 'one', after: ['last'] },
      { name: 'last', function: 'two', after: ['first'] },
    ]
    expect((await faults(rig, { stages: circle }))['spec.stages[0].after']).toContain('nothing would ever begin')
    const apart = [...chain.stages!, { name: 'alone', function: 'one' }]
    expect((await faults(rig, { stages: apart }))['spec.stages']).toContain('alone')
    const inputs = [chain.stages![0]!, { ...chain.stages![1]!, inputs: { x: 'thrid.y' } }]
    expect(Object.keys(await faults(rig, { stages: inputs }))).toEqual(['spec.stages[1].inputs.x'])
    const unknown = [chain.stages![0]!, { ...chain.stages![1]!, function: 'twoo' }]
    expect((await faults(rig, { stages: unknown }))['spec.stages[1].function']).toContain('did you mean two')
    expect((await faults(rig, { stages: [] }))['spec.stages']).toContain('at least one')
    const many = Array.from({ length: 33 }, (_, i) => ({ name: `s${i}`, function: 'one' }))
    expect((await faults(rig, { stages: many }))['spec.stages']).toContain('at most 32')
    expect(Object.keys(await faults(rig, { name: 'No_Name' }))).toEqual(['spec.name'])
  })

  test('a time-out has its bounds, and is not below the objective', async () => {
    const rig = await aRig()
    expect((await deploy(rig)).pipeline!.spec!.timeoutMs).toBe(30_000)
    expect((await deploy(rig, { timeoutMs: 90_000 })).pipeline!.spec!.timeoutMs).toBe(90_000)
    expect((await faults(rig, { timeoutMs: 5 }))['spec.timeout_ms']).toBe('is 5; give a number from 10 to 3600000')
    const slo = { latencyMs: 45_000, percentile: 99 }
    const told = 'is 30000, below the objective of 45000 ms; allow at least as much'
    expect((await faults(rig, { slo }))['spec.timeout_ms']).toBe(told)
    expect((await deploy(rig, { slo, timeoutMs: 60_000 })).isChanged).toBe(true)
  })

  test('an objective below the fastest that its functions were measured at names that', async () => {
    const rig = await aRig([
      { name: 'one', ...profile(40, 20) },
      { name: 'two', ...profile(31, 15.5) },
    ])
    const text = (await faults(rig, { slo: { latencyMs: 35, percentile: 99 } }))['spec.slo.latency_ms']
    expect(text).toContain('35.5 ms')
    expect(text).toContain('at least 36')
    expect((await deploy(rig, { slo: { latencyMs: 36, percentile: 99 } })).isChanged).toBe(true)
  })

  test('an objective per token, a percentile that is none', async () => {
    const rig = await aRig()
    const slo = { latencyMs: 50, percentile: 100, per: 'SLO_PER_TOKEN' as const }
    expect(Object.keys(await faults(rig, { slo })).sort()).toEqual(['spec.slo.per', 'spec.slo.percentile'])
  })
})

describe('with an agent', () => {
  const gateway = { http: '127.0.0.1:80', grpc: '' }

  async function answer(rig: Rig, agent: ScriptedAgent, pipelines: PipelineMeasure[] = []): Promise<void> {
    const { instances = [] } = agent.last('desired')!
    const serving = { isReady: true }
    const observed = instances.map(({ id, jobId }) => {
      return {
        id: id!,
        jobId: jobId!,
        state: 'INSTANCE_STATE_RUNNING' as const,
        attempt: 1,
        endpoint: '127.0.0.1:9',
        serving,
      }
    })
    agent.say({
      observed: { instances: observed, gateway, pipelines, desiredRevision: agent.last('desired')!.revision! },
    })
    await rig.clock.advance(2_000)
  }

  test('it is ready once its functions answer, and is asked where all of them are', async () => {
    const rig = await aRig()
    const agent = new ScriptedAgent(rig)
    await deploy(rig)
    await rig.clock.advance(2_000)
    expect(await get(rig)).toMatchObject({
      state: 'PIPELINE_STATE_DEPLOYING',
      reason: expect.stringContaining('one is deploying'),
    })
    await answer(rig, agent)
    expect(await get(rig)).toMatchObject({
      state: 'PIPELINE_STATE_READY',
      endpoints: [{ region: 'a', http: '127.0.0.1:80' }],
    })
    expect(agent.last('desired')!.pipelines).toMatchObject([{ spec: { name: 'both' } }])
    await rig.functions.deleteFunction({ name: 'two' }, aCall())
    await rig.clock.advance(2_000)
    expect(await get(rig)).toMatchObject({ state: 'PIPELINE_STATE_DEPLOYING', reason: expect.stringContaining('two') })
    expect(agent.last('desired')!.pipelines).toEqual([])
  })

  test('what its gateways see of it is told with it, as long as they do', async () => {
    const rig = await aRig()
    const agent = new ScriptedAgent(rig)
    const id = (await deploy(rig, { slo: { latencyMs: 100, percentile: 99 } })).pipeline!.id!
    await rig.clock.advance(2_000)
    await answer(rig, agent)
    expect((await get(rig)).measured).toEqual([])
    const numbers = { arrived: 9, answered: 8, failed: 1, refused: 1, overSlo: 3, requestsPerSecond: 0.5 }
    const stages = [{ stage: 'first', answered: 8, failed: 0, p50Ms: 12, p99Ms: 30.5 }]
    const seen = { id, ...numbers, p50Ms: 20, p99Ms: 99.5, burnFiveMinutes: 2, burnOneHour: 0.25, stages }
    const pipelines = [
      { ...seen, region: 'elsewhere' },
      { ...seen, id: 'p-other' },
    ]
    await answer(rig, agent, pipelines)
    expect((await get(rig)).measured).toEqual([{ ...seen, region: 'a' }])
    const listed = await rig.pipelines.listPipelines({ pageSize: 9, pageToken: '' }, aCall())
    expect(listed.pipelines![0]!.measured).toEqual([{ ...seen, region: 'a' }])
    // Numbers that can not be are refused, as all that agents say.
    agent.say({ observed: { pipelines: [{ ...seen, p99Ms: -1 }] } })
    await rig.clock.advance(2_000)
    expect(String(agent.error)).toContain('observed.pipelines[0].p99_ms')
  })

  test('functions that are nowhere together say so', async () => {
    const rig = await aRig([{ name: 'one' }, { name: 'two', regions: ['b'] }])
    const agents = [new ScriptedAgent(rig), new ScriptedAgent(rig, { region: 'b', agentId: 'agent-2' })]
    await deploy(rig)
    await rig.clock.advance(2_000)
    for (const agent of agents) await answer(rig, agent)
    const { state, reason, endpoints } = await get(rig)
    expect({ state, endpoints }).toEqual({ state: 'PIPELINE_STATE_DEPLOYING', endpoints: [] })
    expect(reason).toContain('one in a, two in b')
  })

  test('parts of its objective go by profiles, and hold its functions that have none of their own', async () => {
    const rig = await aRig([
      { name: 'one', ...profile(30) },
      { name: 'two', ...profile(10), slo: { latencyMs: 500, percentile: 95 } },
    ])
    const agent = new ScriptedAgent(rig)
    await deploy(rig, { slo: { latencyMs: 100, percentile: 99 } })
    await rig.clock.advance(2_000)
    const budgets = (await get(rig)).budgets!
    expect(budgets.map(({ stage }) => stage)).toEqual(['first', 'last'])
    expect(budgets[0]!.budgetMs).toBeCloseTo(75)
    expect(budgets[1]!.budgetMs).toBeCloseTo(25)
    const served = agent.last('desired')!.functions!.map(({ spec }) => [spec!.name, spec!.slo!.latencyMs])
    expect(Object.fromEntries(served)).toEqual({ one: expect.closeTo(75), two: 500 })
  })
})
