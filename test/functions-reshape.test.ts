// The whole way of a function's share, on virtual time: what its instance tells, the agent's policy with the function's profile, the
// control plane's room, and back to the GPU's manager, without the instance starting again.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCatalogue } from '#control-plane/model/builders.ts'
import { aCall, overTheWire, startRig, type Rig } from '#control-plane/rig.ts'
import { aWorld } from '#physical-plane/agent/agent.fixture.ts'
import type { AgentDependencies } from '#physical-plane/agent/agent.ts'
import { GpuShares } from '#physical-plane/agent/gpu-shares.ts'
import type { ServingReport } from '#physical-plane/agent/serving-status.ts'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import type { ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse__Output } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { UploadBundleRequest__Output } from '#proto/generated/cloudless/v1/UploadBundleRequest.ts'
import { silentLog } from '#runtime/log.ts'

const archive = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(archive).digest('hex')
/** 5 ms on the whole GPU, in proportion with less of its time. */
const profile = [100, 200, 500, 1_000].map((quotaMilli) => {
  return { deviceModel: 't4', batch: 1, smMilli: 1_000, quotaMilli, latencyMs: 5_000 / quotaMilli }
})

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reshape-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

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

type Deployed = {
  readonly shares: GpuShares
  readonly launches: readonly unknown[]
  /** So many seconds with so many requests in each. */
  readonly seconds: (count: number, load: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** A control plane and an agent with one GPU, and a function on them that has had its first seconds. */
async function deployed(owner: string, more: Readonly<Record<string, unknown>>): Promise<Deployed> {
  const world = aWorld()
  const { clock, machine } = world
  const rig = startRig({ clock, catalogue: () => aCatalogue({ a: { t4: 1 } }, { cpu: 1, t4: 10 }, { t4: 16 }) })
  async function* upload(): AsyncGenerator<UploadBundleRequest__Output> {
    yield overTheWire('UploadBundleRequest', { digest: bundleDigest, totalBytes: archive.length, data: archive })
  }
  await rig.jobs.uploadBundle(upload(), aCall())
  let requests = 0
  let beat = 0
  const readServing = (instanceId: string): Promise<ServingReport | null> => {
    const own = machine.alive.map((name) => name.split('#')).find(([id]) => id === instanceId)
    if (own === undefined) return Promise.resolve(null)
    const status = { isReady: true, errors: 0, overSlo: 0, queued: 0, latencyMs: 10, requestsPerSecond: 1 }
    const counts = { requests, capacityPerSecond: 50 }
    const at = { attempt: Number(own[1]), beat: (beat += 1), endpoint: '127.0.0.1:80', grpcEndpoint: '' }
    return Promise.resolve({ ...at, status: { ...status, ...counts } })
  }
  const monotonicNs = (): number => clock.monotonicMs() * 1e6 + 1e9
  const given = { clock, monotonicNs, processes: systemProcesses, log: silentLog, config: sharingConfig }
  const sharing = openSharing({ folder, owner }, given)
  const shares = new GpuShares({ sharing, library: '/lib/interposer.so', mpsPipeFolder: null })
  const gpu = { id: 'GPU-0', model: 't4', units: 1, memoryBytes: 16e9, sharing: 'interposer' as const }
  const agent = await world.startAgent({ fleet: fleetOf(rig), readServing, region: 'a', devices: [gpu], shares })
  void agent.run()
  await clock.advance(500)
  const slo = { latencyMs: 200, percentile: 99, per: 'SLO_PER_REQUEST' }
  const bounds = { instancesMin: 1, instancesMax: 1, batchMax: 1 }
  const spec = { name: 'f', bundleDigest, handler: 'm:C', ...bounds, slo, profile, deviceModels: ['t4'], ...more }
  await rig.functions.deployFunction(overTheWire('DeployFunctionRequest', { spec }), aCall())
  await clock.advance(2_000)
  const seconds = async (count: number, load: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      requests += load
      await clock.advance(1_000)
    }
  }
  const close = async (): Promise<void> => {
    agent.abandon()
    await rig.controlPlane.stop()
    shares.close({ keepsFiles: false })
  }
  return { shares, launches: machine.launches, seconds, close }
}

test('load gives an instance more of its GPU while it runs, and less of it takes that back', async () => {
  const gpuShare = { requestMilli: 200, limitMilli: 300, memoryBytes: 1e9 }
  const { shares, launches, seconds, close } = await deployed('reshape', { gpuShare })
  const requestMilli = (): number | undefined => shares.uses()[0]?.share?.requestMilli
  expect(launches).toHaveLength(1)
  await seconds(20, 60)
  const most = requestMilli()!
  expect(most).toBeGreaterThanOrEqual(600)
  await seconds(120, 2)
  // Some is kept against the next such jump.
  expect(requestMilli()).toBeLessThan(most)
  expect(launches).toHaveLength(1)
  await close()
})

test('where a file asks for a part of the multiprocessors, policies choose those of new instances; who runs keeps its own', async () => {
  // A fifth of the multiprocessors does nearly as much as half of them.
  const points = [
    { smMilli: 200, latencyMs: 5 },
    { smMilli: 500, latencyMs: 4.5 },
  ]
  const onParts = points.flatMap(({ smMilli, latencyMs }) =>
    [100, 200, 500, 1_000].map((quotaMilli) => {
      return { deviceModel: 't4', batch: 1, smMilli, quotaMilli, latencyMs: (1_000 * latencyMs) / quotaMilli }
    }),
  )
  const gpuShare = { requestMilli: 200, limitMilli: 300, memoryBytes: 1e9, smMilli: 500 }
  const more = { gpuShare, profile: onParts, autoscaler: 'fast-gshare', instancesMax: 4 }
  const { shares, seconds, close } = await deployed('partition', more)
  const parts = (): readonly (number | undefined)[] => shares.uses().map(({ share }) => share?.smMilli)
  expect(parts()).toEqual([500])
  await seconds(40, 100)
  const [begun, ...added] = parts().toSorted((a, b) => b! - a!)
  expect(begun).toBe(500)
  expect(added.length).toBeGreaterThan(0)
  // Smaller ones than were profiled count in proportion.
  for (const smMilli of added) expect(smMilli).toBeLessThanOrEqual(200)
  await close()
})
