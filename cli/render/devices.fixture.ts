// GPUs as a control plane tells of them.
import type { DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { Region__Output } from '#proto/generated/cloudless/v1/Region.ts'
import type { RegionDevice__Output } from '#proto/generated/cloudless/v1/RegionDevice.ts'

const gib = 2 ** 30

export function aUse(use: Partial<DeviceUse__Output> = {}): DeviceUse__Output {
  return {
    deviceId: 'GPU-1',
    instanceId: 'j-4k2/onprem/lab/worker-0',
    share: { requestMilli: 500, limitMilli: 900, memoryBytes: 0, smMilli: 0 },
    usedMilli: 610,
    quotaMilli: 650,
    memoryBytes: 6.5 * gib,
    state: 'CONTENTION',
    reason: 'cycles of f-9 last 1.3 of what they can: quota held',
    bubbleSeconds: 0,
    filledSeconds: 0,
    latencyMs: 0,
    sloMs: 0,
    sloPercentile: 0,
    waits: 1240,
    waitedSeconds: 3.1,
    ...use,
  }
}

export const anInferenceUse = aUse({
  instanceId: 'f-9/onprem/lab/0',
  share: { requestMilli: 300, limitMilli: 600, memoryBytes: 2 * gib, smMilli: 0 },
  usedMilli: 120,
  quotaMilli: 600,
  memoryBytes: gib,
  state: '',
  reason: 'its limit: the others are idle',
  latencyMs: 14.2,
  sloMs: 20,
  sloPercentile: 99,
  waits: 0,
  waitedSeconds: 0,
})

export function aDevice(
  region: string,
  uses: readonly DeviceUse__Output[],
  device: Partial<NonNullable<RegionDevice__Output['device']>> = {},
): RegionDevice__Output {
  return {
    region,
    toldAtMs: 9_000,
    uses: [...uses],
    device: {
      id: 'GPU-1',
      model: 'nvidia-t4',
      units: 1,
      memoryBytes: 15 * gib,
      besideBytes: 0,
      market: 'on-demand',
      zone: '',
      instanceType: '',
      endsAtMs: 0,
      sharing: 'DEVICE_SHARING_INTERPOSER_MPS',
      ...device,
    },
  }
}

export function aRegion(name: string, region: Partial<Region__Output> = {}): Region__Output {
  return {
    name,
    agentState: 'AGENT_STATE_CONNECTED',
    agentId: `agent-of-${name}`,
    agentVersion: '0.1.0',
    lastHeartbeatAtMs: 9_000,
    offers: [],
    ...region,
  }
}
