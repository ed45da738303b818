// What is told of an instance's use, from what the policies remember of it. Pure.
import { isSpatial } from './area.ts'
import type { InstanceMemory } from './device-state.ts'
import type { LatencySample, SharedInstance } from './gpu-sharing.ts'
import { usedMilli, usedSeconds, type InstanceUse } from './use.ts'

/** `memory` is undefined until the first tick after its registration. */
export function tellUse(
  instance: SharedInstance,
  memory: InstanceMemory | undefined,
  latency: LatencySample | null,
  nowNs: number,
  windowMs: number,
): InstanceUse {
  const { share, objective } = instance
  const account = memory?.account
  // Where nobody measures, its own cycles say how long answers take at least.
  const ratio = memory?.verdict.ratio ?? null
  const latencyMs = latency?.latencyMs ?? (ratio === null ? 0 : ratio * (objective?.latencyMs ?? 0))
  const exhaustedSinceNs = memory?.exhaustedSinceNs ?? 0
  return {
    deviceId: instance.deviceId,
    instanceId: instance.instanceId,
    tag: instance.tag,
    requestMilli: share.requestMilli,
    limitMilli: share.limitMilli,
    ...(isSpatial(share) ? { smMilli: share.smMilli! } : {}),
    usedMilli: account === undefined ? 0 : usedMilli(account, nowNs, windowMs),
    usedSeconds: account === undefined ? 0 : usedSeconds(account, nowNs),
    quotaMilli: memory?.quotaMilli ?? share.requestMilli,
    memoryBytes: memory?.memoryBytes ?? 0,
    memoryLimitBytes: share.memoryBytes,
    processes: memory?.processes ?? 0,
    state: memory?.state ?? '',
    reason: memory?.reason ?? 'no tick since it was registered',
    bubbleSeconds: (account?.bubbleNs ?? 0) / 1e9,
    filledSeconds: (account?.filledNs ?? 0) / 1e9,
    waits: account?.waits ?? 0,
    waitedSeconds: (account?.waitedNs ?? 0) / 1e9,
    latencyMs,
    sloMs: objective?.latencyMs ?? 0,
    sloPercentile: objective?.percentile ?? 0,
    exhaustedSeconds: exhaustedSinceNs === 0 ? 0 : Math.max(0, nowNs - exhaustedSinceNs) / 1e9,
  }
}
