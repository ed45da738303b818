// The whole way of a function’s numbers, on virtual time: what its instances tell, the agent’s scaler, the control plane’s room
// and back.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { aCall, overTheWire, startRig, type Rig } from '#control-plane/rig.ts'
import { aWorld } from '#physical-plane/agent/agent.fixture.ts'
import type { AgentDependencies } from '#physical-plane/agent/agent.ts'
import type { ServingReport } from '#physical-plane/agent/serving-status.ts'
import type { ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse__Output } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { UploadBundleRequest__Output } from '#proto/generated/cloudless/v1/UploadBundleRequest.ts'

const archive = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(archive).digest('hex')

/** The control plane's own service, with every message encoded on its way. */
function fleetOf(rig: Rig): AgentDependencies['fleet'] {
  return {
    connect: async function* (requests, options) {
      async function* sent(): AsyncGenerator<ConnectRequest__Output> {
        for await (const request of requests) yield overTheWire('ConnectRequest', request)
      }
      for await (const response of rig.fleet.connect(sent(), aCall(options?.signal)))
        yield overTheWire<ConnectResponse__Output>('ConnectResponse', response)
    },
  }
}

async function aServedFunction(cpuUnits: number) {
  const world = aWorld(cpuUnits)
  const { clock, machine } = world
  const rig = startRig({ clock })
  async function* upload(): AsyncGenerator<UploadBundleRequest__Output> {
    yield overTheWire('UploadBundleRequest', { digest: bundleDigest, totalBytes: archive.length, data: archive })
  }
  await rig.jobs.uploadBundle(upload(), aCall())
  // Requests in all, shared by the instances that run.
  let requests = 0
  let beat = 0
  const readServing = (instanceId: string): Promise<ServingReport | null> => {
    const alive = machine.alive.map((name) => name.split('#') as [string, string])
    const own = alive.find(([id]) => id === instanceId)
    if (own === undefined) return Promise.resolve(null)
    const status = { isReady: true, errors: 0, overSlo: 0, queued: 0, latencyMs: 10, requestsPerSecond: 1 }
    const counts = { requests: Math.floor(requests / alive.length), capacityPerSecond: 10 }
    beat += 1
    return Promise.resolve({
      attempt: Number(own[1]),
      beat,
      endpoint: '127.0.0.1:80',
      grpcEndpoint: '',
      status: { ...status, ...counts },
    })
  }
  const agent = await world.startAgent({ fleet: fleetOf(rig), readServing, region: 'a' })
  void agent.run()
  await clock.advance(500)
  const spec = { name: 'f', bundleDigest, handler: 'm:C', instancesMin: 1, instancesMax: 3, batchMax: 1 }
  await rig.functions.deployFunction(overTheWire('DeployFunctionRequest', { spec }), aCall())
  await clock.advance(2_000)
  const seconds = async (count: number, load: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      requests += load * Math.max(1, machine.alive.length)
      await clock.advance(1_000)
    }
  }
  const get = async () => (await rig.functions.getFunction({ name: 'f' }, aCall())).function!
  return { rig, machine, agent, seconds, get }
}

test('load that stays adds instances up to the bound, and takes them away when it is gone', async () => {
  const { machine, seconds, get, agent, rig } = await aServedFunction(8)
  expect(machine.alive).toHaveLength(1)
  expect((await get()).state).toBe('FUNCTION_STATE_READY')
  await seconds(15, 20)
  expect(machine.alive).toHaveLength(1)
  await seconds(10, 20)
  expect(machine.alive).toHaveLength(2)
  await seconds(80, 20)
  expect(machine.alive).toHaveLength(3)
  expect((await get()).instances).toHaveLength(3)
  await seconds(150, 0)
  expect(machine.alive).toHaveLength(1)
  expect((await get()).instances).toHaveLength(1)
  agent.abandon()
  await rig.controlPlane.stop()
})

test('without room it stays as it is and says what lacks', async () => {
  const { machine, seconds, get, agent, rig } = await aServedFunction(1)
  await seconds(30, 20)
  expect(machine.alive).toHaveLength(1)
  expect(await get()).toMatchObject({
    state: 'FUNCTION_STATE_READY',
    reason: '1 of 2 in a instances answer; a has 0 of 1 cpu free',
  })
  agent.abandon()
  await rig.controlPlane.stop()
})
