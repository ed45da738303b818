// Who holds what of every device. Sums lie in flat arrays in the order of nodes, so that a look at all of some thousand
// devices takes microseconds and those of one node lie side by side. More than the bounds allow can not be held: asserted at
// every change, because an oversold device shows as slowness that nobody can explain. Where somebody has only a part of the
// multiprocessors, sums do not suffice: time and multiprocessors of all must go side by side as rectangles.
import { assert, present } from '#runtime/assert.ts'
import {
  assertDemand,
  type Bounds,
  type Demand,
  partOfDeviceMilli,
  type Piece,
  type Placement,
  type Share,
} from './demand.ts'
import type { Size } from '#proto/rectangles/max-rects.ts'
import { SpaceTime } from './space-time.ts'

export type IndexedDevice = { readonly id: string; readonly node: string; readonly memoryBytes: number }

type Held = { readonly demand: Demand; readonly placement: Placement }
export type NodeRange = { readonly from: number; readonly to: number }

export class DeviceIndex {
  /** By node, then by id: the position in it is a device's number everywhere here. */
  readonly devices: readonly IndexedDevice[]
  readonly nodes: readonly NodeRange[]
  /** For those who come. */
  readonly bounds: Bounds
  /** For those who are there, whoever placed them: another policy's bounds may have been wider. */
  readonly #heldBounds: Bounds
  readonly #numbers = new Map<string, number>()
  readonly #requestMilli: Int32Array
  readonly #limitMilli: Int32Array
  readonly #memoryBytes: Float64Array
  readonly #besideBytes: Float64Array
  readonly #holderCount: Int32Array
  readonly #spaceTime = new SpaceTime()
  readonly #isOffered: Uint8Array
  readonly #nodeOf: Int32Array
  readonly #held = new Map<string, Held>()
  readonly #ofFunction = new Map<string, Set<string>>()
  /** Holders that train, by device. */
  readonly #training = new Map<number, Set<string>>()
  #activeCount = 0

  constructor(devices: readonly IndexedDevice[], bounds: Bounds, heldBounds = bounds) {
    this.devices = devices.toSorted((a, b) => compare(a.node, b.node) || compare(a.id, b.id))
    this.devices.forEach(({ id }, number) => this.#numbers.set(id, number))
    assert(this.#numbers.size === devices.length, 'two devices have one id')
    this.bounds = bounds
    this.#heldBounds = heldBounds
    const size = devices.length
    this.#requestMilli = new Int32Array(size)
    this.#limitMilli = new Int32Array(size)
    this.#memoryBytes = new Float64Array(size)
    this.#besideBytes = new Float64Array(size)
    this.#holderCount = new Int32Array(size)
    this.#isOffered = new Uint8Array(size).fill(1)
    this.#nodeOf = new Int32Array(size)
    this.nodes = rangesOf(this.devices)
    this.nodes.forEach(({ from, to }, node) => this.#nodeOf.fill(node, from, to))
  }

  /** Devices of which something is held. */
  get activeCount(): number {
    return this.#activeCount
  }

  /** -1: no such device. */
  numberOf(deviceId: string): number {
    return this.#numbers.get(deviceId) ?? -1
  }

  nodeOf(device: number): NodeRange {
    return this.nodes[this.#nodeOf[device]!]!
  }

  isActive(device: number): boolean {
    return this.#holderCount[device]! > 0
  }

  /** Of the whole device, as all sums here: of a part of the multiprocessors its time on them. */
  requestMilli(device: number): number {
    return this.#requestMilli[device]!
  }
  limitMilli(device: number): number {
    return this.#limitMilli[device]!
  }
  memoryBytes(device: number): number {
    return this.#memoryBytes[device]!
  }
  /** Never below 0, though what is there beside shares may be more than they leave. */
  freeMemoryBytes(device: number): number {
    const { memoryBytes } = this.devices[device]!
    return Math.max(0, memoryBytes - this.#memoryBytes[device]! - this.#besideBytes[device]!)
  }

  /** Memory that is in nobody's share: those who come find less, those who are there keep theirs. */
  setBeside(device: number, bytes: number): void {
    this.#besideBytes[device] = bytes
  }
  besideBytes(device: number): number {
    return this.#besideBytes[device]!
  }

  fits(device: number, share: Share): boolean {
    if (!this.#isWithin(this.bounds, device, share)) return false
    // Asked for nothing: it may have as little as there is.
    if (share.memoryBytes > 0 && share.memoryBytes > this.freeMemoryBytes(device)) return false
    return this.#spaceTime.fits(device, share)
  }

  /** By the sums alone: for who held it before, beside others who did. */
  mayHold(device: number, share: Share): boolean {
    return this.#isWithin(this.#heldBounds, device, share)
  }

  /** Sizes in time and multiprocessors of all that is held of the device. */
  sizesOn(device: number): readonly Size[] {
    return this.#spaceTime.sizesOn(device)
  }

  /** Somebody has only a part of some device's multiprocessors. */
  get hasParts(): boolean {
    return this.#spaceTime.hasParts
  }

  /** Everybody who holds something, in the order in which they came. */
  *demands(): Iterable<Demand> {
    for (const { demand } of this.#held.values()) yield demand
  }

  /** A device that is not offered gives nothing more; who holds some of it keeps that until it is released. */
  offer(deviceId: string, isOffered: boolean): void {
    const device = this.#numbers.get(deviceId)
    if (device !== undefined) this.#isOffered[device] = isOffered ? 1 : 0
  }

  hold(demand: Demand, placement: Placement): void {
    assertDemand(demand)
    assert(!this.#held.has(demand.holder), `${demand.holder} holds devices already`)
    assert(placement.length > 0, `${demand.holder} is given nothing`)
    for (const piece of placement) this.#add(piece, demand)
    this.#held.set(demand.holder, { demand, placement })
    const peers = this.#ofFunction.get(demand.functionId) ?? new Set()
    this.#ofFunction.set(demand.functionId, peers.add(demand.holder))
  }

  release(holder: string): boolean {
    const held = this.#held.get(holder)
    if (held === undefined) return false
    this.#held.delete(holder)
    const { functionId } = held.demand
    const peers = this.#ofFunction.get(functionId)
    peers?.delete(holder)
    if (peers?.size === 0) this.#ofFunction.delete(functionId)
    for (const piece of held.placement) this.#remove(piece, holder)
    return true
  }

  placementOf(holder: string): Placement | null {
    return this.#held.get(holder)?.placement ?? null
  }

  /** Devices that hold an instance of the function. */
  devicesOfFunction(functionId: string): ReadonlySet<number> {
    const holders = [...(this.#ofFunction.get(functionId) ?? [])]
    return new Set(holders.flatMap((holder) => this.devicesOf(holder)))
  }

  /** Holders that train on the device. */
  trainingOn(device: number): readonly string[] {
    return [...(this.#training.get(device) ?? [])]
  }

  devicesOf(holder: string): readonly number[] {
    return (this.#held.get(holder)?.placement ?? []).map(({ deviceId }) => this.#known(deviceId))
  }

  #add({ deviceId, share }: Piece, { holder, kind }: Demand): void {
    const device = this.#known(deviceId)
    // Rectangles are not asserted: who held them together may hold them again, in whatever order, and the search for a packing
    // that is not there before may miss it.
    assert(this.mayHold(device, share), `device ${deviceId} is oversold by ${holder}`)
    this.#requestMilli[device]! += partOfDeviceMilli(share.requestMilli, share)
    this.#limitMilli[device]! += partOfDeviceMilli(share.limitMilli, share)
    this.#spaceTime.add(device, share)
    this.#memoryBytes[device]! += share.memoryBytes
    this.#holderCount[device]! += 1
    if (this.#holderCount[device] === 1) this.#activeCount += 1
    if (kind !== 'training') return
    this.#training.set(device, (this.#training.get(device) ?? new Set()).add(holder))
  }

  #remove({ deviceId, share }: Piece, holder: string): void {
    const device = this.#known(deviceId)
    this.#requestMilli[device]! -= partOfDeviceMilli(share.requestMilli, share)
    this.#limitMilli[device]! -= partOfDeviceMilli(share.limitMilli, share)
    this.#spaceTime.remove(device, share)
    this.#memoryBytes[device]! -= share.memoryBytes
    this.#holderCount[device]! -= 1
    if (this.#holderCount[device] === 0) this.#activeCount -= 1
    const isEmpty = this.#holderCount[device] === 0
    assert(this.#requestMilli[device]! >= 0, `device ${deviceId} is given back more than it gave`)
    assert(!isEmpty || this.#limitMilli[device] === 0, `device ${deviceId} is empty and holds a limit`)
    const training = this.#training.get(device)
    training?.delete(holder)
    if (training?.size === 0) this.#training.delete(device)
  }

  #isWithin({ requestMilliMax, limitMilliMax }: Bounds, device: number, share: Share): boolean {
    const { requestMilli, limitMilli, memoryBytes } = share
    return (
      this.#isOffered[device] === 1 &&
      this.#requestMilli[device]! + partOfDeviceMilli(requestMilli, share) <= requestMilliMax &&
      this.#limitMilli[device]! + partOfDeviceMilli(limitMilli, share) <= limitMilliMax &&
      this.#memoryBytes[device]! + memoryBytes <= this.devices[device]!.memoryBytes
    )
  }

  #known(deviceId: string): number {
    return present(this.#numbers.get(deviceId), `device ${deviceId}`)
  }
}

function rangesOf(devices: readonly IndexedDevice[]): readonly NodeRange[] {
  const ranges: NodeRange[] = []
  let from = 0
  for (let to = 1; to <= devices.length; to += 1) {
    if (to < devices.length && devices[to]!.node === devices[from]!.node) continue
    ranges.push({ from, to })
    from = to
  }
  return ranges
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
