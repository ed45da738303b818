// What instances make of GPUs, between wire and model. One use that can not be right is passed over: a figure on somebody's
// screen is not worth an agent's connection.
import type { DeviceUse as WireDeviceUse, DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { DeviceUse } from '#control-plane/model/device-use.ts'
import { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { decodeGpuShare, encodeGpuShare } from './gpu-share.ts'

export type Uses = {
  readonly uses: readonly DeviceUse[]
  /** What was passed over: how many, and what was wrong with the first. */
  readonly refused: number
  readonly refusal: string
}

export function decodeUses(wire: readonly DeviceUse__Output[]): Uses {
  const read = wire.slice(0, config.deviceUsesMax)
  const found = read.map((each, i) => decodeUse(`observed.uses[${i}]`, each))
  const refusals = found.flatMap((each) => (typeof each === 'string' ? [each] : []))
  const left = wire.length - read.length
  if (left > 0) refusals.push(`observed.uses has ${wire.length} entries; ${config.deviceUsesMax} are read`)
  return {
    uses: found.filter((each) => typeof each !== 'string'),
    refused: refusals.length - (left > 0 ? 1 : 0) + left,
    refusal: refusals[0] ?? '',
  }
}

/** What is wrong with it where it can not be right. */
function decodeUse(field: string, wire: DeviceUse__Output): DeviceUse | string {
  const checks = new Checks()
  const amount = (name: string, value: number): number => checks.amount(`${field}.${name}`, value)
  const use: DeviceUse = {
    deviceId: checks.name(`${field}.device_id`, wire.deviceId, config.idCharactersMax),
    instanceId: checks.name(`${field}.instance_id`, wire.instanceId, config.idCharactersMax),
    share: wire.share === null ? null : decodeGpuShare(checks, `${field}.share`, wire.share),
    usedMilli: wire.usedMilli,
    quotaMilli: wire.quotaMilli,
    memoryBytes: checks.integer(`${field}.memory_bytes`, wire.memoryBytes, { min: 0 }),
    state: plain(wire.state, config.stateCharactersMax),
    reason: plain(wire.reason, config.reasonCharactersMax),
    bubbleSeconds: amount('bubble_seconds', wire.bubbleSeconds),
    filledSeconds: amount('filled_seconds', wire.filledSeconds),
    latencyMs: amount('latency_ms', wire.latencyMs),
    sloMs: amount('slo_ms', wire.sloMs),
    sloPercentile: checks.amount(`${field}.slo_percentile`, wire.sloPercentile, 100),
    waits: checks.integer(`${field}.waits`, wire.waits, { min: 0 }),
    waitedSeconds: amount('waited_seconds', wire.waitedSeconds),
  }
  const [first] = checks.violations
  return first === undefined ? use : `${first.field} ${first.description}`
}

export function encodeUse({ share, ...use }: DeviceUse): WireDeviceUse {
  return { ...use, share: share === null ? null : encodeGpuShare(share) }
}

function plain(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replaceAll('\0', '')
}
