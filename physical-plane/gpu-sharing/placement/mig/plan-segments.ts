// The fewest GPUs that carry the rates of several models on MIG slices. Each model may be split over slices, each run with the
// batch and processes that give most within its latency; which slices it takes decides how well the GPUs fill. Searched exactly:
// per model the smallest sets of slices that reach its rate, then all their sums over models that still fit, for one GPU more at a
// time. ParvaGPU (SC'24) takes the most efficient slice of each model first and packs afterwards.
import { assert, present } from '#runtime/assert.ts'
import {
  arrange,
  isWithin,
  noSlices,
  plus,
  type SliceCounts,
  SlicePacking,
  type SliceSize,
  sliceSizes,
  slotsIn,
} from './slots.ts'

/** One way to run a model on a slice. The rate is that of all its processes together. */
export type SegmentOption = {
  readonly size: SliceSize
  readonly batch: number
  readonly processes: number
  readonly ratePerSecond: number
  readonly latencyMs: number
}

export type SegmentDemand = {
  readonly model: string
  readonly ratePerSecond: number
  readonly latencyMaxMs: number
  readonly options: readonly SegmentOption[]
}

export type Segment = { readonly model: string; readonly start: number; readonly option: SegmentOption }
export type SegmentPlan =
  | { readonly kind: 'planned'; readonly gpus: readonly (readonly Segment[])[]; readonly isExact: boolean }
  | { readonly kind: 'impossible'; readonly because: string }

type Cover = { readonly counts: SliceCounts }
type Sum = { readonly counts: SliceCounts; readonly covers: readonly SliceCounts[] }

/** Sums of slices that are followed at once; of more, those with the fewest slots, and the answer may be above the least. */
const sumsMax = 20_000
/** Slices of one size for one model. */
const slicesMax = 64

export function planSegments(demands: readonly SegmentDemand[], gpusMax: number): SegmentPlan {
  const best = demands.map(bestBySize)
  const covers = demands.map(({ ratePerSecond }, at) => coversOf(ratePerSecond, best[at]!))
  const unmet = covers.findIndex((found) => found.length === 0)
  if (unmet >= 0) {
    const { model, ratePerSecond, latencyMaxMs } = demands[unmet]!
    const because = `no slice runs ${model} within ${latencyMaxMs} ms, or ${slicesMax} of the best do not reach ${ratePerSecond} per second`
    return { kind: 'impossible', because }
  }
  const packing = new SlicePacking()
  const least = covers.reduce((sum, found) => sum + Math.min(...found.map(({ counts }) => slotsIn(counts))), 0)
  for (let gpus = Math.ceil(least / 7); gpus <= gpusMax; gpus += 1) {
    const { sum, isExact } = search(covers, gpus, packing)
    if (sum !== null) return { kind: 'planned', gpus: assign(demands, best, sum, packing, gpus), isExact }
  }
  return { kind: 'impossible', because: `${demands.length} models need more than ${gpusMax} GPUs` }
}

/** By size the option that gives most within the latency; ties go to the one that answers sooner. */
function bestBySize({ latencyMaxMs, options }: SegmentDemand): ReadonlyMap<SliceSize, SegmentOption> {
  const best = new Map<SliceSize, SegmentOption>()
  for (const option of options) {
    if (option.latencyMs > latencyMaxMs || option.ratePerSecond <= 0) continue
    const known = best.get(option.size)
    const isBetter =
      known === undefined ||
      option.ratePerSecond > known.ratePerSecond ||
      (option.ratePerSecond === known.ratePerSecond && option.latencyMs < known.latencyMs)
    if (isBetter) best.set(option.size, option)
  }
  return best
}

/** Sets of slices that reach the rate, of which none can be left out. */
function coversOf(ratePerSecond: number, best: ReadonlyMap<SliceSize, SegmentOption>): readonly Cover[] {
  const found: SliceCounts[] = []
  const extend = (at: number, counts: SliceCounts, missing: number): void => {
    if (missing <= 0) found.push(counts)
    const size = sliceSizes[at]
    if (missing <= 0 || size === undefined) return
    const rate = best.get(size)?.ratePerSecond ?? 0
    const most = rate === 0 ? 0 : Math.min(slicesMax, Math.ceil(missing / rate))
    for (let count = 0; count <= most; count += 1)
      extend(at + 1, counts.with(at, count) as unknown as SliceCounts, missing - count * rate)
  }
  extend(0, noSlices, ratePerSecond)
  const minimal = found.filter((counts) => !found.some((other) => other !== counts && isWithin(other, counts)))
  return minimal.map((counts) => ({ counts }))
}

function search(
  covers: readonly (readonly Cover[])[],
  gpus: number,
  packing: SlicePacking,
): { readonly sum: Sum | null; readonly isExact: boolean } {
  let sums: readonly Sum[] = [{ counts: noSlices, covers: [] }]
  let isExact = true
  for (const own of covers) {
    const next = new Map<string, Sum>()
    for (const sum of sums)
      for (const { counts } of own) {
        const total = plus(sum.counts, counts)
        const key = total.join(' ')
        if (!next.has(key) && packing.fits(total, gpus))
          next.set(key, { counts: total, covers: [...sum.covers, counts] })
      }
    sums = [...next.values()].sort((a, b) => slotsIn(a.counts) - slotsIn(b.counts))
    if (sums.length > sumsMax) isExact = false
    sums = sums.slice(0, sumsMax)
  }
  return { sum: sums[0] ?? null, isExact }
}

/** Gives the slices of each GPU to the models that wait for one of their size. */
function assign(
  demands: readonly SegmentDemand[],
  best: readonly ReadonlyMap<SliceSize, SegmentOption>[],
  sum: Sum,
  packing: SlicePacking,
  gpus: number,
): readonly (readonly Segment[])[] {
  const waiting = new Map<SliceSize, Omit<Segment, 'start'>[]>(sliceSizes.map((size) => [size, []]))
  for (const [number, { model }] of demands.entries())
    for (const [at, size] of sliceSizes.entries())
      for (let left = sum.covers[number]![at]!; left > 0; left -= 1)
        waiting.get(size)!.push({ model, option: present(best[number]!.get(size), `a way to run ${model} on ${size}`) })
  const packed = packing.pack(sum.counts, gpus).map((counts) =>
    present(arrange(counts), `slots for ${counts.join(' ')}`).map(({ size, start }) => ({
      ...present(waiting.get(size)!.shift(), `a model for a slice of ${size}`),
      start,
    })),
  )
  assert(
    [...waiting.values()].every((left) => left.length === 0),
    'every segment has its slice',
  )
  return packed
}
