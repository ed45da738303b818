// The GPUs of a simulated region that take shares: who has what of which. Requests of one add up to a whole one at most, limits
// to one and a half, memory to what there is, and none is shared and whole; that is asserted at every change. The fullest GPU
// that has room is taken, as agents do.
import { limitArea, requestArea, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Device } from '#control-plane/model/snapshot.ts'
import { assert } from '#runtime/assert.ts'
import type { Pool } from './capacity.ts'

const wholeMilli = 1000
const limitMilliMax = 1500

type Gpu = { readonly id: string; requestMilli: number; limitMilli: number; memoryBytes: number }

export class SharedPool {
  readonly #gpus: readonly Gpu[]
  readonly #memoryBytes: number

  constructor({ key, units }: Pick<Pool, 'key' | 'units'>, memoryBytes: number) {
    this.#memoryBytes = memoryBytes
    this.#gpus = Array.from({ length: units }, (_, i) => {
      return { id: `${key}#${i}`, requestMilli: 0, limitMilli: 0, memoryBytes: 0 }
    })
  }

  /** The GPU that it is on; null where it fits on none. A share of null is a whole one. */
  take(share: GpuShare | null): string | null {
    const wanted = share ?? this.#whole
    let best: Gpu | null = null
    for (const gpu of this.#gpus) {
      const isFuller = best === null || gpu.requestMilli > best.requestMilli
      if (isFuller && this.#fits(gpu, wanted)) best = gpu
    }
    if (best !== null) this.#change(best, wanted, 1)
    return best?.id ?? null
  }

  giveBack(id: string, share: GpuShare | null): void {
    const gpu = this.#gpus.find((each) => each.id === id)
    assert(gpu !== undefined, `${id} is none of the pool's`)
    this.#change(gpu, share ?? this.#whole, -1)
  }

  /** As an agent tells of them. */
  devices(device: Omit<Device, 'id' | 'units' | 'memoryBytes' | 'endsAtMs' | 'sharing'>): readonly Device[] {
    const memoryBytes = this.#memoryBytes
    return this.#gpus.map(({ id }) => ({ ...device, id, units: 1, memoryBytes, endsAtMs: null, sharing: 'interposer' }))
  }

  get #whole(): GpuShare {
    return { requestMilli: wholeMilli, limitMilli: limitMilliMax, memoryBytes: this.#memoryBytes }
  }

  #fits({ requestMilli, limitMilli, memoryBytes }: Gpu, wanted: GpuShare): boolean {
    return (
      requestMilli + requestArea(wanted) <= wholeMilli &&
      limitMilli + limitArea(wanted) <= limitMilliMax &&
      memoryBytes + wanted.memoryBytes <= this.#memoryBytes
    )
  }

  #change(gpu: Gpu, share: GpuShare, sign: 1 | -1): void {
    gpu.requestMilli += sign * requestArea(share)
    gpu.limitMilli += sign * limitArea(share)
    gpu.memoryBytes += sign * share.memoryBytes
    const isRight = gpu.requestMilli >= 0 && gpu.requestMilli <= wholeMilli && gpu.limitMilli <= limitMilliMax
    assert(isRight && gpu.memoryBytes <= this.#memoryBytes, `${gpu.id} has requests of ${gpu.requestMilli} thousandths`)
  }
}
