// Links between the places of a problem by number, looked up once, and what crosses them when two places exchange models.
import type { Place, Wire } from '../policy.ts'

export class Legs {
  readonly #places: readonly Place[]
  readonly #wire: Wire
  /** By pair; NaN until it is looked up. */
  readonly #delaySeconds: Float64Array
  readonly #secondsPerByte: Float64Array
  /** By models. */
  readonly #swaps = new Map<number, Map<number, number>>()

  constructor(places: readonly Place[], wire: Wire) {
    this.#places = places
    this.#wire = wire
    this.#delaySeconds = new Float64Array(places.length ** 2).fill(Number.NaN)
    this.#secondsPerByte = new Float64Array(places.length ** 2)
  }

  /** Of a transfer. */
  seconds(from: number, to: number, bytes: number): number {
    const at = this.#at(from, to)
    return this.#delaySeconds[at]! + bytes * this.#secondsPerByte[at]!
  }

  /** Seconds per byte of the widest link to any of these. */
  widestFrom(hub: number, others: Int32Array): number {
    let least = Number.POSITIVE_INFINITY
    for (const other of others) {
      if (other !== hub) least = Math.min(least, this.#secondsPerByte[this.#at(hub, other)]!)
    }
    return least
  }

  /**
   * A contribution to the hub and the result back. Two places do both at once; of more, all come in before the result goes
   * out, and it goes to `others` through one uplink.
   */
  bothWays(place: number, hub: number, bytes: number, others: number, uplinkSecondsPerByte: number): number {
    const into = this.seconds(place, hub, bytes)
    const out = this.seconds(hub, place, bytes)
    if (others < 2) return Math.max(into, out)
    const together = this.#delaySeconds[this.#at(hub, place)]! + others * bytes * uplinkSecondsPerByte
    return into + Math.max(out, together)
  }

  swapUsd(place: number, hub: number, models: number): number {
    const swaps = this.#swaps.get(models) ?? new Map<number, number>()
    this.#swaps.set(models, swaps)
    const key = place * this.#places.length + hub
    const known = swaps.get(key)
    if (known !== undefined) return known
    const usd = this.#wire.swapUsd(this.#places[place]!.region, this.#places[hub]!.region, models)
    swaps.set(key, usd)
    return usd
  }

  #at(from: number, to: number): number {
    const at = from * this.#places.length + to
    if (Number.isNaN(this.#delaySeconds[at]!)) {
      const leg = this.#wire.leg(this.#places[from]!.region, this.#places[to]!.region)
      this.#delaySeconds[at] = leg.delaySeconds
      this.#secondsPerByte[at] = leg.secondsPerByte
    }
    return at
  }
}
