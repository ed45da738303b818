// Units of one class in one region as they are now: there, in use, about to leave; and the time that they were so.
import type { Device } from '#control-plane/model/snapshot.ts'
import { assert } from '#runtime/assert.ts'
import type { Pool } from './capacity.ts'

export class PoolState {
  readonly pool: Pool
  #available: number
  #used = 0
  /** In order of time; each until it is lost. */
  #leaving: { units: number; readonly endsAtMs: number }[] = []
  #atMs: number
  #busySeconds = 0
  #availableSeconds = 0

  constructor(pool: Pool, nowMs: number) {
    this.pool = pool
    this.#atMs = nowMs
    const { availability } = pool
    const isThere = availability.kind !== 'trace' || availability.trace.runs[0]?.isThere === true
    this.#available = isThere ? pool.units : 0
  }

  get available(): number {
    return this.#available
  }

  get used(): number {
    return this.#used
  }

  get free(): number {
    return this.#available - this.#used
  }

  take(nowMs: number, units: number): void {
    this.#change(nowMs, 0, units)
  }

  giveBack(nowMs: number, units: number): void {
    this.#change(nowMs, 0, -units)
  }

  gain(nowMs: number, units: number): void {
    this.#change(nowMs, units, 0)
  }

  announce(units: number, endsAtMs: number): void {
    this.#leaving.push({ units, endsAtMs })
  }

  /** The units that were announced first go first. Whoever used them must have been stopped before. */
  lose(nowMs: number, units: number): void {
    const used = Math.max(0, this.#used - (this.#available - units))
    assert(used === 0, `${used} units of ${this.pool.key} in ${this.pool.region} are lost while they are in use`)
    this.#change(nowMs, -units, 0)
    let left = units
    while (left > 0 && this.#leaving[0] !== undefined) {
      const gone = Math.min(left, this.#leaving[0].units)
      this.#leaving[0].units -= gone
      left -= gone
      if (this.#leaving[0].units === 0) this.#leaving.shift()
    }
  }

  /** Until then, in unit-seconds. */
  totals(nowMs: number): { readonly busySeconds: number; readonly availableSeconds: number } {
    this.#change(nowMs, 0, 0)
    return { busySeconds: this.#busySeconds, availableSeconds: this.#availableSeconds }
  }

  /** As an agent tells of them. */
  devices(): readonly Device[] {
    const { deviceModel, market, zone, instanceType } = this.pool.device
    const device = { model: deviceModel, memoryBytes: 0, market, zone, instanceType }
    const leaving = this.#leaving.map(({ units, endsAtMs }, i) => ({
      ...device,
      id: `${this.pool.key}#leaving-${i}`,
      units,
      endsAtMs,
    }))
    const staying = this.#available - leaving.reduce((sum, { units }) => sum + units, 0)
    return [...(staying > 0 ? [{ ...device, id: this.pool.key, units: staying, endsAtMs: null }] : []), ...leaving]
  }

  #change(nowMs: number, available: number, used: number): void {
    const seconds = (nowMs - this.#atMs) / 1000
    this.#atMs = nowMs
    this.#busySeconds += seconds * this.#used
    this.#availableSeconds += seconds * this.#available
    this.#available += available
    this.#used += used
    const { key, region, units } = this.pool
    const isRight = this.#used >= 0 && this.#used <= this.#available && this.#available <= units
    assert(isRight, `${this.#used} of ${this.#available} units of ${key} in ${region} are in use; it has ${units}`)
  }
}
