// Agents on a machine of four shared GPUs, with real managers, on the virtual clock.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { placementNames, type PlacementName } from '#physical-plane/gpu-sharing/placement/placement-names.ts'
import { placementPolicyOf } from '#physical-plane/gpu-sharing/placement/policies.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import { silentLog } from '#runtime/log.ts'
import type { VirtualClock } from '#runtime/virtual-clock.ts'
import type { Agent } from './agent.ts'
import { aWorker, aWorld } from './agent.fixture.ts'
import { GpuShares } from './gpu-shares.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'placement-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const gib = 2 ** 30
const gpus = ['a', 'b', 'c', 'd'].map((id) => ({
  id,
  model: 'nvidia-t4',
  units: 1,
  memoryBytes: 16 * gib,
  sharing: 'interposer' as const,
}))

function aMachine(name: string) {
  const world = aWorld()
  const startAgent = async (policy?: PlacementName): Promise<Agent> => {
    const shares = new GpuShares({ sharing: sharingOf(name, world.clock), library: '/lib/i.so', mpsPipeFolder: null })
    const placement = policy === undefined ? {} : { placement: placementPolicyOf(policy) }
    const agent = await world.startAgent({ devices: gpus, shares, ...placement })
    void agent.run()
    await world.clock.advance(1_000)
    return agent
  }
  const deviceOf = (id: string): string => world.controlPlane.observed.get(id)?.deviceId ?? ''
  const stop = async (agent: Agent): Promise<void> => {
    const stopped = agent.stop({ keepInstances: true })
    await world.clock.advance(5_000)
    await stopped
  }
  return { ...world, startAgent, deviceOf, stop }
}

function sharingOf(owner: string, clock: VirtualClock) {
  const monotonicNs = (): number => clock.monotonicMs() * 1e6 + 1e9
  return openSharing(
    { folder: root, owner },
    { clock, monotonicNs, processes: systemProcesses, log: silentLog, config: sharingConfig },
  )
}

function onShare(
  name: string,
  requestMilli: number,
  smMilli: number,
  limitMilli = requestMilli,
): DesiredInstance__Output {
  const gpuShare = { requestMilli, limitMilli, memoryBytes: gib, smMilli }
  return aWorker({ id: `${name}/lab/worker-0`, jobId: name, deviceModel: 'nvidia-t4', gpuShare })
}

test("FaST-GShare's eight pods, in the order of its paper, are on one of the agent's four GPUs, and their manager has them all", async () => {
  const { clock, controlPlane, startAgent, deviceOf, stop } = aMachine('eight')
  const agent = await startAgent()
  const pods = [
    ...['r1', 'r2', 'r3', 'r4'].map((name) => onShare(name, 400, 120)),
    ...['n1', 'n2'].map((name) => onShare(name, 400, 240)),
    ...['b1', 'b2'].map((name) => onShare(name, 600, 500)),
  ]
  controlPlane.desire(pods)
  await clock.advance(5_000)
  expect(pods.map(({ id }) => deviceOf(id))).toEqual(pods.map(() => 'a'))
  expect(controlPlane.uses.map(({ deviceId }) => deviceId)).toEqual(pods.map(() => 'a'))
  await stop(agent)
})

test('agents with one policy after the other leave everybody where they are', async () => {
  const { clock, machine, controlPlane, startAgent, deviceOf, stop } = aMachine('turns')
  let agent = await startAgent('complementary')
  const first = [onShare('x', 300, 0, 700), onShare('y', 300, 0, 700), onShare('z', 200, 240)]
  controlPlane.desire(first)
  await clock.advance(5_000)
  const before = first.map(({ id }) => deviceOf(id))
  expect(before).toEqual(['a', 'a', 'a'])
  for (const name of placementNames) {
    await stop(agent)
    agent = await startAgent(name)
    await clock.advance(5_000)
    expect(first.map(({ id }) => [deviceOf(id), controlPlane.observed.get(id)?.attempt])).toEqual(
      before.map((device) => [device, 1]),
    )
  }
  expect(machine.launches.length).toBe(3)
  // The last one is exclusive: who comes now has a GPU alone.
  controlPlane.desire([...first, onShare('new', 100, 0)])
  await clock.advance(5_000)
  expect(deviceOf('new/lab/worker-0')).toBe('b')
  await stop(agent)
})

test('who is asked for first leaves a GPU to those who come with it, in whatever order their names are', async () => {
  const { clock, controlPlane, startAgent, deviceOf, stop } = aMachine('coming')
  const agent = await startAgent()
  // They fill the GPUs in one way only, in which no two small ones are together.
  const requests = [400, 400, 600, 600, 200, 200, 800, 800]
  const all = requests.map((request, i) => onShare(`j-${i}`, request, 0))
  controlPlane.desire(all)
  await clock.advance(5_000)
  const onEach = Map.groupBy(requests, (_, i) => deviceOf(all[i]!.id))
  expect([...onEach.values()].map((own) => own.reduce((sum, request) => sum + request, 0))).toEqual([
    1000, 1000, 1000, 1000,
  ])
  await stop(agent)
})
