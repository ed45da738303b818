// Where the hardware lets slices of a GPU begin (MIG, of an A100 or H100): seven slots, and a slice of three at the front closes the
// fourth beside its own. From it follows which slices go together on one GPU, and how many GPUs given slices need.
import { assert, present } from '#runtime/assert.ts'

export type SliceSize = 1 | 2 | 3 | 4 | 7
/** How many slices of each size, in the order of `sliceSizes`. */
export type SliceCounts = readonly [number, number, number, number, number]
/** A slice at its first slot. */
export type SlotTaken = { readonly size: SliceSize; readonly start: number }

export const sliceSizes: readonly SliceSize[] = [7, 4, 3, 2, 1]
export const noSlices: SliceCounts = [0, 0, 0, 0, 0]

const slots = 7
const starts: Readonly<Record<SliceSize, readonly number[]>> = {
  7: [0],
  4: [0],
  // At the back first: at the front it closes a slot more.
  3: [4, 0],
  2: [4, 2, 0],
  1: [6, 5, 4, 3, 2, 1, 0],
}

/** Slots that a slice closes, as bits. */
export function slotsOf({ size, start }: SlotTaken): number {
  const closed = size === 3 && start === 0 ? 4 : size
  return ((1 << closed) - 1) << start
}

/** The first slot of each slice on one GPU, large ones first; null where they do not go together. */
export function arrange(counts: SliceCounts): readonly SlotTaken[] | null {
  const wanted = sliceSizes.flatMap((size, at) => Array<SliceSize>(counts[at]!).fill(size))
  if (wanted.reduce((sum: number, size) => sum + size, 0) > slots) return null
  return arrangeRest(wanted, 0, [])
}

function arrangeRest(
  wanted: readonly SliceSize[],
  closed: number,
  taken: readonly SlotTaken[],
): readonly SlotTaken[] | null {
  const size = wanted[taken.length]
  if (size === undefined) return taken
  for (const start of starts[size]) {
    const slot = { size, start }
    if (start + size > slots || (slotsOf(slot) & closed) !== 0) continue
    const rest = arrangeRest(wanted, closed | slotsOf(slot), [...taken, slot])
    if (rest !== null) return rest
  }
  return null
}

/** Which slices fill one GPU: sets that go together and to which none can be added. */
export function fullGpus(): readonly SliceCounts[] {
  const legal: SliceCounts[] = []
  for (let a = 0; a <= 1; a += 1)
    for (let b = 0; b <= 1; b += 1)
      for (let c = 0; c <= 2; c += 1)
        for (let d = 0; d <= 3; d += 1)
          for (let e = 0; e <= slots; e += 1) if (arrange([a, b, c, d, e]) !== null) legal.push([a, b, c, d, e])
  return legal.filter((counts) => !legal.some((other) => other !== counts && isWithin(counts, other)))
}

export function isWithin(counts: SliceCounts, other: SliceCounts): boolean {
  return counts.every((count, at) => count <= other[at]!)
}

export function plus(counts: SliceCounts, more: SliceCounts): SliceCounts {
  return counts.map((count, at) => count + more[at]!) as unknown as SliceCounts
}

export function slotsIn(counts: SliceCounts): number {
  return counts.reduce((sum, count, at) => sum + count * sliceSizes[at]!, 0)
}

/** Packs slices into GPUs, by search over what fills one: exact, and quick since it remembers what it has seen. */
export class SlicePacking {
  readonly #full = fullGpus()
  readonly #known = new Map<string, boolean>()

  fits(counts: SliceCounts, gpus: number): boolean {
    if (slotsIn(counts) === 0) return true
    if (slotsIn(counts) > slots * gpus) return false
    const key = `${counts.join(' ')} ${gpus}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isFitting = this.#next(counts, gpus) !== null
    this.#known.set(key, isFitting)
    return isFitting
  }

  /** The slices of each GPU. They fit. */
  pack(counts: SliceCounts, gpus: number): readonly SliceCounts[] {
    if (slotsIn(counts) === 0) return []
    assert(gpus > 0, `slices ${counts.join(' ')} are left over`)
    const here = present(this.#next(counts, gpus), `room for slices ${counts.join(' ')} on ${gpus} GPUs`)
    return [here, ...this.pack(minus(counts, here), gpus - 1)]
  }

  /** What one GPU takes of them so that the others take the rest: it holds the largest, as some GPU must. */
  #next(counts: SliceCounts, gpus: number): SliceCounts | null {
    const largest = counts.findIndex((count) => count > 0)
    for (const full of this.#full) {
      if (full[largest] === 0) continue
      const here = full.map((count, at) => Math.min(count, counts[at]!)) as unknown as SliceCounts
      if (this.fits(minus(counts, here), gpus - 1)) return here
    }
    return null
  }
}

function minus(counts: SliceCounts, less: SliceCounts): SliceCounts {
  return counts.map((count, at) => count - less[at]!) as unknown as SliceCounts
}
