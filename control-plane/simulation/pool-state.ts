// Units of one class in one region as they are now: there, in use, about to leave; and the time that they were so.
import { partOfWhole } from '#control-plane/model/gpu-share.ts'
import type { Device, Instance } from '#control-plane/model/snapshot.ts'
import { assert } from '#runtime/assert.ts'
import type { Pool } from './capacity.ts'
import { SharedPool } from './shared-pool.ts'

type Wanted = Pick<Instance, 'units' | 'gpuShare'>

/** What it uses and pays for; of a share the part of a GPU that is guaranteed. */
export function unitsUsed({ units, gpuShare }: Wanted): number {
  return units * partOfWhole(gpuShare)
}

export class PoolState {
  readonly pool: Pool
  /** Null where its units are handed out whole. */
  readonly #shared: SharedPool | null
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
    this.#shared = pool.sharedBytes === undefined ? null : new SharedPool(pool, pool.sharedBytes)
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

  /** The GPU that it is on now, '' where units are all alike; null where there is no room. */
  place(nowMs: number, instance: Wanted): string | null {
    const { units, gpuShare } = instance
    if (this.#shared === null && (gpuShare !== undefined || this.free < units)) return null
    const deviceId = this.#shared === null ? '' : this.#shared.take(gpuShare ?? null)
    if (deviceId !== null) this.#change(nowMs, 0, unitsUsed(instance))
    return deviceId
  }

  remove(nowMs: number, instance: Wanted, deviceId: string): void {
    this.#shared?.giveBack(deviceId, instance.gpuShare ?? null)
    this.#change(nowMs, 0, -unitsUsed(instance))
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
    const bought = { model: deviceModel, market, zone, instanceType }
    if (this.#shared !== null) return this.#shared.devices(bought)
    const device = { ...bought, memoryBytes: 0 }
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
    // Shares are thousandths, which do not add up to the last bit.
    const isRight = this.#used > -1e-6 && this.#used < this.#available + 1e-6 && this.#available <= units
    assert(isRight, `${this.#used} of ${this.#available} units of ${key} in ${region} are in use; it has ${units}`)
  }
}
