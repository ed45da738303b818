// Shares in time and space on many GPUs: each is a rectangle, quota of time by multiprocessors, on one of them (FaST-GShare,
// ICPP'23). Of GPUs in use with a hole the one on which the least stays free; else one where moving others makes a hole; else a
// fresh one. Tensors that instances of one model share lie on a GPU once and count once.
import { assert, present } from '#runtime/assert.ts'
import {
  areaOf,
  cut,
  findRoom,
  type FitRule,
  freeBeside,
  overlap,
  type Rectangle,
} from '#proto/rectangles/max-rects.ts'
import { repack } from '#proto/rectangles/repack.ts'
import { SharedMemory, type MemoryAsk } from '#physical-plane/gpu-sharing/placement/shared-memory.ts'
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'

export type SpaceAsk = MemoryAsk & {
  readonly holder: string
  /** Guaranteed share of the time on these multiprocessors, both in thousandths. */
  readonly quotaMilli: number
  readonly smMilli: number
}

export type SpaceDevice = { readonly id: string; readonly memoryBytes: number }

export type SpacePlace = {
  readonly deviceId: string
  readonly own: Rectangle
  /** Others of the GPU that lie elsewhere from now on. */
  readonly moved: ReadonlyMap<string, Rectangle>
}

type State = {
  readonly id: string
  readonly memory: SharedMemory
  readonly taken: Map<string, Rectangle>
  free: readonly Rectangle[]
  freeArea: number
}

const bin = { width: placementConfig.wholeMilli, height: placementConfig.wholeMilli }

export class RectangleIndex {
  readonly rule: FitRule
  readonly #devices: readonly State[]
  readonly #byId: ReadonlyMap<string, State>
  readonly #deviceOf = new Map<string, State>()

  constructor(devices: readonly SpaceDevice[], rule: FitRule = 'best-area') {
    this.rule = rule
    this.#devices = devices
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, memoryBytes }) => ({
        id,
        memory: new SharedMemory(memoryBytes),
        taken: new Map(),
        free: freeBeside(bin, []),
        freeArea: areaOf(bin),
      }))
    this.#byId = new Map(this.#devices.map((state) => [state.id, state]))
    assert(this.#byId.size === devices.length, 'two devices have one id')
  }

  /** Null where no GPU has room, however the others are laid out by the ways that are tried. */
  choose(ask: SpaceAsk): SpacePlace | null {
    assertAsk(ask)
    const piece = { width: ask.quotaMilli, height: ask.smMilli }
    const open = this.#devices.filter((state) => state.freeArea >= areaOf(piece) && state.memory.fits(ask))
    const inUse = open.filter(({ taken }) => taken.size > 0).sort((a, b) => a.freeArea - b.freeArea)
    for (const { id, free } of inUse) {
      const own = findRoom(free, piece, this.rule)
      if (own !== null) return { deviceId: id, own, moved: new Map() }
    }
    for (const { id, taken } of inUse.slice(0, placementConfig.repackDevicesMax)) {
      const repacked = repack(bin, taken, piece, this.rule)
      if (repacked !== null) return { deviceId: id, ...repacked }
    }
    const fresh = open.find(({ taken }) => taken.size === 0)
    if (fresh === undefined) return null
    return { deviceId: fresh.id, own: { x: 0, y: 0, ...piece }, moved: new Map() }
  }

  /** On this GPU, as for an instance that runs there already: beside the others as they lie, or with them moved. */
  chooseOn(deviceId: string, ask: SpaceAsk): SpacePlace | null {
    assertAsk(ask)
    const { free, taken, memory } = present(this.#byId.get(deviceId), `device ${deviceId}`)
    if (!memory.fits(ask)) return null
    const piece = { width: ask.quotaMilli, height: ask.smMilli }
    const own = findRoom(free, piece, this.rule)
    if (own !== null) return { deviceId, own, moved: new Map() }
    const repacked = repack(bin, taken, piece, this.rule)
    return repacked === null ? null : { deviceId, ...repacked }
  }

  hold(ask: SpaceAsk, { deviceId, own, moved }: SpacePlace): void {
    assertAsk(ask)
    const state = present(this.#byId.get(deviceId), `device ${deviceId}`)
    assert(!this.#deviceOf.has(ask.holder), `${ask.holder} has its rectangle already`)
    assert(own.width === ask.quotaMilli && own.height === ask.smMilli, `${ask.holder} is given another size`)
    const taken = new Map(state.taken)
    for (const [holder, place] of moved) {
      assert(taken.has(holder), `${holder} is not on ${deviceId} and can not be moved there`)
      taken.set(holder, place)
    }
    taken.set(ask.holder, own)
    assertApart(deviceId, taken, [ask.holder, ...moved.keys()])
    state.memory.hold(ask.holder, ask)
    for (const [holder, place] of taken) state.taken.set(holder, place)
    state.freeArea -= areaOf(own)
    state.free = moved.size === 0 ? cut(state.free, own) : freeBeside(bin, state.taken.values())
    this.#deviceOf.set(ask.holder, state)
  }

  /** The others stay where they are. */
  release(holder: string): boolean {
    const state = this.#deviceOf.get(holder)
    if (state === undefined) return false
    this.#deviceOf.delete(holder)
    state.memory.release(holder)
    state.freeArea += areaOf(present(state.taken.get(holder), `the rectangle of ${holder}`))
    state.taken.delete(holder)
    state.free = freeBeside(bin, state.taken.values())
    return true
  }

  deviceOf(holder: string): string | null {
    return this.#deviceOf.get(holder)?.id ?? null
  }

  /** Who has which rectangle of the GPU. */
  takenOf(deviceId: string): ReadonlyMap<string, Rectangle> {
    return present(this.#byId.get(deviceId), `device ${deviceId}`).taken
  }

  /** Its maximal free rectangles. */
  freeOf(deviceId: string): readonly Rectangle[] {
    return present(this.#byId.get(deviceId), `device ${deviceId}`).free
  }

  freeMemoryBytes(deviceId: string): number {
    return present(this.#byId.get(deviceId), `device ${deviceId}`).memory.freeBytes
  }

  /** GPUs of which something is held. */
  get activeCount(): number {
    return this.#devices.filter(({ taken }) => taken.size > 0).length
  }
}

function assertAsk({ holder, quotaMilli, smMilli }: SpaceAsk): void {
  for (const milli of [quotaMilli, smMilli])
    assert(
      Number.isInteger(milli) && milli >= 1 && milli <= placementConfig.wholeMilli,
      `${holder} asks for ${quotaMilli} thousandths of the time on ${smMilli} of the multiprocessors`,
    )
}

function assertApart(deviceId: string, taken: ReadonlyMap<string, Rectangle>, changed: readonly string[]): void {
  for (const holder of changed) {
    const own = present(taken.get(holder), holder)
    const isInside = own.x >= 0 && own.y >= 0 && own.x + own.width <= bin.width && own.y + own.height <= bin.height
    assert(isInside, `the rectangle of ${holder} reaches over the edge of ${deviceId}`)
    for (const [other, place] of taken)
      assert(other === holder || !overlap(own, place), `${holder} and ${other} overlap on ${deviceId}`)
  }
}
