// What agents offer now, less what jobs hold: units by region and class key. Built once per decision pass; placing a
// job takes its units out, so that the next job of the same pass sees what is left. A job that asks for a share of a GPU counts
// in shares of that size: `unitsFor` gives its view.
import { classKey, classOf, type DeviceClass } from '#control-plane/model/device-class.ts'
import { shareOn, unitName, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { instancesByJob } from '#control-plane/model/instance-groups.ts'
import { hasEnded, type Agent, type Device, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { AnyOrder } from '#proto/rectangles/any-order.ts'
import { sideBySide } from './left-of-gpu.ts'
import { SharedUnits, type Holding, type SharedDevice } from './shared-units.ts'

export type RegionUnits = {
  readonly isConnected: boolean
  readonly lastHeartbeatAtMs: number
  /** What the keys stand for. */
  readonly classes: ReadonlyMap<string, DeviceClass>
  readonly total: ReadonlyMap<string, number>
  /** Never below 0, even when a region shrank under its jobs. */
  readonly free: Map<string, number>
  /** Of classes with GPUs that take shares; null where units are counted as one job counts them. */
  readonly shared: Map<string, SharedUnits> | null
}

export type FreeUnits = ReadonlyMap<string, RegionUnits>

/** Units of `exceptJobId` count as free: a job does not stand in its own way. */
export function countFreeUnits(snapshot: Snapshot, exceptJobId = '', memory: UnitsMemory = unitsMemory()): FreeUnits {
  const { anyOrder } = memory
  const free = new Map(snapshot.agents.map((agent) => [agent.region, everyUnitOf(agent, anyOrder)]))
  const started = new Set<string>()
  for (const [jobId, instances] of instancesByJob(snapshot)) {
    const { isStarted, units } = heldBy(memory.held, jobId, instances)
    if (isStarted) started.add(jobId)
    if (jobId !== exceptJobId) for (const held of units) takeUnits(free.get(held.region), held)
  }
  // A placed job whose instances do not exist yet has its units reserved.
  for (const job of snapshot.jobs) {
    const isReserved = job.state === 'pending' && !started.has(job.id) && job.id !== exceptJobId
    if (isReserved && job.plan?.outcome === 'placed') takeFor(free, job.plan)
  }
  for (const here of free.values()) countWhole(here)
  return free
}

function everyUnitOf({ devices, isConnected, lastHeartbeatAtMs }: Agent, anyOrder: AnyOrder): RegionUnits {
  const classes = new Map<string, DeviceClass>()
  const total = new Map<string, number>()
  const sharing = new Map<string, SharedDevice[]>()
  for (const device of devices) {
    // Nothing new is put on what its cloud is about to take away.
    if (device.endsAtMs !== null) continue
    const deviceClass = classOf({ ...device, deviceModel: device.model })
    const key = classKey(deviceClass)
    classes.set(key, deviceClass)
    total.set(key, (total.get(key) ?? 0) + device.units)
    if (takesShares(device)) sharing.set(key, [...(sharing.get(key) ?? []), forShares(device)])
  }
  const shared = new Map([...sharing].map(([key, own]) => [key, new SharedUnits(own, total.get(key)!, [], anyOrder)]))
  return { isConnected, lastHeartbeatAtMs, classes, total, free: new Map(total), shared }
}

/** What lies beside the shares of a GPU is no room for them. */
function forShares({ id, memoryBytes, besideBytes = 0 }: Device): SharedDevice {
  return { id, memoryBytes: Math.max(0, memoryBytes - besideBytes) }
}

/** A pool of several units is no GPU. */
function takesShares({ units, sharing }: Device): boolean {
  return units === 1 && sharing !== undefined
}

/** The units as a job counts them that asks for `share`: shares of that size of GPUs, and all else as it is. */
export function unitsFor(units: FreeUnits, share: GpuShare | undefined): FreeUnits {
  if (share === undefined) return units
  return new Map(
    [...units].map(([region, here]): [string, RegionUnits] => {
      const { shared, classes } = here
      if (shared === null) return [region, here]
      const count = (whole: ReadonlyMap<string, number>, of: (found: SharedUnits) => number): Map<string, number> => {
        const counts = [...classes].map(([key, { deviceModel }]): [string, number] => {
          const found = shared.get(key)
          if (shareOn(deviceModel, share) === null) return [key, whole.get(key) ?? 0]
          return [key, found === undefined ? 0 : of(found)]
        })
        return new Map(counts)
      }
      const total = count(here.total, (found) => found.total(share))
      return [region, { ...here, total, free: count(here.free, (found) => found.free(share)), shared: null }]
    }),
  )
}

/** From one pass to the next. */
export type UnitsMemory = {
  readonly held: HeldMemory
  /** Which parts of GPUs fit side by side. */
  readonly anyOrder: AnyOrder
}

export function unitsMemory(): UnitsMemory {
  return { held: new Map(), anyOrder: sideBySide() }
}

/** What each job holds, as of the instances that it was counted on: the same list holds the same. */
type HeldMemory = Map<string, HeldUnits & { readonly instances: readonly Instance[] }>

type HeldUnits = {
  /** Of a job that is being resumed, instances are of the time before. */
  readonly isStarted: boolean
  readonly units: readonly Held[]
}

type Held = Holding & { readonly region: string; readonly key: string; readonly units: number }

function heldBy(memory: HeldMemory, jobId: string, instances: readonly Instance[]): HeldUnits {
  const known = memory.get(jobId)
  if (known?.instances === instances) return known
  const units = new Map<string, Held>()
  for (const instance of instances) {
    if (!holdsUnits(instance) || instance.units === 0) continue
    const held = holdingOf(instance)
    const name = `${held.region} ${held.key} ${unitName('', held.share)} ${held.deviceId}`
    units.set(name, { ...held, units: (units.get(name)?.units ?? 0) + held.units })
  }
  const held = { instances, isStarted: instances.some(({ isReleased }) => !isReleased), units: [...units.values()] }
  memory.set(jobId, held)
  return held
}

function holdingOf(instance: Instance): Held {
  const { region, units, gpuShare = null, deviceId = '' } = instance
  return { region, key: classKey(instance), units, share: gpuShare, deviceId }
}

/** The same with what these instances hold counted as free: a job does not stand in its own way. */
export function withFreed(units: FreeUnits, instances: readonly Instance[]): FreeUnits {
  const freed = new Map(units)
  for (const [region, here] of Map.groupBy(instances.filter(holdsUnits), (instance) => instance.region)) {
    const known = units.get(region)
    if (known === undefined) continue
    const free = new Map(known.free)
    const shared = known.shared === null ? null : new Map(known.shared)
    for (const [key, own] of Map.groupBy(here.map(holdingOf), (held) => held.key)) {
      const total = known.total.get(key)
      const left = shared?.get(key)?.without(own.flatMap(each))
      if (left !== undefined) shared!.set(key, left)
      const count = own.reduce((sum, held) => sum + held.units, 0)
      if (total !== undefined) free.set(key, left?.wholeFree ?? Math.min(total, (free.get(key) ?? 0) + count))
    }
    freed.set(region, { ...known, free, shared })
  }
  return freed
}

export function takePlan(free: FreeUnits, plan: Plan): void {
  takeFor(free, plan)
  for (const { place } of plan.partitions) countWhole(free.get(place))
}

/** One unit, or one share of a GPU. */
export function takeUnit(here: RegionUnits, region: string, key: string, share: GpuShare | null): void {
  takeUnits(here, { region, key, units: 1, share, deviceId: '' })
  countWhole(here)
}

/** The instance has that share of its GPU from now on; false, and nothing changes, where it does not fit there. */
export function resizeShare(here: RegionUnits, instance: Instance, share: GpuShare): boolean {
  const held = holdingOf(instance)
  const shared = here.shared?.get(held.key)
  if (held.share === null || shared === undefined) return false
  const resized = shared.resized(held, share)
  if (resized === null) return false
  here.shared!.set(held.key, resized)
  countWhole(here)
  return true
}

function takeFor(free: FreeUnits, plan: Plan): void {
  for (const partition of plan.partitions) {
    for (const allocation of partition.allocations) {
      const { units, gpuShare: share = null } = allocation
      const key = classKey(allocation)
      takeUnits(free.get(partition.place), { region: partition.place, key, units, share, deviceId: '' })
    }
  }
}

/** A released instance holds its units until its agent has stopped it, unless its agent never saw it. */
function holdsUnits(instance: Instance): boolean {
  return !hasEnded(instance) && !(instance.isReleased && instance.state === 'planned')
}

function takeUnits(here: RegionUnits | undefined, held: Held): void {
  const before = here?.free.get(held.key)
  if (here === undefined || before === undefined) return
  const shared = here.shared?.get(held.key)
  if (shared === undefined) here.free.set(held.key, Math.max(0, before - held.units))
  else shared.take(each(held))
}

/** Once all is taken: what is whole hangs on where shares are. */
function countWhole(here: RegionUnits | undefined): void {
  for (const [key, shared] of here?.shared ?? []) here?.free.set(key, shared.wholeFree)
}

function each({ share, deviceId, units }: Held): readonly Holding[] {
  return Array.from({ length: units }, () => ({ share, deviceId }))
}
