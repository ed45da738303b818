// GPUs as rows: parts of the multiprocessors, in each of which instances share the time. What is guaranteed in a row sums up to its
// whole time at most, and rows to the GPU's multiprocessors at most, so that every set of instances here can run as promised
// (HAS-GPU's partitions, with the bound on them that its artefact forgets). Rows of the same size may be several.
import { assert } from '#runtime/assert.ts'
import type { Shape } from '../scaling/autoscaler.ts'

export type GpuKind = {
  readonly model: string
  readonly count: number
  readonly memoryBytes: number
  readonly usdPerHour: number
}

export type Row<Tenant> = { smMilli: number; readonly tenants: Map<Tenant, Shape> }

export type Gpu<Tenant> = {
  readonly id: string
  readonly kind: GpuKind
  readonly rows: Row<Tenant>[]
  memoryFreeBytes: number
}

export type Seat<Tenant> = { readonly gpu: Gpu<Tenant>; readonly row: Row<Tenant> }

const wholeMilli = 1_000

export function smOf({ smMilli }: Shape): number {
  return smMilli === 0 ? wholeMilli : smMilli
}

export class GpuRows<Tenant> {
  readonly gpus: readonly Gpu<Tenant>[]

  constructor(kinds: readonly GpuKind[]) {
    this.gpus = kinds.flatMap((kind, k) =>
      Array.from({ length: kind.count }, (_, i) => ({
        id: `gpu-${k}-${String(i).padStart(4, '0')}`,
        kind,
        rows: [],
        memoryFreeBytes: kind.memoryBytes,
      })),
    )
  }

  /** The GPU of that id if it fits there, otherwise the one with least free that has the room: fresh ones last. */
  gpuFor(shape: Shape, memoryBytes: number, wish: string | null): Gpu<Tenant> | null {
    const fits = (gpu: Gpu<Tenant>): boolean => gpu.memoryFreeBytes >= memoryBytes && this.#hasRoom(gpu, shape)
    return this.gpus.find((gpu) => gpu.id === wish && fits(gpu)) ?? this.#tightest(fits)
  }

  /** On a GPU that has the room, as `gpuFor` tells. */
  seat(tenant: Tenant, gpu: Gpu<Tenant>, shape: Shape, memoryBytes: number): Seat<Tenant> {
    assert(gpu.memoryFreeBytes >= memoryBytes && this.#hasRoom(gpu, shape), `${gpu.id} has no room for that`)
    gpu.memoryFreeBytes -= memoryBytes
    return { gpu, row: this.#enter(gpu, tenant, shape) }
  }

  /** Another shape for who sits there, on the same GPU; null where it does not fit, and then nothing has changed. */
  reshape(tenant: Tenant, { gpu, row }: Seat<Tenant>, shape: Shape): Seat<Tenant> | null {
    const before = row.tenants.get(tenant)
    assert(before !== undefined, 'who is reshaped sits in that row')
    const order = [...row.tenants]
    this.#leave(gpu, row, tenant)
    if (this.#hasRoom(gpu, shape)) {
      // The same row if it will do, so that neighbours stay as they are.
      const same = row.smMilli === smOf(shape) && roomOf(row) >= shape.requestMilli
      if (!same) return { gpu, row: this.#enter(gpu, tenant, shape) }
      row.tenants.set(tenant, shape)
      if (!gpu.rows.includes(row)) gpu.rows.push(row)
      return { gpu, row }
    }
    row.tenants.clear()
    for (const [each, its] of order) row.tenants.set(each, its)
    if (!gpu.rows.includes(row)) gpu.rows.push(row)
    return null
  }

  free(tenant: Tenant, { gpu, row }: Seat<Tenant>, memoryBytes: number): void {
    this.#leave(gpu, row, tenant)
    gpu.memoryFreeBytes += memoryBytes
  }

  #hasRoom(gpu: Gpu<Tenant>, shape: Shape): boolean {
    const smMilli = smOf(shape)
    return (
      smFreeOf(gpu) >= smMilli || gpu.rows.some((row) => row.smMilli === smMilli && roomOf(row) >= shape.requestMilli)
    )
  }

  /** The fullest row of that size that has the room, otherwise a new one. */
  #enter(gpu: Gpu<Tenant>, tenant: Tenant, shape: Shape): Row<Tenant> {
    const smMilli = smOf(shape)
    const fitting = gpu.rows.filter((row) => row.smMilli === smMilli && roomOf(row) >= shape.requestMilli)
    const fullest = fitting.toSorted((a, b) => roomOf(a) - roomOf(b))[0]
    const row = fullest ?? { smMilli, tenants: new Map<Tenant, Shape>() }
    if (fullest === undefined) gpu.rows.push(row)
    row.tenants.set(tenant, shape)
    return row
  }

  #leave(gpu: Gpu<Tenant>, row: Row<Tenant>, tenant: Tenant): void {
    row.tenants.delete(tenant)
    if (row.tenants.size === 0) gpu.rows.splice(gpu.rows.indexOf(row), 1)
  }

  #tightest(fits: (gpu: Gpu<Tenant>) => boolean): Gpu<Tenant> | null {
    let best: Gpu<Tenant> | null = null
    let bestFree = Number.POSITIVE_INFINITY
    for (const gpu of this.gpus) {
      const free = freeAreaOf(gpu)
      if (free < bestFree && fits(gpu)) [best, bestFree] = [gpu, free]
    }
    return best
  }
}

export function smFreeOf<Tenant>({ rows }: Gpu<Tenant>): number {
  return wholeMilli - rows.reduce((sum, { smMilli }) => sum + smMilli, 0)
}

/** Time that is promised to nobody in the row. */
export function roomOf<Tenant>({ tenants }: Row<Tenant>): number {
  let room: number = wholeMilli
  for (const { requestMilli } of tenants.values()) room -= requestMilli
  return room
}

function freeAreaOf<Tenant>(gpu: Gpu<Tenant>): number {
  const inRows = gpu.rows.reduce((sum, row) => sum + row.smMilli * roomOf(row), 0)
  return inRows + smFreeOf(gpu) * wholeMilli
}
