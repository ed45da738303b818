// GPUs of one class that take shares, and what is held of them: how many more shares of a size fit, and how many GPUs are free
// whole. On one GPU requests (times the part of the multiprocessors that each is on) add up to at most a whole one, limits to at most one and a half, memory to what there is (Dilu's
// omega and gamma, arXiv 2503.05130), and as soon as one is on a part of the multiprocessors all must lie side by side, multiprocessors
// by time, as agents lay them; a GPU is shared or whole, never both.
// Agents choose the GPU, and tell. What they have not told yet is taken to be where it leaves the least: shares apart from each
// other, whole ones on GPUs that take shares. What is promised always fits beside all that is held in at least one way.
import { limitArea, requestArea, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { AnyOrder } from '#proto/rectangles/any-order.ts'
import {
  emptyGpu,
  fitsIn,
  largestRequest,
  partsOf,
  put,
  requestMilliMax,
  sideBySide,
  type LeftOfGpu,
} from './left-of-gpu.ts'

export type SharedDevice = { readonly id: string; readonly memoryBytes: number }

export type Holding = {
  /** Null: a whole GPU. */
  readonly share: GpuShare | null
  /** '' where its agent has not told. */
  readonly deviceId: string
}

type Packed = {
  readonly left: readonly LeftOfGpu[]
  /** GPUs of the class that take no shares, and that nobody has. */
  others: number
}

export class SharedUnits {
  readonly #devices: readonly SharedDevice[]
  /** Of the class, in all; those that take no shares among them. */
  readonly #total: number
  readonly #held: Holding[]
  /** Made of all that is held when it is first asked for; what is taken later goes where it fits. */
  #packed: Packed | null = null
  readonly #anyOrder: AnyOrder

  constructor(
    devices: readonly SharedDevice[],
    total: number,
    held: readonly Holding[] = [],
    anyOrder: AnyOrder = sideBySide(),
  ) {
    this.#devices = devices
    this.#total = total
    this.#held = [...held]
    this.#anyOrder = anyOrder
  }

  /** GPUs that nobody has anything of. */
  get wholeFree(): number {
    const { left, others } = this.#pack()
    return Math.max(0, others) + left.filter(({ isEmpty }) => isEmpty).length
  }

  /** What nobody has a request on, in GPUs. */
  get room(): number {
    const { left, others } = this.#pack()
    return Math.max(0, others) + left.reduce((sum, { requestMilli }) => sum + requestMilli, 0) / requestMilliMax
  }

  /** Of the largest GPU. */
  get memoryBytesMax(): number {
    return Math.max(...this.#devices.map(({ memoryBytes }) => memoryBytes))
  }

  /** What can still be guaranteed on each GPU that takes shares, in thousandths of it. */
  get requestsLeft(): readonly number[] {
    return this.#pack().left.map(({ requestMilli, limitMilli }) => Math.min(requestMilli, limitMilli))
  }

  /** Of one share on all multiprocessors, the most that any GPU can still guarantee. */
  get largestRequestMilli(): number {
    return Math.max(0, ...this.#pack().left.map((left) => largestRequest(left, this.#anyOrder)))
  }

  /** Shares of this size that fit beside what is held. */
  free(share: GpuShare): number {
    return this.#pack().left.reduce((sum, left) => sum + this.#fitsIn(left, share), 0)
  }

  /** Shares of this size that fit where nothing is held. */
  total(share: GpuShare): number {
    return this.#devices.reduce((sum, device) => sum + this.#fitsIn(emptyGpu(device), share), 0)
  }

  take(holdings: readonly Holding[]): void {
    this.#held.push(...holdings)
    if (this.#packed === null) return
    for (const { share } of holdings) {
      if (share === null) putWhole(this.#packed)
      else if (!spread(this.#packed.left, share, this.#anyOrder)) fill(this.#packed.left)
    }
  }

  /** The same without these. */
  without(holdings: readonly Holding[]): SharedUnits {
    const gone = Map.groupBy(holdings, nameOf)
    const counts = new Map([...gone].map(([name, same]) => [name, same.length]))
    const held = this.#held.filter((holding) => {
      const name = nameOf(holding)
      const count = counts.get(name) ?? 0
      counts.set(name, count - 1)
      return count <= 0
    })
    return new SharedUnits(this.#devices, this.#total, held, this.#anyOrder)
  }

  /** The same with this share changed to another one of the same GPU; null where that does not fit beside the others there. */
  resized({ share: before, deviceId }: Holding, share: GpuShare): SharedUnits | null {
    const rest = this.without([{ share: before, deviceId }])
    const { left } = rest.#pack()
    const isFitting =
      deviceId === ''
        ? rest.free(share) > 0
        : left.some((each) => each.id === deviceId && rest.#fitsIn(each, share) > 0)
    if (!isFitting) return null
    return new SharedUnits(this.#devices, this.#total, [...rest.#held, { share, deviceId }], this.#anyOrder)
  }

  /** Equal where any share finds as much room. */
  signature(): string {
    const rooms = this.#pack().left.map(
      ({ requestMilli, limitMilli, memoryBytes, taken }) =>
        `${requestMilli}/${limitMilli}/${memoryBytes}${partsOf(taken)}`,
    )
    return [...new Set(rooms)].sort().join('+')
  }

  #pack(): Packed {
    this.#packed ??= pack(this.#devices, this.#total, this.#held, this.#anyOrder)
    return this.#packed
  }

  #fitsIn(left: LeftOfGpu, share: GpuShare): number {
    return fitsIn(left, share, this.#anyOrder)
  }
}

function pack(devices: readonly SharedDevice[], total: number, held: readonly Holding[], anyOrder: AnyOrder): Packed {
  const { told, untold } = Object.groupBy(held, ({ deviceId }) => (deviceId === '' ? 'untold' : 'told'))
  const packed: Packed = { left: devices.map(emptyGpu), others: total - devices.length }
  const byId = new Map(packed.left.map((left) => [left.id, left]))
  const shares: GpuShare[] = []
  const elsewhere = new Set<string>()
  for (const { share, deviceId } of told ?? []) {
    const left = byId.get(deviceId)
    if (left === undefined) elsewhere.add(deviceId)
    else put(left, share)
  }
  // They are of the class and take no shares, or are leaving, or gone.
  packed.others = Math.max(0, packed.others - elsewhere.size)
  for (const { share } of untold ?? []) if (share !== null) shares.push(share)
  shares.sort(bySize)
  const wholes = (untold ?? []).filter(({ share }) => share === null).length
  const empties = packed.left.filter(({ isEmpty }) => isEmpty)
  // Whole ones stand where shares could be, unless the shares that are held need those GPUs.
  for (let here = Math.min(wholes, empties.length); here >= Math.max(0, wholes - packed.others); here--) {
    const rest = packed.left.filter((left) => !empties.slice(0, here).includes(left))
    if (!placeAll(rest, shares, spread, anyOrder) && !placeAll(rest, shares, squeeze, anyOrder)) continue
    fill(empties.slice(0, here))
    return { ...packed, others: packed.others - (wholes - here) }
  }
  fill(packed.left)
  return { ...packed, others: 0 }
}

/** All of them, or none. */
function placeAll(
  left: readonly LeftOfGpu[],
  shares: readonly GpuShare[],
  place: typeof spread,
  anyOrder: AnyOrder,
): boolean {
  const before = left.map((each) => ({ ...each }))
  if (shares.every((share) => place(left, share, anyOrder))) return true
  for (const [i, each] of left.entries()) Object.assign(each, before[i])
  return false
}

/** Where most is left. False where it fits nowhere. */
function spread(left: readonly LeftOfGpu[], share: GpuShare, anyOrder: AnyOrder): boolean {
  return putBest(left, share, anyOrder, (a, b) => compareRoom(a, b) > 0)
}

/** Where least is left. */
function squeeze(left: readonly LeftOfGpu[], share: GpuShare, anyOrder: AnyOrder): boolean {
  return putBest(left, share, anyOrder, (a, b) => compareRoom(a, b) < 0)
}

function putBest(
  left: readonly LeftOfGpu[],
  share: GpuShare,
  anyOrder: AnyOrder,
  isBetter: (a: LeftOfGpu, b: LeftOfGpu) => boolean,
): boolean {
  let best: LeftOfGpu | null = null
  for (const each of left) {
    if ((best === null || isBetter(each, best)) && fitsIn(each, share, anyOrder, 1) > 0) best = each
  }
  if (best !== null) put(best, share)
  return best !== null
}

/** Ties go to the first. */
function compareRoom(a: LeftOfGpu, b: LeftOfGpu): number {
  return a.requestMilli - b.requestMilli || a.limitMilli - b.limitMilli || a.memoryBytes - b.memoryBytes
}

/** Where more is held than is known to fit, nothing is promised until its agent has told where it all is. */
function fill(left: readonly LeftOfGpu[]): void {
  for (const each of left) put(each, null)
}

function putWhole(packed: Packed): void {
  const free = packed.left.find(({ isEmpty }) => isEmpty)
  if (free === undefined) packed.others -= 1
  else put(free, null)
}

/** The largest first, since they fit in the fewest places. */
function bySize(a: GpuShare, b: GpuShare): number {
  return requestArea(b) - requestArea(a) || limitArea(b) - limitArea(a) || b.memoryBytes - a.memoryBytes
}

function nameOf({ share, deviceId }: Holding): string {
  if (share === null) return `whole ${deviceId}`
  return `${share.requestMilli}/${share.limitMilli}/${share.memoryBytes}/${share.smMilli ?? 1000} ${deviceId}`
}
