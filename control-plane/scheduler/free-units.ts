// What agents offer now, less what jobs hold: units by region and class key. Built once per decision pass; placing a
// job takes its units out, so that the next job of the same pass sees what is left.
import { classKey, classOf, type DeviceClass } from '#control-plane/model/device-class.ts'
import { hasEnded, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import type { Plan } from '#control-plane/model/plan.ts'

export type RegionUnits = {
  readonly isConnected: boolean
  readonly lastHeartbeatAtMs: number
  /** What the keys stand for. */
  readonly classes: ReadonlyMap<string, DeviceClass>
  readonly total: ReadonlyMap<string, number>
  /** Never below 0, even when a region shrank under its jobs. */
  readonly free: Map<string, number>
}

export type FreeUnits = ReadonlyMap<string, RegionUnits>

/** Units of `exceptJobId` count as free: a job does not stand in its own way. */
export function countFreeUnits(snapshot: Snapshot, exceptJobId = ''): FreeUnits {
  const free = new Map<string, RegionUnits>()
  for (const agent of snapshot.agents) {
    const classes = new Map<string, DeviceClass>()
    const total = new Map<string, number>()
    for (const device of agent.devices) {
      // Nothing new is put on what its cloud is about to take away.
      if (device.endsAtMs !== null) continue
      const deviceClass = classOf({ ...device, deviceModel: device.model })
      const key = classKey(deviceClass)
      classes.set(key, deviceClass)
      total.set(key, (total.get(key) ?? 0) + device.units)
    }
    const { isConnected, lastHeartbeatAtMs } = agent
    free.set(agent.region, { isConnected, lastHeartbeatAtMs, classes, total, free: new Map(total) })
  }
  const started = new Set<string>()
  for (const instance of snapshot.instances) {
    // Those of a job that is being resumed are of the time before.
    if (!instance.isReleased) started.add(instance.jobId)
    if (instance.jobId !== exceptJobId && holdsUnits(instance)) {
      takeUnits(free, instance.region, classKey(instance), instance.units)
    }
  }
  // A placed job whose instances do not exist yet has its units reserved.
  for (const job of snapshot.jobs) {
    const isReserved = job.state === 'pending' && !started.has(job.id) && job.id !== exceptJobId
    if (isReserved && job.plan?.outcome === 'placed') takePlan(free, job.plan)
  }
  return free
}

/** The same with what these instances hold counted as free: a job does not stand in its own way. */
export function withFreed(units: FreeUnits, instances: readonly Instance[]): FreeUnits {
  const freed = new Map(units)
  for (const [region, here] of Map.groupBy(instances.filter(holdsUnits), (instance) => instance.region)) {
    const known = units.get(region)
    if (known === undefined) continue
    const free = new Map(known.free)
    for (const instance of here) {
      const key = classKey(instance)
      const total = known.total.get(key)
      if (total !== undefined) free.set(key, Math.min(total, (free.get(key) ?? 0) + instance.units))
    }
    freed.set(region, { ...known, free })
  }
  return freed
}

export function takePlan(free: FreeUnits, plan: Plan): void {
  for (const partition of plan.partitions) {
    for (const allocation of partition.allocations)
      takeUnits(free, partition.place, classKey(allocation), allocation.units)
  }
}

/** A released instance holds its units until its agent has stopped it, unless its agent never saw it. */
function holdsUnits(instance: Instance): boolean {
  return !hasEnded(instance) && !(instance.isReleased && instance.state === 'planned')
}

function takeUnits(free: FreeUnits, region: string, key: string, units: number): void {
  const here = free.get(region)?.free
  if (here === undefined) return
  const before = here.get(key)
  if (before !== undefined) here.set(key, Math.max(0, before - units))
}
