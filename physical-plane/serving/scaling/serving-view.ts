// What a policy sees of a function in an agent: places that it has decided on, each with the instance that fills it once there is one.
// Pure. A decision that is not carried out within a while is let go: whoever should have gone is there, a share is what it is.
import type { Action, LatencyModel, ScaledDevice, ScaledInstance, ScalingView, Second, Shape } from './autoscaler.ts'
import type { Bounds } from './dilu-lazy.ts'
import type { ProfiledLatency } from './predict-latency.ts'
import { smOf } from './rows.ts'

export type ServingInstance = {
  readonly instanceId: string
  readonly attempt: number
  readonly isReady: boolean
  readonly requests: number
  /** Of those; counted since it began. */
  readonly overSlo?: number
  readonly latencyMs: number
  readonly requestsPerSecond: number
  readonly capacityPerSecond: number
  /** It has all that it may have of its device. */
  readonly isVerticalExhausted: boolean
  /** It runs an older spec, and is about to be replaced. */
  readonly isOutdated?: boolean
  readonly deviceId?: string
  readonly deviceModel?: string
  /** Absent: its device is its own. */
  readonly shape?: Shape
}

export type ServingFunction = {
  readonly functionId: string
  readonly bounds: Bounds
  /** Null: any latency will do. */
  readonly sloMs: number | null
  readonly instances: readonly ServingInstance[]
  /** '' is the default. */
  readonly autoscaler?: string
  readonly sloPercentile?: number
  readonly batchMax?: number
  /** What the function's file asks for; absent: whole devices. */
  readonly shape?: Shape
  readonly memoryBytes?: number
  readonly profile?: readonly ProfiledLatency[]
  readonly canReshape?: boolean
  /** Parts of a GPU's multiprocessors are held apart here; otherwise only time changes hands, on as many as the file says. */
  readonly canPartition?: boolean
  /** The gateway's, oldest first; absent or empty: counted from what the instances answer. Times are the gateway's own. */
  readonly history?: readonly Second[]
  /** GPUs here with what is on them; absent: those of the instances, with these alone. */
  readonly devices?: readonly ScaledDevice[]
}

/** One instance that there should be. */
export type Slot = {
  /** Null until there is one. */
  readonly id: string | null
  readonly shape: Shape
  readonly bornAtMs: number
  readonly shapedAtMs: number
  /** It was seen while it was not ready: how long it takes is worth knowing. */
  readonly isStarting: boolean
}

/** Who should go, since when. */
export type Leaving = ReadonlyMap<string, number>

export const wholeShape: Shape = { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 }

const leaveWithinMs = 60_000
const shapeWithinMs = 30_000

/** During a roll-out the old ones answer: a new one is their replacement, and counts from when it is ready. */
export function newestSpecFirst(instances: readonly ServingInstance[]): readonly ServingInstance[] {
  let replacing = instances.filter(({ isOutdated }) => isOutdated === true).length
  return instances.filter(({ isOutdated, isReady }) => {
    if (isOutdated === true || isReady || replacing === 0) return true
    replacing -= 1
    return false
  })
}

export function settle(
  { slots, leaving }: { readonly slots: readonly Slot[]; readonly leaving: Leaving },
  instances: readonly ServingInstance[],
  nowMs: number,
): { readonly slots: readonly Slot[]; readonly leaving: Leaving } {
  const there = new Map(instances.map((one) => [one.instanceId, one]))
  const stillLeaving = new Map([...leaving].filter(([id, since]) => there.has(id) && nowMs - since < leaveWithinMs))
  const kept = slots.map((slot): Slot => {
    const one = slot.id === null ? undefined : there.get(slot.id)
    // Who is gone without having been told to is to be had again.
    if (one === undefined)
      return { ...slot, id: null, isStarting: true, bornAtMs: slot.id === null ? slot.bornAtMs : nowMs }
    const isLetGo = nowMs - slot.shapedAtMs >= shapeWithinMs
    return isLetGo ? { ...slot, shape: one.shape ?? wholeShape } : slot
  })
  const known = new Set([...kept.flatMap(({ id }) => (id === null ? [] : [id])), ...stillLeaving.keys()])
  for (const one of instances) {
    if (known.has(one.instanceId)) continue
    const empty = kept.findIndex(({ id }) => id === null)
    if (empty !== -1) {
      kept[empty] = { ...kept[empty]!, id: one.instanceId, shapedAtMs: nowMs }
      continue
    }
    const shape = one.shape ?? wholeShape
    // Beside the one that it replaces, until that one is told to go, it is no surplus: nobody has asked for one more.
    const replaced = one.isOutdated === true ? -1 : kept.findLastIndex(({ id }) => runsOlder(there, id))
    if (replaced !== -1) stillLeaving.set(kept.splice(replaced, 1)[0]!.id!, nowMs)
    kept.push({ id: one.instanceId, shape, bornAtMs: nowMs, shapedAtMs: nowMs, isStarting: !one.isReady })
  }
  return { slots: kept, leaving: stillLeaving }
}

function runsOlder(there: ReadonlyMap<string, ServingInstance>, id: string | null): boolean {
  return id !== null && there.get(id)?.isOutdated === true
}

/** Those that answer begin no more; with how long the starts took that have just ended, null where none has. */
export function started(
  slots: readonly Slot[],
  instances: readonly ServingInstance[],
  nowMs: number,
): { readonly slots: readonly Slot[]; readonly coldStartMs: number | null } {
  const ready = new Set(instances.flatMap(({ instanceId, isReady }) => (isReady ? [instanceId] : [])))
  const isUp = ({ id, isStarting }: Slot): boolean => isStarting && id !== null && ready.has(id)
  const up = slots.filter(isUp)
  return {
    slots: slots.map((slot) => (isUp(slot) ? { ...slot, isStarting: false } : slot)),
    coldStartMs: up.length === 0 ? null : Math.max(...up.map(({ bornAtMs }) => nowMs - bornAtMs)),
  }
}

export type Around = {
  readonly nowMs: number
  readonly history: readonly Second[]
  readonly latency: LatencyModel
  readonly coldStartMs: number
}

export function viewOf(
  of: ServingFunction,
  instances: readonly ServingInstance[],
  slots: readonly Slot[],
  around: Around,
): ScalingView {
  const there = new Map(instances.map((one) => [one.instanceId, one]))
  const scaled = slots.map(({ id, shape, bornAtMs }, index): ScaledInstance => {
    const one = id === null ? undefined : there.get(id)
    return {
      id: id ?? `new-${index}`,
      deviceId: one?.deviceId ?? '',
      shape,
      isReady: one?.isReady ?? false,
      bornAtMs,
      quotaMilli: one?.isVerticalExhausted === true ? shape.limitMilli : shape.requestMilli,
      measuredPerSecond: one?.capacityPerSecond ?? 0,
    }
  })
  return {
    ...around,
    latency: of.canPartition === true ? around.latency : onOwnSm(around.latency, of.shape ?? wholeShape, scaled),
    instances: scaled,
    devices: of.devices ?? devicesOf(instances),
    slo: of.sloMs === null ? null : { latencyMs: of.sloMs, percentile: of.sloPercentile ?? 99 },
    instancesMin: of.bounds.min,
    instancesMax: of.bounds.max,
    batchMax: of.batchMax ?? 1,
    shape: of.shape ?? wholeShape,
    memoryBytes: of.memoryBytes ?? 0,
    canReshape: of.canReshape ?? false,
  }
}

/** On other multiprocessors than the file's, or than there are instances on, a batch takes for ever: nobody chooses what can not be had. */
function onOwnSm(latency: LatencyModel, shape: Shape, instances: readonly ScaledInstance[]): LatencyModel {
  const had = new Set([smOf(shape), ...instances.map((one) => smOf(one.shape))])
  return (deviceModel, batch, asked) => {
    const known = latency(deviceModel, batch, asked)
    return known === null || had.has(smOf(asked)) ? known : Number.POSITIVE_INFINITY
  }
}

export function slotsAfter(slots: readonly Slot[], actions: readonly Action[], nowMs: number): readonly Slot[] {
  const nameOf = ({ id }: Slot, index: number): string => id ?? `new-${index}`
  const named = slots.map((slot, index) => ({ name: nameOf(slot, index), slot }))
  const gone = new Set(actions.flatMap((action) => (action.kind === 'remove' ? [action.instanceId] : [])))
  const shapes = new Map(
    actions.flatMap((action) => (action.kind === 'resize' ? [[action.instanceId, action.shape] as const] : [])),
  )
  const kept = named
    .filter(({ name }) => !gone.has(name))
    .map(({ name, slot }): Slot => {
      const shape = shapes.get(name)
      return shape === undefined ? slot : { ...slot, shape, shapedAtMs: nowMs }
    })
  const added = actions.flatMap((action): readonly Slot[] =>
    action.kind === 'add'
      ? [{ id: null, shape: action.shape, bornAtMs: nowMs, shapedAtMs: nowMs, isStarting: true }]
      : [],
  )
  return [...kept, ...added]
}

function devicesOf(instances: readonly ServingInstance[]): readonly ScaledDevice[] {
  const named = instances.filter(({ deviceId = '' }) => deviceId !== '')
  return [...Map.groupBy(named, ({ deviceId }) => deviceId!)].map(([id, own]) => ({
    id,
    model: own[0]!.deviceModel ?? '',
    shapes: own.map(({ shape }) => shape ?? wholeShape),
    memoryFreeBytes: 0,
    usdPerHour: 0,
  }))
}
