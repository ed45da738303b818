// What is left of one GPU that takes shares: what can still be guaranteed and what used, memory, and where some are on a part of the
// multiprocessors how all lie side by side, of time by multiprocessors. Agents lay them by the same rule (proto/rectangles/), one
// after the other as they come; so what fits here is what they take in any order.
import { limitArea, requestArea, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { AnyOrder } from '#proto/rectangles/any-order.ts'
import type { Size } from '#proto/rectangles/max-rects.ts'

export const requestMilliMax = 1000
const limitMilliMax = 1500
const smMilliMax = 1000
/** Shares of one size that are counted on one GPU, where some are on parts of its multiprocessors. */
const partsPerGpuMax = 32

export type LeftOfGpu = {
  readonly id: string
  requestMilli: number
  limitMilli: number
  memoryBytes: number
  isEmpty: boolean
  /** Of time by multiprocessors, what shares have. */
  taken: readonly Size[]
}

/** What is asked of many GPUs; it remembers what it was asked, so one is used for all of a pass. */
export function sideBySide(): AnyOrder {
  return new AnyOrder({ width: requestMilliMax, height: smMilliMax })
}

export function emptyGpu({ id, memoryBytes }: { readonly id: string; readonly memoryBytes: number }): LeftOfGpu {
  return { id, requestMilli: requestMilliMax, limitMilli: limitMilliMax, memoryBytes, isEmpty: true, taken: [] }
}

/** Shares of this size that fit beside what is taken, `most` at most. */
export function fitsIn(left: LeftOfGpu, share: GpuShare, anyOrder: AnyOrder, most = Number.POSITIVE_INFINITY): number {
  const { memoryBytes } = share
  const byMemory = memoryBytes === 0 ? Number.POSITIVE_INFINITY : Math.floor(left.memoryBytes / memoryBytes)
  const byRequest = Math.floor(left.requestMilli / requestArea(share))
  const bySums = Math.min(byRequest, Math.floor(left.limitMilli / limitArea(share)), byMemory, most)
  // Where all have all multiprocessors, the sums tell.
  if (share.smMilli === undefined && left.taken.every(({ height }) => height === smMilliMax)) return bySums
  const taken = [...left.taken]
  for (let count = 0; count < Math.min(bySums, partsPerGpuMax); count++) {
    taken.push(sizeOf(share))
    if (!anyOrder.fits(taken)) return count
  }
  return Math.min(bySums, partsPerGpuMax)
}

/** Of one share on all multiprocessors: parts that are taken may stand in its way though there is room by area. */
export function largestRequest(left: LeftOfGpu, anyOrder: AnyOrder): number {
  let fitting = 0
  let most = Math.min(left.requestMilli, left.limitMilli)
  if (left.taken.every(({ height }) => height === smMilliMax)) return most
  while (fitting < most) {
    const middle = Math.ceil((fitting + most) / 2)
    if (anyOrder.fits([...left.taken, { width: middle, height: smMilliMax }])) fitting = middle
    else most = middle - 1
  }
  return fitting
}

/** Null: all of it. */
export function put(left: LeftOfGpu, share: GpuShare | null): void {
  left.isEmpty = false
  left.requestMilli = Math.max(0, left.requestMilli - (share === null ? requestMilliMax : requestArea(share)))
  left.limitMilli = Math.max(0, left.limitMilli - (share === null ? limitMilliMax : limitArea(share)))
  left.memoryBytes = Math.max(0, left.memoryBytes - (share?.memoryBytes ?? left.memoryBytes))
  if (share !== null) left.taken = [...left.taken, sizeOf(share)]
}

function sizeOf({ requestMilli, smMilli = smMilliMax }: GpuShare): Size {
  return { width: requestMilli, height: smMilli }
}

/** For names: '' where all have all multiprocessors. */
export function partsOf(taken: readonly Size[]): string {
  if (taken.every(({ height }) => height === smMilliMax)) return ''
  return `/${taken
    .map(({ width, height }) => `${width}x${height}`)
    .toSorted()
    .join(' ')}`
}
