// Contributions of other regions to the round that is open, fetched and decoded, and when each region usually arrives.
// The hub collects them; where only two regions are in a job both do, because each applies the mean itself.
import type { GraceBounds } from '../sync/membership/grace.ts'
import { graceEndsMs, rememberArrival } from '../sync/membership/grace.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Contribution } from './types.ts'

export type Arrival = { readonly contribution: Contribution; readonly decoded: Float32Array }

export class Arrivals {
  readonly #memory: VectorMemory
  readonly #arrived = new Map<string, Arrival>()
  readonly #offsetsMs = new Map<string, readonly number[]>()
  /** When the first contribution of the round was here: how long regions compute is no lateness. */
  #openedMs: number | null = null

  constructor(memory: VectorMemory) {
    this.#memory = memory
  }

  get(region: string): Arrival | null {
    return this.#arrived.get(region) ?? null
  }

  /** A region that lost its disk may use an id again, for something else. */
  has(region: string, { id, payload }: Pick<Contribution, 'id' | 'payload'>): boolean {
    const contribution = this.#arrived.get(region)?.contribution
    return contribution?.id === id && contribution.payload.sha256 === payload.sha256
  }

  get regions(): readonly string[] {
    return [...this.#arrived.keys()].sort()
  }

  /** Takes `decoded` over. */
  add(region: string, arrival: Arrival, nowMs: number): void {
    const before = this.#arrived.get(region)
    if (before !== undefined) this.#memory.release(before.decoded)
    this.#arrived.set(region, arrival)
    this.noted(region, nowMs)
  }

  /** The region's contribution is here; for those that need no fetching. */
  noted(region: string, nowMs: number): void {
    this.#openedMs ??= nowMs
    this.#offsetsMs.set(region, rememberArrival(this.#offsetsMs.get(region) ?? [], nowMs - this.#openedMs))
  }

  /** The round is over. Who of `missing` was heard is late by this much at least. */
  close(missing: readonly string[], nowMs: number): void {
    if (this.#openedMs !== null) for (const region of missing) this.noted(region, nowMs)
    for (const { decoded } of this.#arrived.values()) this.#memory.release(decoded)
    this.#arrived.clear()
    this.#openedMs = null
  }

  /** Until when those that are missing are waited for, once there is a quorum. */
  graceEndsMs(missing: readonly string[], bounds: GraceBounds): number {
    if (this.#openedMs === null) return Number.POSITIVE_INFINITY
    return graceEndsMs(this.#openedMs, missing, (region) => this.#offsetsMs.get(region) ?? [], bounds)
  }
}
