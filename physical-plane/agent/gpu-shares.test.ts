// Over real managers, on the virtual clock.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import { openSharing, sharedFilePath } from '#physical-plane/gpu-sharing/sharing.ts'
import type { GpuSharing, SharedInstance } from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { SloPer__Output } from '#proto/generated/cloudless/v1/SloPer.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { aWorker } from './agent.fixture.ts'
import { decodeDesired, type DesiredInstance } from './desired.ts'
import type { Device } from './devices.ts'
import { askOf, GpuShares, tagOf } from './gpu-shares.ts'
import { MachineDevices } from './machine-devices.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'shares-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const share = { requestMilli: 500, limitMilli: 700, memoryBytes: 2 ** 30, smMilli: 0 }
const gpu = (id: string): Device => ({
  id,
  model: 'nvidia-t4',
  units: 1,
  memoryBytes: 16 * 2 ** 30,
  sharing: 'interposer',
})
const slice = (deviceId: string) => ({ deviceId, deviceModel: 'nvidia-t4', units: 1, share })

const noSpec: InferenceSpec__Output = messageDefinition<object, InferenceSpec__Output>(
  'cloudless.v1.InferenceSpec',
).deserialize(Buffer.alloc(0))

function anInstance(id = 'j-1/lab/worker-0'): DesiredInstance {
  const wire = aWorker({ id, deviceModel: 'nvidia-t4', gpuShare: share })
  const state = { revision: 1, instances: [wire], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] }
  return decodeDesired(state, 'onprem/lab').instances[0]!
}

function someShares(owner: string, mpsPipeFolder: string | null = null) {
  const clock = new VirtualClock()
  const monotonicNs = (): number => clock.monotonicMs() * 1e6 + 1e9
  const given = { clock, monotonicNs, processes: systemProcesses, log: silentLog, config: sharingConfig }
  const sharing = openSharing({ folder: root, owner }, given)
  const path = (deviceId: string): string => sharedFilePath({ folder: root, owner }, deviceId)
  return { shares: new GpuShares({ sharing, library: '/lib/interposer.so', mpsPipeFolder }), path }
}

describe('GpuShares', () => {
  test('a run on shares of two GPUs is registered with both, and its processes find their managers in its order', () => {
    const { shares, path } = someShares('two', '/run/mps')
    shares.devicesAre([gpu('a'), gpu('b'), gpu('c')])
    const run = { attempt: 3, slices: [slice('b'), slice('a')] }
    shares.begin(anInstance(), run)
    expect(shares.uses()).toMatchObject([
      { deviceId: 'a', instanceId: 'j-1/lab/worker-0', share: { requestMilli: 500, limitMilli: 700 }, usedMilli: 0 },
      { deviceId: 'b', instanceId: 'j-1/lab/worker-0' },
    ])
    expect(shares.environmentOf(anInstance(), run, '/lib/theirs.so')).toMatchObject({
      LD_PRELOAD: '/lib/interposer.so:/lib/theirs.so',
      CLOUDLESS_GPU_FILES: `${path('b')}:${path('a')}`,
      CLOUDLESS_GPU_TAG: tagOf('j-1/lab/worker-0', 3).toString(),
      CLOUDLESS_GPU_ROLE: 'confined',
      CUDA_MPS_PIPE_DIRECTORY: '/run/mps',
    })
    expect(shares.usedSeconds('j-1/lab/worker-0', 'a')).toBe(0)
    shares.end('j-1/lab/worker-0', 2)
    expect(shares.uses().length).toBe(2)
    shares.end('j-1/lab/worker-0', 3)
    shares.end('j-1/lab/worker-0', 3)
    expect(shares.uses()).toEqual([])
    shares.close({ keepsFiles: false })
    expect(existsSync(path('a'))).toBe(false)
  })

  test('a part of the multiprocessors is told, and kept by MPS where there is one', () => {
    for (const [pipe, percentage] of [
      ['/run/mps', '24'],
      [null, undefined],
    ] as const) {
      const { shares } = someShares(`part-${pipe}`, pipe)
      shares.devicesAre([gpu('a')])
      const run = { attempt: 1, slices: [{ ...slice('a'), share: { ...slice('a').share, smMilli: 235 } }] }
      shares.begin(anInstance(), run)
      expect(shares.uses()).toMatchObject([{ share: { requestMilli: 500, limitMilli: 700, smMilli: 235 } }])
      const environment = shares.environmentOf(anInstance(), run, undefined)
      expect(environment['CUDA_MPS_ACTIVE_THREAD_PERCENTAGE']).toBe(percentage)
      shares.close({ keepsFiles: false })
    }
  })

  test('a function with an objective is protected and tells how long its requests take', () => {
    const { shares } = someShares('objective')
    shares.devicesAre([gpu('a')])
    const slo = { latencyMs: 50, percentile: 99, per: 'SLO_PER_REQUEST' as const }
    const served = { ...anInstance('f-1/lab/0'), role: 'inference' as const, inference: { ...noSpec, slo } }
    const run = { attempt: 1, slices: [slice('a')] }
    shares.begin(served, run)
    expect(shares.environmentOf(served, run, undefined)).toMatchObject({ CLOUDLESS_GPU_ROLE: 'protected' })
    expect(shares.uses()).toMatchObject([{ instanceId: 'f-1/lab/0', sloMs: 50, sloPercentile: 99 }])
    const other = { ...served, id: 'f-2/lab/0', inference: noSpec }
    expect(shares.environmentOf(other, run, undefined)).toMatchObject({ CLOUDLESS_GPU_ROLE: 'confined' })
    shares.close({ keepsFiles: false })
  })

  test('an objective per token tells the manager and the placement that the function answers token by token', () => {
    const registered: SharedInstance[] = []
    const manager: GpuSharing = {
      addDevice: () => ({ path: '/dev/shm/a' }),
      register: (instance) => void registered.push(instance),
      removeDevice: () => {},
      besideIs: () => {},
      unregister: () => {},
      uses: () => [],
      close: () => {},
    }
    const shares = new GpuShares({ sharing: manager, library: '/lib/interposer.so', mpsPipeFolder: null })
    shares.devicesAre([gpu('a')])
    const perToken = (per: SloPer__Output): DesiredInstance => ({
      ...anInstance('f-1/lab/0'),
      role: 'inference',
      inference: { ...noSpec, slo: { latencyMs: 42, percentile: 99, per } },
    })
    for (const per of ['SLO_PER_TOKEN', 'SLO_PER_REQUEST', 'SLO_PER_UNSPECIFIED'] as const)
      shares.begin(perToken(per), { attempt: 1, slices: [slice('a')] })
    shares.begin(anInstance(), { attempt: 1, slices: [slice('a')] })
    expect(registered.map(({ isTokenByToken }) => isTokenByToken)).toEqual([true, false, false, false])
    expect(askOf(perToken('SLO_PER_TOKEN'))?.kind).toBe('llm-inference')
    expect(askOf(perToken('SLO_PER_REQUEST'))?.kind).toBe('inference')
  })

  test('the next attempt of an instance takes the place of the one before', () => {
    const { shares } = someShares('next')
    shares.devicesAre([gpu('a')])
    shares.begin(anInstance(), { attempt: 1, slices: [slice('a')] })
    shares.begin(anInstance(), { attempt: 2, slices: [slice('a')] })
    expect(shares.uses().length).toBe(1)
    shares.end('j-1/lab/worker-0', 2)
    expect(shares.uses()).toEqual([])
    shares.close({ keepsFiles: false })
  })

  test('a share that its GPU can not give is refused naming both, and nothing of the run stays registered', () => {
    const { shares } = someShares('full')
    shares.devicesAre([gpu('a'), gpu('b')])
    shares.begin(anInstance(), { attempt: 1, slices: [{ ...slice('b'), share: { ...share, requestMilli: 600 } }] })
    const other = anInstance('j-2/lab/worker-0')
    expect(() => shares.begin(other, { attempt: 1, slices: [slice('a'), slice('b')] })).toThrow(
      /instance j-2\/lab\/worker-0 on device b/,
    )
    expect(shares.uses().length).toBe(1)
    expect(() => shares.begin(other, { attempt: 1, slices: [slice('gone')] })).toThrow(
      /j-2\/lab\/worker-0 needs a share of gone, which has no manager/,
    )
    shares.close({ keepsFiles: false })
  })

  test('whole devices and no shares need nothing', () => {
    const shares = new GpuShares(null)
    const run = { attempt: 1, slices: [{ deviceId: 'a', deviceModel: 'nvidia-t4', units: 1 }] }
    shares.begin(anInstance(), run)
    expect(shares.environmentOf(anInstance(), run, undefined)).toEqual({})
    expect([shares.uses(), shares.usedSeconds('j-1/lab/worker-0', 'a')]).toEqual([[], 0])
    shares.close({ keepsFiles: false })
  })

  test('a GPU whose shared file is not ours is handed out whole, and a share of it is refused with the reason', () => {
    const { shares, path } = someShares('foreign')
    writeFileSync(path('a'), 'something else')
    const devices = new MachineDevices({ devices: [gpu('a'), { ...gpu('b'), model: 'nvidia-a100' }], shares })
    expect(devices.wire()).toMatchObject([
      { id: 'a', sharing: 'DEVICE_SHARING_UNSPECIFIED' },
      { id: 'b', sharing: 'DEVICE_SHARING_INTERPOSER' },
    ])
    const refusal = devices.slices.refusal('j-1/lab/worker-0', 'nvidia-t4', askOf(anInstance()))
    expect(refusal).toMatch(
      /j-1\/lab\/worker-0 asks for 0\.5 of one nvidia-t4, and a is handed out whole: .*cloudless-gpu/,
    )
    shares.close({ keepsFiles: false })
  })

  test('tags are of one run: another attempt or instance has another, and they fit their field', () => {
    const tags = ['x', 'y'].flatMap((id) => [1, 2, 3].map((attempt) => tagOf(id, attempt)))
    expect(new Set(tags).size).toBe(6)
    expect(tags.every((tag) => tag > 0n && tag < 2n ** 64n)).toBe(true)
    expect(tagOf('x', 1)).toBe(tagOf('x', 1))
  })
})

describe('shares that are refused at the border', () => {
  test.each([
    [
      { requestMilli: 0, limitMilli: 1, memoryBytes: 0, smMilli: 0 },
      /request_milli of j-1\/lab\/worker-0 is 0; it must be from 1/,
    ],
    [{ requestMilli: 1_001, limitMilli: 1_001, memoryBytes: 0, smMilli: 0 }, /request_milli of .* is 1001/],
    [
      { requestMilli: 500, limitMilli: 400, memoryBytes: 0, smMilli: 0 },
      /limit_milli of .* is 400; it must be from its request, 500/,
    ],
    [{ requestMilli: 500, limitMilli: 1_100, memoryBytes: 0, smMilli: 0 }, /limit_milli of .* is 1100/],
    [
      { requestMilli: 500, limitMilli: 500, memoryBytes: 0, smMilli: 1_001 },
      /sm_milli of .* is 1001; it must be from 1/,
    ],
    [{ requestMilli: 500, limitMilli: 500, memoryBytes: -1, smMilli: 0 }, /memory_bytes of .* is -1/],
  ])('%j', (gpuShare, message) => {
    const wire = aWorker({ deviceModel: 'nvidia-t4', gpuShare })
    const decoded = decodeDesired(
      { revision: 1, instances: [wire], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] },
      'onprem/lab',
    )
    expect(decoded.refused).toMatchObject([{ reason: expect.stringMatching(message) as unknown }])
  })

  test('a share of a CPU', () => {
    const wire = aWorker({ gpuShare: share })
    const decoded = decodeDesired(
      { revision: 1, instances: [wire], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] },
      'onprem/lab',
    )
    expect(decoded.refused).toMatchObject([
      { reason: 'instance.gpu_share of j-1/lab/worker-0 is of cpu; only GPUs have shares' },
    ])
  })
})
