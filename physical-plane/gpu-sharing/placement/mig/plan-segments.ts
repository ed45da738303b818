// The fewest GPUs that carry the rates of several models on MIG slices. Each model may be split over slices, each run with the
// batch and processes that give most within its latency; which slices it takes decides how well the GPUs fill. Searched exactly:
// per model the smallest sets of slices that reach its rate, then all their sums over models that still fit, for one GPU more at a
// time. ParvaGPU (SC'24) takes the most efficient slice of each model first and packs afterwards.
import { assert, present } from '#runtime/assert.ts'
import {
  arrange,
  fullGpus,
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

type Best = ReadonlyMap<SliceSize, SegmentOption>
type Sum = { readonly counts: SliceCounts; readonly covers: readonly SliceCounts[] }

/** Sums of slices that are followed at once; of more, those with the fewest slots, and the answer may be above the least. */
const sumsMax = 4_000
/** Slots of one set of slices for a model that needs two GPUs at most: larger sets would only fill holes of many other GPUs. */
const coverSlotsMax = 28

export function planSegments(demands: readonly SegmentDemand[], gpusMax: number): SegmentPlan {
  const best = demands.map(bestBySize)
  const own = demands.map(({ ratePerSecond }, at) => ownGpus(ratePerSecond, best[at]!))
  const covers = demands.map(({ ratePerSecond }, at) => coversOf(ratePerSecond - own[at]!.ratePerSecond, best[at]!))
  const unmet = covers.findIndex((found) => found.length === 0)
  if (unmet >= 0) {
    const { model, ratePerSecond, latencyMaxMs } = demands[unmet]!
    return {
      kind: 'impossible',
      because: `no slice runs ${model} within ${latencyMaxMs} ms, at ${ratePerSecond} per second`,
    }
  }
  const dedicated = own.flatMap(({ gpus, counts }, at) =>
    Array.from({ length: gpus }, () => counts).flatMap((one) =>
      assign([demands[at]!], [best[at]!], { counts: one, covers: [one] }, new SlicePacking(), 1),
    ),
  )
  const packing = new SlicePacking()
  const least = covers.reduce((sum, found) => sum + Math.min(...found.map(slotsIn)), 0)
  let isExact = dedicated.length === 0
  for (let gpus = Math.ceil(least / 7); gpus <= gpusMax - dedicated.length; gpus += 1) {
    const found = search(covers, gpus, packing)
    if (found.sum !== null) {
      const shared = assign(demands, best, found.sum, packing, gpus)
      return { kind: 'planned', gpus: [...dedicated, ...shared], isExact }
    }
    isExact &&= found.isWhole
  }
  return { kind: 'impossible', because: `${demands.length} models need more than ${gpusMax} GPUs` }
}

/** A model that needs more than two GPUs has some to itself, cut so that they give most: what is left over of it is searched. */
function ownGpus(
  ratePerSecond: number,
  best: Best,
): { readonly gpus: number; readonly counts: SliceCounts; readonly ratePerSecond: number } {
  const rateOf = (counts: SliceCounts): number =>
    counts.reduce((sum, count, at) => sum + count * (best.get(sliceSizes[at]!)?.ratePerSecond ?? 0), 0)
  const usable = fullGpus().map(
    (counts) => counts.map((count, at) => (best.has(sliceSizes[at]!) ? count : 0)) as unknown as SliceCounts,
  )
  const counts = usable.reduce((most, other) => (rateOf(other) > rateOf(most) ? other : most))
  const rate = rateOf(counts)
  const gpus = rate === 0 ? 0 : Math.max(0, Math.floor(ratePerSecond / rate) - 1)
  return { gpus, counts, ratePerSecond: gpus * rate }
}

/** By size the option that gives most within the latency; ties go to the one that answers sooner. */
function bestBySize({ latencyMaxMs, options }: SegmentDemand): Best {
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
function coversOf(ratePerSecond: number, best: Best): readonly SliceCounts[] {
  const found: SliceCounts[] = []
  const extend = (at: number, counts: SliceCounts, missing: number): void => {
    if (missing <= 0) found.push(counts)
    const size = sliceSizes[at]
    if (missing <= 0 || size === undefined) return
    const rate = best.get(size)?.ratePerSecond ?? 0
    const room = Math.floor((coverSlotsMax - slotsIn(counts)) / size)
    const most = rate === 0 ? 0 : Math.min(room, Math.ceil(missing / rate))
    for (let count = 0; count <= most; count += 1)
      extend(at + 1, counts.with(at, count) as unknown as SliceCounts, missing - count * rate)
  }
  extend(0, noSlices, ratePerSecond)
  return found.filter((counts) => !found.some((other) => other !== counts && isWithin(other, counts)))
}

function search(
  covers: readonly (readonly SliceCounts[])[],
  gpus: number,
  packing: SlicePacking,
): { readonly sum: Sum | null; readonly isWhole: boolean } {
  let sums: readonly Sum[] = [{ counts: noSlices, covers: [] }]
  let isWhole = true
  for (const own of covers) {
    const next = new Map<string, Sum>()
    for (const sum of sums)
      for (const counts of own) {
        const total = plus(sum.counts, counts)
        const key = total.join(' ')
        if (!next.has(key) && packing.fits(total, gpus))
          next.set(key, { counts: total, covers: [...sum.covers, counts] })
      }
    sums = [...next.values()].sort((a, b) => slotsIn(a.counts) - slotsIn(b.counts))
    if (sums.length > sumsMax) isWhole = false
    sums = sums.slice(0, sumsMax)
  }
  return { sum: sums[0] ?? null, isWhole }
}

/** Gives the slices of each GPU to the models that wait for one of their size. */
function assign(
  demands: readonly SegmentDemand[],
  best: readonly Best[],
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
