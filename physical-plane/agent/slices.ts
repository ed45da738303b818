// Who holds which units of which device: threads of CPU pools here, GPUs and shares of them in gpu-table.ts. A unit is never
// handed out twice: asserted at every change, because an oversold device shows as slowness that nobody can explain.
import type { PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { assert } from '#runtime/assert.ts'
import type { Slice } from '#physical-plane/runtime/runtime.ts'
import type { Device } from './devices.ts'
import { isGpu } from './devices.ts'
import { GpuTable, type ComingTo, type ShareAsk } from './gpu-table.ts'
import type { SharedWeights } from './shared-weights.ts'
import { describeFreeShares, refuseShare } from './share-words.ts'

export class SliceTable {
  #pools: readonly Device[] = []
  readonly #gpus: GpuTable
  readonly #held = new Map<string, readonly Slice[]>()
  /** Models that were here once: an instance that wants one waits for it to come back. */
  readonly #seen = new Map<string, number>()
  #waiting: (() => void)[] = []

  /** `policy` chooses the GPU of a share; our default without it. */
  constructor(devices: readonly Device[], policy?: PlacementPolicy) {
    this.#gpus = new GpuTable([], policy)
    this.update(devices)
  }

  /** The devices as they are from now on. */
  update(devices: readonly Device[]): void {
    assert(new Set(devices.map(({ id }) => id)).size === devices.length, 'two devices have one id')
    this.#pools = devices.filter((device) => !isGpu(device)).sort((a, b) => (a.id < b.id ? -1 : 1))
    this.#gpus.update(devices.filter(isGpu))
    for (const { model, memoryBytes } of devices)
      this.#seen.set(model, Math.max(memoryBytes, this.#seen.get(model) ?? 0))
    this.#wake()
  }

  /**
   * Units of one model, or null when fewer are free. Of CPU pools the tightest that holds them all is taken, the lower id
   * first; only what no single pool can hold is spread. With `ask` a unit is a share of a GPU.
   */
  take(holder: string, model: string, units: number, ask: ShareAsk | null = null): readonly Slice[] | null {
    assert(!this.#held.has(holder), `${holder} holds a slice already`)
    const slices = this.#take(holder, model, units, ask)
    if (slices !== null) this.#hold(holder, slices)
    return slices
  }

  /** What an adopted run holds already; false when the device is gone or the units are taken. */
  claim(holder: string, slices: readonly Slice[], ask: ShareAsk | null = null): boolean {
    const isOfGpus = slices.some(({ deviceModel, share }) => share !== undefined || this.#isGpuModel(deviceModel))
    const fits = isOfGpus
      ? this.#gpus.claim(holder, slices, ask)
      : slices.every((slice) => {
          const device = this.#pools.find(({ id }) => id === slice.deviceId)
          return device !== undefined && device.model === slice.deviceModel && this.#freeOf(device) >= slice.units
        })
    if (fits) this.#hold(holder, slices)
    return fits
  }

  release(holder: string): void {
    this.#gpus.release(holder)
    if (this.#held.delete(holder)) this.#wake()
  }

  /** What it holds of its GPUs is of this share from now on; null, and nothing changes, where that does not fit beside the others. */
  reshape(holder: string, ask: ShareAsk): readonly Slice[] | null {
    const slices = this.#gpus.reshape(holder, ask)
    if (slices === null) return null
    this.#held.set(holder, slices)
    this.#wake()
    return slices
  }

  /** Who is to come, with one GPU each or a share of one: choices leave them room. */
  comingIs(coming: () => readonly ComingTo[]): void {
    this.#gpus.comingIs(coming)
  }

  /** Copies of weights on GPUs that are in nobody's share. */
  weightsAre(weights: readonly SharedWeights[]): void {
    this.#gpus.weightsAre(weights)
    this.#wake()
  }

  /** Of the device: in nobody's share. */
  besideBytes(device: Device): number {
    return isGpu(device) ? this.#gpus.besideBytes(device.id) : 0
  }

  /** Who holds something of the device. */
  holdersOf(deviceId: string): readonly string[] {
    return [...this.#held]
      .filter(([, slices]) => slices.some((slice) => slice.deviceId === deviceId))
      .map(([holder]) => holder)
  }

  /** Resolves when units were given back or devices changed, or `signal` is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Why waiting would not help, naming instance and device; null where it may. */
  refusal(holder: string, model: string, ask: ShareAsk | null): string | null {
    return ask === null ? null : refuseShare(holder, model, ask.share, this.#gpus.devices, this.#seen)
  }

  /** One sentence for a person: how much of the model is there and free. */
  describe(model: string, ask: ShareAsk | null = null): string {
    if (ask !== null) return describeFreeShares(model, this.#gpus)
    const pools = this.#pools.filter((device) => device.model === model)
    const gpus = this.#gpus.devices.filter((device) => device.model === model)
    const total = pools.reduce((sum, device) => sum + device.units, gpus.length)
    const free = pools.reduce((sum, device) => sum + this.#freeOf(device), this.#gpus.freeWhole(model))
    return `${free} of ${total} units of ${model} are free`
  }

  #take(holder: string, model: string, units: number, ask: ShareAsk | null): readonly Slice[] | null {
    if (ask !== null) return this.#gpus.takeShares(holder, model, units, ask)
    if (this.#isGpuModel(model)) return this.#gpus.takeWhole(holder, model, units)
    return this.#takeUnits(model, units)
  }

  #takeUnits(model: string, units: number): readonly Slice[] | null {
    const free = this.#pools
      .filter((device) => device.model === model)
      .map((device) => ({ device, units: this.#freeOf(device) }))
    const single = free.filter((entry) => entry.units >= units).sort((a, b) => a.units - b.units)[0]
    const slices: Slice[] = []
    let missing = units
    for (const entry of single === undefined ? free : [single]) {
      const taken = Math.min(missing, entry.units)
      if (taken > 0) slices.push({ deviceId: entry.device.id, deviceModel: model, units: taken })
      missing -= taken
    }
    return missing > 0 ? null : slices
  }

  #isGpuModel(model: string): boolean {
    return this.#gpus.devices.some((device) => device.model === model)
  }

  #hold(holder: string, slices: readonly Slice[]): void {
    this.#held.set(holder, slices)
    for (const device of this.#pools) assert(this.#freeOf(device) >= 0, `device ${device.id} is oversold`)
  }

  #freeOf(device: Device): number {
    let held = 0
    for (const slices of this.#held.values())
      for (const slice of slices) if (slice.deviceId === device.id) held += slice.units
    return device.units - held
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
