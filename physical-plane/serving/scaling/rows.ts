// Rows of a GPU (HAS-GPU, arXiv 2505.01968): instances with the same multiprocessors share a row and divide its time. As long as the
// rows' multiprocessors and each row's time fit, all of them fit at every instant, and an instance that gets more of its row's time
// disturbs no other row. The published program forgets to sum the rows' multiprocessors up.
import type { Shape } from './autoscaler.ts'

export type Row = {
  readonly smMilli: number
  /** Of its time that is promised. */
  readonly requestMilli: number
}

export const rowsConfig = {
  /** Limits on a device sum up to this at most (Dilu's gamma). */
  limitMilli: 1_500,
} as const

/** In ascending order of their multiprocessors. */
export function rowsOf(shapes: readonly Shape[]): readonly Row[] {
  return [...Map.groupBy(shapes, smOf)]
    .map(([smMilli, own]) => ({ smMilli, requestMilli: own.reduce((sum, { requestMilli }) => sum + requestMilli, 0) }))
    .toSorted((a, b) => a.smMilli - b.smMilli)
}

/** Time of a row of so many multiprocessors that is left on the device, 0 where there is none and none can be begun. */
export function roomMilli(shapes: readonly Shape[], smMilli: number, rowsMax: number): number {
  const rows = rowsOf(shapes)
  const own = rows.find((row) => row.smMilli === smMilli)
  if (own !== undefined) return Math.max(0, 1_000 - own.requestMilli)
  return rows.length < rowsMax && freeSmMilli(shapes) >= smMilli ? 1_000 : 0
}

/** Multiprocessors that no row has. */
export function freeSmMilli(shapes: readonly Shape[]): number {
  return Math.max(0, 1_000 - rowsOf(shapes).reduce((sum, { smMilli }) => sum + smMilli, 0))
}

/** Share of the device that is promised (HGO): multiprocessors times time, of one. */
export function occupancyOf(shapes: readonly Shape[]): number {
  return shapes.reduce((sum, shape) => sum + areaOf(shape), 0)
}

/** Of one device. */
export function areaOf(shape: Shape): number {
  return (smOf(shape) / 1_000) * (shape.requestMilli / 1_000)
}

/** 0 stands for all of them. */
export function smOf({ smMilli }: Shape): number {
  return smMilli === 0 ? 1_000 : smMilli
}

/**
 * Whether all of them can be on one device: rows of one size each, of which there may be several, hold what is guaranteed, and their
 * multiprocessors sum up to the device's. Sufficient, not necessary.
 */
export function packs(shapes: readonly Shape[]): boolean {
  let smMilli = 0
  for (const [size, own] of Map.groupBy(shapes, smOf)) {
    const rooms: number[] = []
    for (const { requestMilli } of own.toSorted((a, b) => b.requestMilli - a.requestMilli)) {
      const at = rooms.findIndex((room) => room >= requestMilli)
      if (at === -1) rooms.push(1_000 - requestMilli)
      else rooms[at]! -= requestMilli
    }
    smMilli += size * rooms.length
  }
  return smMilli <= 1_000
}
