// What a region's gateway answers for, and where functions are asked: told to agents, and by agents.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { Device } from '#proto/generated/cloudless/v1/Device.ts'
import type { Function as WireFunction } from '#proto/generated/cloudless/v1/Function.ts'
import type { InferenceSpec } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aCatalogue } from './model/builders.ts'
import { decodeObserved } from './wire/agent-messages.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

const archive = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(archive).digest('hex')

async function aRig(...given: Parameters<typeof startRig>): Promise<Rig> {
  const rig = startRig(...given)
  async function* upload(): AsyncGenerator<never> {
    yield overTheWire('UploadBundleRequest', { digest: bundleDigest, totalBytes: archive.length, data: archive })
  }
  await rig.jobs.uploadBundle(upload(), aCall())
  return rig
}

async function deploy(rig: Rig, fields: InferenceSpec = {}): Promise<WireFunction> {
  const spec = { name: 'classify', bundleDigest, handler: 'model:Classifier', instancesMin: 1, ...fields }
  const answer = await rig.functions.deployFunction(overTheWire('DeployFunctionRequest', { spec }), aCall())
  return answer.function!
}

async function endpoints(rig: Rig): Promise<WireFunction['endpoints']> {
  return (await rig.functions.getFunction({ name: 'classify' }, aCall())).function!.endpoints
}

const gateway = { region: 'z', http: '127.0.0.1:8080', grpc: '127.0.0.1:8081' }

test('a region’s gateway is told of a function that is placed there, also while it has no instance', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig, { devices: [] })
  const { id } = await deploy(rig, { regions: ['a'], queueMax: 7, atMostOnce: true, autoscaler: 'dilu' })
  await rig.clock.advance(2_000)
  expect(agent.last('desired')).toMatchObject({ instances: [], functions: [{ id }] })
  const { spec } = agent.last('desired')!.functions![0]!
  expect(spec).toMatchObject({ queueMax: 7, atMostOnce: true, autoscaler: 'dilu', timeoutMs: 30_000 })
})

test('it is told of a function’s newest spec, and of its deletion at once', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig)
  await deploy(rig)
  await rig.clock.advance(2_000)
  await deploy(rig, { timeoutMs: 5_000 })
  await rig.clock.advance(2_000)
  expect(agent.last('desired')).toMatchObject({ functions: [{ spec: { timeoutMs: 5_000 } }] })
  await rig.functions.deleteFunction({ name: 'classify' }, aCall())
  await rig.clock.advance(2_000)
  expect(agent.last('desired')!.functions).toEqual([])
})

test('where it is asked is what the agent told last, by the agent’s own region', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig)
  await deploy(rig)
  await rig.clock.advance(2_000)
  expect(await endpoints(rig)).toEqual([])
  agent.say({ observed: { gateway } })
  await rig.clock.advance(100)
  expect(await endpoints(rig)).toEqual([{ ...gateway, region: 'a' }])
  agent.say({ observed: {} })
  await rig.clock.advance(100)
  expect(await endpoints(rig)).toEqual([])
})

test('nobody is sent to a region that is lost, or to one that it is not placed in', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig)
  const other = new ScriptedAgent(rig, { region: 'b', agentId: 'agent-2' })
  await deploy(rig, { regions: ['a'] })
  await rig.clock.advance(2_000)
  agent.say({ observed: { gateway } })
  other.say({ observed: { gateway } })
  await rig.clock.advance(100)
  expect((await endpoints(rig))!.map(({ region }) => region)).toEqual(['a'])
  agent.hangUp()
  await rig.clock.advance(60_000)
  expect(await endpoints(rig)).toEqual([])
})

test('what can not be is refused by its field', async () => {
  const rig = await aRig()
  const point = { deviceModel: 'cpu', batch: 1, smMilli: 1000, quotaMilli: 1000, latencyMs: 3 }
  const wrong: InferenceSpec = {
    autoscaler: 'best',
    slo: { latencyMs: 100 },
    timeoutMs: 50,
    queueMax: 1_000_000,
    handler: 'onnx:../other.onnx',
    memoryBytes: 1,
    profile: [point, point, { ...point, batch: 0, latencyMs: 0, deviceModel: 'cup' }, { ...point, smMilli: 1001 }],
  }
  const error: unknown = await deploy(rig, wrong).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CloudlessError)
  const { violations } = error as CloudlessError
  expect(violations.map(({ field }) => field).sort()).toEqual([
    'spec.autoscaler',
    'spec.handler',
    'spec.memory_bytes',
    'spec.profile[1]',
    'spec.profile[2].batch',
    'spec.profile[2].device_model',
    'spec.profile[2].latency_ms',
    'spec.profile[3].sm_milli',
    'spec.queue_max',
    'spec.timeout_ms',
  ])
  expect(violations.find(({ field }) => field === 'spec.autoscaler')?.description).toContain('hybrid')
})

test('wishes of an agent are granted to the instances that it names, and told as what happened', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig)
  const { id } = await deploy(rig, { instancesMax: 2 })
  await rig.clock.advance(2_000)
  const told = {
    id: `${id}/a/0`,
    jobId: id!,
    state: 'INSTANCE_STATE_RUNNING' as const,
    attempt: 1,
    endpoint: '127.0.0.1:1',
  }
  const serving = { isReady: true }
  const wish = {
    instances: [{ id: `${id}/a/0` }, { id: '' }],
    because: '40 requests a second came, 30 can be answered',
  }
  const observed = { instances: [{ ...told, serving }], wishes: { [id!]: wish } }
  agent.say({ observed })
  await rig.clock.advance(2_000)
  expect(agent.last('desired')!.instances!.map((each) => each.id)).toEqual([`${id}/a/0`, `${id}/a/1`])
  const { events } = await rig.functions.listFunctionEvents({ name: 'classify', pageSize: 50, pageToken: '' }, aCall())
  expect(events!.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['placed', 'wanted', 'ready']))
  expect(events!.find(({ instanceId }) => instanceId === `${id}/a/1`)?.text).toContain('30 can be answered')
})

test('a share that no GPU can give ends the stream of the agent that wishes for it, with the field', async () => {
  const rig = await aRig()
  const agent = new ScriptedAgent(rig)
  const { id } = await deploy(rig)
  const wish = { instances: [{ id: '', share: { requestMilli: 1001 } }] }
  agent.say({ observed: { wishes: { [id!]: wish } } })
  await rig.clock.advance(100)
  expect(agent.error).toMatchObject({ kind: 'invalid' })
  expect((agent.error as CloudlessError).message).toContain('share.request_milli')
})

test('a wish tells of multiprocessors too: who begins is given them, who runs keeps its own', async () => {
  const catalogue = aCatalogue({ a: { t4: 1 } }, { cpu: 1, t4: 10 }, { t4: 16 })
  const rig = await aRig({ catalogue: () => catalogue })
  const devices = [{ id: 'gpu-0', model: 't4', units: 1, memoryBytes: 16e9, sharing: 'DEVICE_SHARING_INTERPOSER' }]
  const agent = new ScriptedAgent(rig, { devices: devices as Device[] })
  const file = { requestMilli: 300, limitMilli: 600, memoryBytes: 4e9 }
  const { id } = await deploy(rig, { instancesMax: 2, gpuShare: file, deviceModels: ['t4'] })
  await rig.clock.advance(2_000)
  const part = { requestMilli: 400, limitMilli: 600, smMilli: 240 }
  const first = { id: `${id}/a/0`, jobId: id!, state: 'INSTANCE_STATE_RUNNING' as const, attempt: 1, deviceId: 'gpu-0' }
  const instances = [
    { id: first.id, share: part },
    { id: '', share: part },
  ]
  agent.say({ observed: { instances: [first], devices: devices as Device[], wishes: { [id!]: { instances } } } })
  await rig.clock.advance(2_000)
  expect(agent.last('desired')!.instances!.map((each) => each.gpuShare)).toEqual([
    { requestMilli: 400, limitMilli: 600, memoryBytes: 4e9 },
    { ...part, memoryBytes: 4e9 },
  ])
})

test.each([
  ['requestMilli', 0, 'request_milli'],
  ['limitMilli', 300, 'limit_milli'],
  ['smMilli', 1_001, 'sm_milli'],
])('a wish that no GPU could grant is refused by name: %s %d', (field, value, named) => {
  const share = { requestMilli: 400, limitMilli: 600, smMilli: 240, [field]: value }
  const observed = overTheWire<ConnectRequest__Output>('ConnectRequest', {
    observed: { wishes: { f: { instances: [{ id: '', share }] } } },
  }).observed!
  const refusal = [`observed.wishes.f.instances[0].share.${named}`]
  expect(() => decodeObserved(observed)).toThrow(
    expect.objectContaining({ violations: refusal.map((name) => expect.objectContaining({ field: name })) }) as Error,
  )
})
