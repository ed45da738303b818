// Who holds which units of which device. A unit is never handed out twice: asserted at every change, because an
// oversold device shows as slowness that nobody can explain.
import { assert } from '#runtime/assert.ts'
import type { Slice } from '#physical-plane/runtime/runtime.ts'
import type { Device } from './devices.ts'

export class SliceTable {
  readonly #devices: readonly Device[]
  readonly #held = new Map<string, readonly Slice[]>()
  #waiting: (() => void)[] = []

  constructor(devices: readonly Device[]) {
    this.#devices = [...devices].sort((a, b) => (a.id < b.id ? -1 : 1))
    assert(new Set(devices.map(({ id }) => id)).size === devices.length, 'two devices have one id')
  }

  /**
   * Units of one model, or null when fewer are free. The tightest device that holds them all is taken, the lower id
   * first; only what no single device can hold is spread.
   */
  take(holder: string, model: string, units: number): readonly Slice[] | null {
    assert(!this.#held.has(holder), `${holder} holds a slice already`)
    const free = this.#devices
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
    if (missing > 0) return null
    this.#hold(holder, slices)
    return slices
  }

  /** What an adopted run holds already; false when the device is gone or the units are taken. */
  claim(holder: string, slices: readonly Slice[]): boolean {
    const fits = slices.every((slice) => {
      const device = this.#devices.find(({ id }) => id === slice.deviceId)
      return device !== undefined && device.model === slice.deviceModel && this.#freeOf(device) >= slice.units
    })
    if (fits) this.#hold(holder, slices)
    return fits
  }

  release(holder: string): void {
    if (!this.#held.delete(holder)) return
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Resolves when units were given back, or `signal` is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** One sentence for a person: how much of the model is there and free. */
  describe(model: string): string {
    const devices = this.#devices.filter((device) => device.model === model)
    const total = devices.reduce((sum, device) => sum + device.units, 0)
    const free = devices.reduce((sum, device) => sum + this.#freeOf(device), 0)
    return `${free} of ${total} units of ${model} are free`
  }

  #hold(holder: string, slices: readonly Slice[]): void {
    this.#held.set(holder, slices)
    for (const device of this.#devices) assert(this.#freeOf(device) >= 0, `device ${device.id} is oversold`)
  }

  #freeOf(device: Device): number {
    let held = 0
    for (const slices of this.#held.values())
      for (const slice of slices) if (slice.deviceId === device.id) held += slice.units
    return device.units - held
  }
}
