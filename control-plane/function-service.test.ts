import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { DeployFunctionRequest__Output } from '#proto/generated/cloudless/v1/DeployFunctionRequest.ts'
import type { Function as WireFunction } from '#proto/generated/cloudless/v1/Function.ts'
import type { GpuShare } from '#proto/generated/cloudless/v1/GpuShare.ts'
import type { InferenceSpec } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { GetCostsRequest__Output } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import type { ObservedState } from '#proto/generated/cloudless/v1/ObservedState.ts'
import type { UploadBundleRequest__Output } from '#proto/generated/cloudless/v1/UploadBundleRequest.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aCatalogue } from './model/builders.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

const archive = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(archive).digest('hex')

const spec = (fields: InferenceSpec = {}): InferenceSpec => ({
  name: 'classify',
  bundleDigest,
  handler: 'model:Classifier',
  instancesMin: 1,
  instancesMax: 2,
  batchMax: 8,
  slo: { latencyMs: 50, percentile: 99, per: 'SLO_PER_TOKEN' },
  owner: 'ann',
  labels: { team: 'vision' },
  ...fields,
})

async function aRig(options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = startRig(options)
  async function* upload(): AsyncGenerator<UploadBundleRequest__Output> {
    yield overTheWire('UploadBundleRequest', { digest: bundleDigest, totalBytes: archive.length, data: archive })
  }
  await rig.jobs.uploadBundle(upload(), aCall())
  return rig
}

async function deploy(rig: Rig, fields: InferenceSpec = {}, validateOnly = false) {
  const request: DeployFunctionRequest__Output = overTheWire('DeployFunctionRequest', {
    spec: spec(fields),
    validateOnly,
  })
  return rig.functions.deployFunction(request, aCall())
}

async function get(rig: Rig, name = 'classify'): Promise<WireFunction> {
  return (await rig.functions.getFunction({ name }, aCall())).function!
}

async function whyNot(work: Promise<unknown>): Promise<CloudlessError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CloudlessError)) throw new Error(`no refusal but ${String(error)}`)
  return error
}

describe('deploying', () => {
  test('makes a function once; the same spec again changes nothing', async () => {
    const rig = await aRig()
    const first = await deploy(rig)
    expect(first).toMatchObject({ isChanged: true, function: { state: 'FUNCTION_STATE_DEPLOYING' } })
    const again = await deploy(rig)
    expect(again.isChanged).toBe(false)
    expect(again.function!.id).toBe(first.function!.id)
    const changed = await deploy(rig, { instancesMax: 5 })
    expect(changed).toMatchObject({ isChanged: true, function: { id: first.function!.id, spec: { instancesMax: 5 } } })
  })

  test('an objective per token comes back as it was given, and per request is what nobody has to say', async () => {
    const rig = await aRig()
    await deploy(rig)
    expect((await get(rig)).spec?.slo).toEqual({ latencyMs: 50, percentile: 99, per: 'SLO_PER_TOKEN' })
    expect((await deploy(rig)).isChanged).toBe(false)
    expect((await deploy(rig, { slo: { latencyMs: 50 } })).isChanged).toBe(true)
    expect((await get(rig)).spec?.slo).toEqual({ latencyMs: 50, percentile: 99, per: 'SLO_PER_REQUEST' })
    const { violations } = await whyNot(deploy(rig, { slo: { latencyMs: 50, per: 9 as never } }))
    expect(violations).toEqual([{ field: 'spec.slo.per', description: 'is 9; give SLO_PER_REQUEST or SLO_PER_TOKEN' }])
  })

  test('validate_only stores nothing', async () => {
    const rig = await aRig()
    expect((await deploy(rig, {}, true)).isChanged).toBe(true)
    expect((await whyNot(get(rig))).kind).toBe('not-found')
  })

  test('every wrong field is named at once, with the fix', async () => {
    const rig = await aRig()
    const wrong = {
      name: 'No_Name',
      handler: 'model.py',
      environment: { CLOUDLESS_X: '1', 'a-b': 'c' },
      instancesMin: 3,
      slo: { latencyMs: 0, percentile: 100 },
      regions: ['a', 'a', 'aa'],
      deviceModels: ['cup'],
      gpuShare: { requestMilli: 1001 },
    }
    const { violations } = await whyNot(deploy(rig, wrong))
    expect(violations.map(({ field }) => field).sort()).toEqual([
      'spec.device_models[0]',
      'spec.environment',
      'spec.environment.CLOUDLESS_X',
      'spec.gpu_share.request_milli',
      'spec.handler',
      'spec.instances_min',
      'spec.name',
      'spec.regions[1]',
      'spec.regions[2]',
      'spec.slo.latency_ms',
      'spec.slo.percentile',
    ])
    expect(violations.find(({ field }) => field === 'spec.device_models[0]')?.description).toContain('cpu')
    const unknown = await whyNot(deploy(rig, { bundleDigest: 'ee'.repeat(32) }))
    expect(unknown.violations[0]).toMatchObject({ field: 'spec.bundle_digest' })
  })

  test('a MIG slice of a known GPU may be asked for, one of an unknown GPU not', async () => {
    const catalogue = aCatalogue({ a: { cpu: 1, t4: 4 } }, { cpu: 1, t4: 10 })
    const rig = await aRig({ catalogue: () => catalogue })
    const point = { deviceModel: 't4-mig-1g.5gb', batch: 1, smMilli: 1_000, quotaMilli: 1_000, latencyMs: 5 }
    const given = { gpuShare: null, profile: [point] }
    expect((await deploy(rig, { ...given, deviceModels: ['t4-mig-1g.5gb'] })).isChanged).toBe(true)
    const { violations } = await whyNot(deploy(rig, { ...given, deviceModels: ['t5-mig-1g.5gb'] }))
    expect(violations).toMatchObject([{ field: 'spec.device_models[0]' }])
  })

  test('functions are listed by name, page by page', async () => {
    const rig = await aRig()
    for (const name of ['c', 'a', 'b']) await deploy(rig, { name })
    const page = await rig.functions.listFunctions({ pageSize: 2, pageToken: '' }, aCall())
    expect(page.functions!.map((each) => each.spec?.name)).toEqual(['a', 'b'])
    const rest = await rig.functions.listFunctions({ pageSize: 2, pageToken: page.nextPageToken! }, aCall())
    expect(rest).toMatchObject({ functions: [{ spec: { name: 'c' } }], nextPageToken: '' })
  })
})

describe('with an agent', () => {
  async function running(): Promise<{ rig: Rig; agent: ScriptedAgent; id: string; functionId: string }> {
    const rig = await aRig()
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    const { id: functionId } = (await deploy(rig)).function!
    await rig.clock.advance(2_000)
    const [wanted] = agent.last('desired')!.instances!
    return { rig, agent, id: wanted!.id!, functionId: functionId! }
  }

  async function answers(rig: Rig, agent: ScriptedAgent, id: string, jobId: string, more = {}): Promise<void> {
    const desiredRevision = agent.last('desired')!.revision!
    const serving = { isReady: true, requests: 3, overSlo: 1, requestsPerSecond: 0.3, latencyMs: 12 }
    const instance = {
      id,
      jobId,
      state: 'INSTANCE_STATE_RUNNING' as const,
      attempt: 1,
      endpoint: '127.0.0.1:9',
      serving,
    }
    agent.say({ observed: { desiredRevision, instances: [instance], ...more } })
    await rig.clock.advance(1_100)
  }

  test('it is told of what to run, and the function is ready once that answers', async () => {
    const { rig, agent, id, functionId } = await running()
    expect(agent.last('desired')!.instances).toMatchObject([
      { id: `${functionId}/a/0`, jobId: functionId, role: 'INSTANCE_ROLE_INFERENCE', deviceModel: 'cpu', units: 1 },
    ])
    expect(agent.last('desired')!.instances![0]!.inference).toMatchObject({ handler: 'model:Classifier', batchMax: 8 })
    await answers(rig, agent, id, functionId)
    expect(await get(rig)).toMatchObject({
      state: 'FUNCTION_STATE_READY',
      instances: [{ id, endpoint: '127.0.0.1:9', requests: 3, overSlo: 1, latencyMs: 12, state: 'running' }],
    })
  })

  /** This one, and so many others. */
  const wishing = (id: string, others: number): Pick<ObservedState, 'wishes'> => {
    const [functionId] = id.split('/') as [string]
    const added = Array.from({ length: others }, () => ({ id: '' }))
    return { wishes: { [functionId]: { instances: [{ id }, ...added], because: 'it is asked much' } } }
  }

  test('it may ask for more instances, within the bounds', async () => {
    const { rig, agent, id, functionId } = await running()
    await answers(rig, agent, id, functionId, wishing(id, 6))
    expect(agent.last('desired')!.instances).toHaveLength(2)
  })

  test('jobs see what instances of functions hold', async () => {
    const { rig } = await running()
    const { region } = await rig.regions.getRegion({ name: 'a' }, aCall())
    expect(region!.offers![0]).toMatchObject({ unitsTotal: 2, unitsFree: 1 })
  })

  test('regions tell what is left of GPUs in shares, and it is what their instances leave', async () => {
    const catalogue = aCatalogue({ a: { cpu: 1, t4: 4 } }, { cpu: 1, t4: 10 })
    const rig = await aRig({ catalogue: () => catalogue })
    const gpu = { model: 't4', units: 1, memoryBytes: 16e9, sharing: 'DEVICE_SHARING_INTERPOSER' as const }
    const cpus = { id: 'cpu-0', model: 'cpu', units: 2, memoryBytes: 4e9 }
    const agent = new ScriptedAgent(rig, { devices: [{ ...gpu, id: 'GPU-1' }, { ...gpu, id: 'GPU-2' }, cpus] })
    await rig.clock.advance(100)
    const offers = async () => (await rig.regions.getRegion({ name: 'a' }, aCall())).region!.offers!
    const ofGpus = async () => (await offers()).find(({ deviceModel }) => deviceModel === 't4')
    expect(await ofGpus()).toMatchObject({ unitsFree: 2, shares: { gpus: 2, leftMilli: 2000, largestMilli: 1000 } })
    expect((await offers()).find(({ deviceModel }) => deviceModel === 'cpu')!.shares).toBeUndefined()
    const gpuShare = { requestMilli: 300, limitMilli: 600 }
    await deploy(rig, { instancesMin: 2, deviceModels: ['t4'], gpuShare })
    await rig.clock.advance(2_000)
    // Promised, and not told by the agent: they may stand apart.
    expect(await ofGpus()).toMatchObject({ unitsFree: 0, shares: { leftMilli: 1400, largestMilli: 700 } })
    const wanted = agent.last('desired')!.instances!
    const there = wanted.map(({ id, jobId }) => {
      return { id: id!, jobId: jobId!, state: 'INSTANCE_STATE_RUNNING' as const, attempt: 1, deviceId: 'GPU-2' }
    })
    const uses = there.map(({ id }) => ({ deviceId: 'GPU-2', instanceId: id, share: gpuShare }))
    const desiredRevision = agent.last('desired')!.revision!
    agent.say({ observed: { desiredRevision, instances: there, uses } })
    await rig.clock.advance(1_100)
    // Limits bind here: 300 of 1500 are left, and 400 of the requests.
    expect(await ofGpus()).toMatchObject({ unitsFree: 1, shares: { leftMilli: 1300, largestMilli: 1000 } })
    const { devices } = await rig.regions.listDevices({ regions: ['a'] }, aCall())
    const left = devices!
      .filter(({ device }) => device!.model === 't4')
      .map(({ uses: own }) => {
        const sum = (of: (share: GpuShare) => number) => own!.reduce((total, { share }) => total + of(share!), 0)
        return Math.min(1000 - sum(({ requestMilli }) => requestMilli!), 1500 - sum(({ limitMilli }) => limitMilli!))
      })
    expect(left).toEqual([1000, 300])
    agent.hangUp()
    await rig.clock.advance(12_000)
    expect(await ofGpus()).toMatchObject({ unitsFree: 0, shares: { gpus: 2, leftMilli: 0, largestMilli: 0 } })
  })

  test('what it uses is paid by the function, and reports count it by owner and label', async () => {
    const { rig, agent, id, functionId } = await running()
    await answers(rig, agent, id, functionId)
    const usage = {
      id: `${id}/1/0`,
      jobId: functionId,
      instanceId: id,
      kind: 'USAGE_KIND_DEVICE_SECONDS' as const,
      subject: 'cpu',
      quantity: 1000,
      fromMs: 0,
      toMs: 1_000_000,
      attempt: 1,
      purpose: 'train',
    }
    agent.say({ journal: { records: [{ seq: 1, usage }] } })
    await rig.clock.advance(1_100)
    expect(agent.last('journalAck')).toEqual({ seq: 1 })
    expect((await get(rig)).costUsd).toBeCloseTo(1)
    const request: GetCostsRequest__Output = overTheWire('GetCostsRequest', { groupBy: ['owner', 'label:team'] })
    const costs = await rig.costs.getCosts(request, aCall())
    expect(costs.costs?.groups).toMatchObject([{ key: ['ann', 'vision'] }])
  })

  test('a deleted one is stopped and gone, and its name is free', async () => {
    const { rig, agent, id, functionId } = await running()
    await answers(rig, agent, id, functionId)
    await rig.functions.deleteFunction({ name: 'classify' }, aCall())
    await rig.functions.deleteFunction({ name: 'classify' }, aCall())
    expect((await whyNot(deploy(rig))).reason).toBe('DELETING')
    await rig.clock.advance(1_100)
    expect(agent.last('desired')!.instances).toEqual([])
    agent.say({ observed: { desiredRevision: agent.last('desired')!.revision!, instances: [] } })
    await rig.clock.advance(2_100)
    expect((await whyNot(get(rig))).kind).toBe('not-found')
    expect((await deploy(rig)).function!.id).not.toBe(functionId)
  })

  test('its logs are told, and followed until it is deleted', async () => {
    const { rig, agent, id } = await running()
    agent.say({ log: { instanceId: id, jobId: '', offset: 0, data: Buffer.from('loaded\n') } })
    await rig.clock.advance(100)
    const heard: string[] = []
    const request = { name: 'classify', instanceId: '', follow: false }
    for await (const { data } of rig.functions.streamFunctionLogs(request, aCall())) heard.push(String(data))
    expect(heard).toEqual(['loaded\n'])
    const foreign = rig.functions.streamFunctionLogs({ ...request, instanceId: 'f-x/a/0' }, aCall())
    expect((await whyNot(foreign[Symbol.asyncIterator]().next())).kind).toBe('not-found')
  })
})
