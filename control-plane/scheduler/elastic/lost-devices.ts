// Units that jobs hold and their region no longer has, or is about to lose. Which regions are concerned is counted once for
// all jobs; only their partitions are looked at one by one.
import { classKey } from '#control-plane/model/device-class.ts'
import type { Partition } from '#control-plane/model/plan.ts'
import { hasEnded, type Agent, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import type { Trigger } from './observe.ts'

/** Agents whose devices are fewer than what runs on them, leaving ones not counted. Of one out of sight nothing is known. */
export function agentsShort({ agents, instances }: Snapshot): ReadonlyMap<string, Agent> {
  const held = new Map<string, Map<string, number>>()
  for (const instance of instances) {
    if (!holds(instance) || instance.gpuShare !== undefined) continue
    const here = held.get(instance.region) ?? new Map<string, number>()
    held.set(instance.region, here)
    const key = classKey(instance)
    here.set(key, (here.get(key) ?? 0) + instance.units)
  }
  const onGpus = Map.groupBy(instances.filter(isOnGpu), ({ region }) => region)
  const short = agents.filter(({ region, isConnected, devices }) => {
    const stays = new Set(devices.filter(({ endsAtMs }) => endsAtMs === null).map(({ id }) => id))
    if (isConnected && onGpus.get(region)?.some(({ deviceId = '' }) => !stays.has(deviceId))) return true
    const here = held.get(region)
    if (!isConnected || here === undefined) return false
    const staying = new Map<string, number>()
    for (const device of devices) {
      if (device.endsAtMs !== null) continue
      const key = classKey({ ...device, deviceModel: device.model })
      staying.set(key, (staying.get(key) ?? 0) + device.units)
    }
    return [...here].some(([key, units]) => units > (staying.get(key) ?? 0))
  })
  return new Map(short.map((agent) => [agent.region, agent]))
}

export function lostDevices(
  short: ReadonlyMap<string, Agent>,
  partition: Partition,
  own: readonly Instance[],
  nowMs: number,
): readonly Trigger[] {
  const agent = short.get(partition.place)
  if (agent === undefined) return []
  const whole = own.filter((instance) => holds(instance) && instance.gpuShare === undefined)
  const ofShares = lostShares(agent, own.filter(isOnGpu), nowMs)
  const ofUnits = [...Map.groupBy(whole, classKey)].flatMap(([key, workers]): Trigger[] => {
    const devices = agent.devices.filter((device) => classKey({ ...device, deviceModel: device.model }) === key)
    const units = devices.reduce((sum, device) => sum + device.units, 0)
    const leaving = devices.filter(({ endsAtMs }) => endsAtMs !== null)
    const staying = units - leaving.reduce((sum, device) => sum + device.units, 0)
    if (units < workers.length) {
      const text = `${partition.place} has ${units} of the ${workers.length} ${key} that the job holds`
      return [{ kind: 'device-lost', text, isForced: true }]
    }
    if (staying >= workers.length || leaving.length === 0) return []
    const inSeconds = Math.max(0, Math.min(...leaving.map(({ endsAtMs }) => endsAtMs ?? nowMs)) - nowMs) / 1000
    const text = `${partition.place} loses ${units - staying} of ${units} ${key} in ${Number(inSeconds.toPrecision(3))} s`
    return [{ kind: 'device-leaving', text, isForced: true }]
  })
  return [...ofShares, ...ofUnits]
}

/** Workers whose GPU is gone, or about to go. */
function lostShares({ region, devices }: Agent, workers: readonly Instance[], nowMs: number): readonly Trigger[] {
  const known = new Map(devices.map((device) => [device.id, device]))
  const byGpu = Map.groupBy(workers, ({ deviceId = '' }) => deviceId)
  const ids = [...byGpu.keys()].sort()
  return ids.flatMap((id): Trigger[] => {
    const device = known.get(id)
    const count = byGpu.get(id)!.length
    const held = `of which the job holds ${count} ${count === 1 ? 'share' : 'shares'}`
    if (device === undefined) {
      const text = `${region} has lost ${id}, ${held}`
      return [{ kind: 'device-lost', text, isForced: true }]
    }
    if (device.endsAtMs === null) return []
    const inSeconds = Math.max(0, device.endsAtMs - nowMs) / 1000
    const text = `${region} loses ${id} in ${Number(inSeconds.toPrecision(3))} s, ${held}`
    return [{ kind: 'device-leaving', text, isForced: true }]
  })
}

/** It has a share, and its agent has told of which GPU. */
function isOnGpu(instance: Instance): boolean {
  return instance.gpuShare !== undefined && instance.deviceId !== undefined && holds(instance)
}

function holds(instance: Instance): boolean {
  return instance.role === 'worker' && !instance.isReleased && !hasEnded(instance)
}
