// Who holds what of the machine's GPUs: whole ones, and shares of those that can be shared, with the machine as their one node. Which GPU
// a new share is on is for a placement policy to say; who is there stays, whatever policy comes. A whole GPU and shares are never
// on one device. GPUs may go and come back while they are held.
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import type {
  Bounds,
  Demand,
  DemandKind,
  Placement,
  PlacementPolicy,
} from '#physical-plane/gpu-sharing/placement/demand.ts'
import { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { wholeShare } from '#physical-plane/gpu-sharing/placement/exclusive.ts'
import { placement as defaultPolicy } from '#physical-plane/gpu-sharing/placement/placement.ts'
import type { Slice, SliceShare } from '#physical-plane/runtime/runtime.ts'
import { assert, present } from '#runtime/assert.ts'
import type { Device } from './devices.ts'
import { mayGo, roomForComing, type Coming } from './room-for-coming.ts'
import { weightsBytes, type SharedWeights } from './shared-weights.ts'
import { takeEvenly } from './take-evenly.ts'

/** What an instance asks of each of its GPUs. */
export type ShareAsk = {
  readonly share: SliceShare
  readonly kind: DemandKind
  /** Instances of one function, or workers of one job, have it in common. */
  readonly functionId: string
}

/** Somebody who may ask for a GPU of this model, or a share of one. */
export type ComingTo = Coming & { readonly model: string }

type Held = { readonly slices: readonly Slice[]; readonly ask: ShareAsk | null }
/** Devices of one model that are handed out alike. */
type Group = { readonly model: string; readonly isShared: boolean; readonly index: DeviceIndex }

const machine = 'machine'
/** For more of them no way is looked for. */
const comingMax = 64
/** Of every device and under every policy: what its manager grants. */
const heldBounds: Bounds = {
  requestMilliMax: placementConfig.requestMilliMax,
  limitMilliMax: placementConfig.limitMilliMax,
}

export class GpuTable {
  readonly #policy: PlacementPolicy
  #devices: readonly Device[] = []
  #groups: readonly Group[] = []
  readonly #held = new Map<string, Held>()
  #weights: readonly SharedWeights[] = []
  /** Who has none yet and may ask, by model; those who hold something may be among them. */
  #coming: () => readonly ComingTo[] = () => []
  /** Where each of them could go, as it was found last. */
  #room: ReadonlyMap<string, string> = new Map()

  constructor(devices: readonly Device[], policy: PlacementPolicy = defaultPolicy) {
    this.#policy = policy
    this.update(devices)
  }

  get devices(): readonly Device[] {
    return this.#devices
  }

  /** The devices as they are from now on. What is held of one that is gone stays held until it is released. */
  update(devices: readonly Device[]): void {
    const offered = new Set(devices.map(({ id }) => id))
    const heldIds = new Set([...this.#held.values()].flatMap(({ slices }) => slices.map(({ deviceId }) => deviceId)))
    const gone = this.#devices.filter(({ id }) => !offered.has(id) && heldIds.has(id))
    this.#devices = [...devices].sort((a, b) => (a.id < b.id ? -1 : 1))
    this.#groups = groupsOf([...devices, ...gone], this.#policy.bounds)
    for (const [holder, held] of this.#held) this.#holdAll(holder, held)
    for (const { id } of gone) for (const { index } of this.#groups) index.offer(id, false)
    this.#chargeWeights()
  }

  /** Copies of weights beside the shares, as they are from now on. */
  weightsAre(weights: readonly SharedWeights[]): void {
    this.#weights = weights
    this.#chargeWeights()
  }

  /** Whom a choice is to leave room for: asked at each. */
  comingIs(coming: () => readonly ComingTo[]): void {
    this.#coming = coming
  }

  /** Of the device: in nobody's share. */
  besideBytes(deviceId: string): number {
    const { index, at } = this.#locate(deviceId)
    return index.besideBytes(at)
  }

  /** Whole GPUs, those that can not be shared first; null when fewer are free. */
  takeWhole(holder: string, model: string, units: number): readonly Slice[] | null {
    const slices: Slice[] = []
    for (const { index } of this.#groupsOf(model))
      for (const [at, { id, memoryBytes }] of index.devices.entries())
        if (slices.length < units && isWholeFree(index, at) && index.mayHold(at, wholeShare(memoryBytes)))
          slices.push({ deviceId: id, deviceModel: model, units: 1 })
    if (slices.length < units) return null
    this.#hold(holder, { slices, ask: null })
    return slices
  }

  /** One share per unit, of as many GPUs as there are units where it can be; several of one GPU otherwise. */
  takeShares(holder: string, model: string, units: number, ask: ShareAsk): readonly Slice[] | null {
    const index = this.#groups.find((group) => group.model === model && group.isShared)?.index
    if (index === undefined || units > placementConfig.devicesPerInstanceMax) return null
    const demand: Demand = { ...demandOf(holder, ask), devices: units, kind: units > 1 ? 'training' : ask.kind }
    // Where it would be the first of its function its weights come with it.
    this.#chargeWeights(ask.functionId)
    const wanted = this.#policy.place(index, demand)
    const placed = wanted === null || units > 1 ? wanted : this.#leavingRoom(index, model, demand, wanted)
    // What was asked for, where a policy counts more of the device: others are kept away by it, nobody is guaranteed more by it.
    const slices =
      placed === null
        ? takeEvenly(index, model, units, ask.share, this.#policy.admits)
        : placed.map(({ deviceId }) => ({ deviceId, deviceModel: model, units: 1, share: ask.share }))
    if (slices !== null) this.#hold(holder, { slices, ask })
    else this.#chargeWeights()
    return slices
  }

  /** What an adopted run holds already; false when the device is gone, of another model, or taken. */
  claim(holder: string, slices: readonly Slice[], ask: ShareAsk | null): boolean {
    const isFitting = slices.every((slice) => {
      const device = this.#devices.find(({ id }) => id === slice.deviceId)
      if (device === undefined || device.model !== slice.deviceModel || slice.units < 1) return false
      if (slice.share === undefined && slice.units > 1) return false
      const { index, at } = this.#locate(slice.deviceId)
      const share = slice.share ?? wholeShare(device.memoryBytes)
      const isSane = share.requestMilli >= 1 && share.limitMilli >= share.requestMilli && share.memoryBytes >= 0
      return isSane && index.mayHold(at, share)
    })
    const isOnce = new Set(slices.map(({ deviceId }) => deviceId)).size === slices.length
    if (!isFitting || !isOnce || slices.length === 0) return false
    this.#hold(holder, { slices, ask })
    return true
  }

  /** Another share of the same GPUs; null, and nothing changes, where it does not fit beside the others. */
  reshape(holder: string, ask: ShareAsk): readonly Slice[] | null {
    const held = this.#held.get(holder)
    if (held === undefined || held.slices.some(({ share }) => share === undefined)) return null
    this.release(holder)
    const { requestMilli, limitMilli } = ask.share
    const slices = held.slices.map(({ share, ...slice }) => {
      return { ...slice, share: { ...present(share, 'a share'), requestMilli, limitMilli } }
    })
    if (this.claim(holder, slices, ask)) return slices
    this.#hold(holder, held)
    return null
  }

  release(holder: string): boolean {
    for (const { index } of this.#groups) index.release(holder)
    const isHeld = this.#held.delete(holder)
    this.#chargeWeights()
    return isHeld
  }

  /** Who holds something of the device. */
  holdersOf(deviceId: string): readonly string[] {
    return [...this.#held]
      .filter(([, { slices }]) => slices.some((slice) => slice.deviceId === deviceId))
      .map(([holder]) => holder)
  }

  /** Devices of the model of which nothing is held. */
  freeWhole(model: string): number {
    return this.#devices.filter((device) => device.model === model && this.#isFree(device.id)).length
  }

  /** What is left of a device that can be shared; null for one that is handed out whole. */
  left(deviceId: string): SliceShare | null {
    const device = this.#devices.find(({ id }) => id === deviceId)
    if (device === undefined || !isShared(device)) return null
    const { index, at } = this.#locate(deviceId)
    const { requestMilliMax, limitMilliMax } = index.bounds
    return {
      requestMilli: requestMilliMax - index.requestMilli(at),
      limitMilli: Math.max(0, limitMilliMax - index.limitMilli(at)),
      memoryBytes: index.freeMemoryBytes(at),
    }
  }

  /** What the policy wants, unless that leaves one that is to come without a GPU although all could have one. */
  #leavingRoom(index: DeviceIndex, model: string, demand: Demand, wanted: Placement): Placement {
    const { holder, share } = demand
    const coming = this.#comingTo(model, holder).filter((one) => mayGo(index, one))
    if (coming.length === 0) return wanted
    index.hold(demand, wanted)
    const rest = roomForComing(index, coming)
    index.release(holder)
    if (rest !== null) {
      this.#room = rest
      return wanted
    }
    this.#room = roomForComing(index, [...coming, { holder, share }]) ?? this.#room
    const deviceId = this.#room.get(holder)
    const isThere = deviceId !== undefined && index.fits(index.numberOf(deviceId), share)
    return isThere ? [{ deviceId, share }] : wanted
  }

  /** Whole ones as far as there are no GPUs for them that can not be shared. */
  #comingTo(model: string, except: string): readonly Coming[] {
    const coming = this.#coming().filter((one) => {
      return one.model === model && one.holder !== except && !this.#held.has(one.holder)
    })
    const unshared = this.#groups.filter((group) => group.model === model && !group.isShared)
    let others = unshared.reduce((sum, { index }) => sum + index.devices.length - index.activeCount, 0)
    return coming.filter(({ share }) => share !== null || others-- <= 0).slice(0, comingMax)
  }

  #isFree(deviceId: string): boolean {
    const { index, at } = this.#locate(deviceId)
    return isWholeFree(index, at)
  }

  /** With those of a function that may come. */
  #chargeWeights(coming?: string): void {
    const here = new Map<string, string[]>()
    for (const { slices, ask } of this.#weights.length === 0 ? [] : this.#held.values())
      if (ask !== null)
        for (const { deviceId } of slices) here.set(deviceId, [...(here.get(deviceId) ?? []), ask.functionId])
    for (const { index } of this.#groups)
      for (const [at, { id, memoryBytes }] of index.devices.entries()) {
        const functions = [...(here.get(id) ?? []), ...(coming === undefined ? [] : [coming])]
        // A function's own folder may say anything.
        index.setBeside(at, Math.min(memoryBytes, weightsBytes(this.#weights, id, functions)))
      }
  }

  #hold(holder: string, held: Held): void {
    assert(!this.#held.has(holder), `${holder} holds a slice already`)
    this.#held.set(holder, held)
    this.#holdAll(holder, held)
    this.#chargeWeights()
  }

  #holdAll(holder: string, { slices, ask }: Held): void {
    for (const { index } of this.#groups) {
      const placement: Placement = slices.flatMap(({ deviceId, share }) => {
        const at = index.numberOf(deviceId)
        return at < 0 ? [] : [{ deviceId, share: share ?? wholeShare(index.devices[at]!.memoryBytes) }]
      })
      if (placement.length > 0) index.hold(demandOf(holder, ask), placement)
    }
  }

  #groupsOf(model: string): readonly Group[] {
    return this.#groups.filter((group) => group.model === model).sort((a, b) => Number(a.isShared) - Number(b.isShared))
  }

  #locate(deviceId: string): { readonly index: DeviceIndex; readonly at: number } {
    const group = present(
      this.#groups.find(({ index }) => index.numberOf(deviceId) >= 0),
      `device ${deviceId}`,
    )
    return { index: group.index, at: group.index.numberOf(deviceId) }
  }
}

/** Of which nobody has anything, nor left weights that are still going. */
function isWholeFree(index: DeviceIndex, at: number): boolean {
  return !index.isActive(at) && index.besideBytes(at) === 0
}

export function isShared({ sharing }: Device): boolean {
  return sharing === 'interposer' || sharing === 'interposer-mps'
}

function groupsOf(devices: readonly Device[], policyBounds: Bounds): readonly Group[] {
  const bounds = {
    requestMilliMax: Math.min(policyBounds.requestMilliMax, heldBounds.requestMilliMax),
    limitMilliMax: Math.min(policyBounds.limitMilliMax, heldBounds.limitMilliMax),
  }
  const keys = new Map(devices.map((device) => [`${device.model} ${isShared(device)}`, device]))
  return [...keys.values()].map((first) => {
    const alike = devices.filter((device) => device.model === first.model && isShared(device) === isShared(first))
    const indexed = alike.map(({ id, memoryBytes }) => ({ id, memoryBytes, node: machine }))
    return { model: first.model, isShared: isShared(first), index: new DeviceIndex(indexed, bounds, heldBounds) }
  })
}

/**
 * Whole devices are held by their own shares; what is said here of the ask counts for affinity only. An instance is never split: the
 * control plane promised it one device, and a handler that knows nothing of others would use the first only.
 */
function demandOf(holder: string, ask: ShareAsk | null): Demand {
  const share = ask?.share ?? { requestMilli: 1, limitMilli: 1, memoryBytes: 0 }
  return {
    holder,
    functionId: ask?.functionId ?? holder,
    kind: ask?.kind ?? 'training',
    devices: 1,
    share,
    mayBeSplit: false,
  }
}
