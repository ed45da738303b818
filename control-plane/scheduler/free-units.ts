// What agents offer now, less what jobs hold: units by region and class key. Built once per decision pass; placing a
// job takes its units out, so that the next job of the same pass sees what is left.
import { classKey, classOf, type DeviceClass } from '#control-plane/model/device-class.ts'
import { instancesByJob } from '#control-plane/model/instance-groups.ts'
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
export function countFreeUnits(snapshot: Snapshot, exceptJobId = '', memory: HeldMemory = new Map()): FreeUnits {
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
  for (const [jobId, instances] of instancesByJob(snapshot)) {
    const { isStarted, units } = heldBy(memory, jobId, instances)
    if (isStarted) started.add(jobId)
    if (jobId !== exceptJobId) for (const held of units) takeUnits(free, held.region, held.key, held.units)
  }
  // A placed job whose instances do not exist yet has its units reserved.
  for (const job of snapshot.jobs) {
    const isReserved = job.state === 'pending' && !started.has(job.id) && job.id !== exceptJobId
    if (isReserved && job.plan?.outcome === 'placed') takePlan(free, job.plan)
  }
  return free
}

/** What each job holds, as of the instances that it was counted on: the same list holds the same. */
export type HeldMemory = Map<string, HeldUnits & { readonly instances: readonly Instance[] }>

type HeldUnits = {
  /** Of a job that is being resumed, instances are of the time before. */
  readonly isStarted: boolean
  readonly units: readonly { readonly region: string; readonly key: string; readonly units: number }[]
}

function heldBy(memory: HeldMemory, jobId: string, instances: readonly Instance[]): HeldUnits {
  const known = memory.get(jobId)
  if (known?.instances === instances) return known
  const units = new Map<string, { region: string; key: string; units: number }>()
  for (const instance of instances) {
    if (!holdsUnits(instance) || instance.units === 0) continue
    const { region } = instance
    const key = classKey(instance)
    const name = `${region} ${key}`
    units.set(name, { region, key, units: (units.get(name)?.units ?? 0) + instance.units })
  }
  const held = { instances, isStarted: instances.some(({ isReleased }) => !isReleased), units: [...units.values()] }
  memory.set(jobId, held)
  return held
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
