// Whether pieces can come to a bin in any order. Whoever puts them there one by one asks `packTogether` each time, which is no proof: it
// may miss a packing of a few although it finds one of more. So what is promised must pack together and so must all parts of it; then
// whatever has come, and whatever has gone, the next one is taken. Parts that are alike are looked at once, and remembered.
import { areaOf, type Size } from './max-rects.ts'
import { packTogether } from './repack.ts'

/** Parts of one set that are looked at: ten pieces that all differ have 1,024. What has more is not promised. */
const partsMax = 2048
/** Sets that are remembered. */
const knownMax = 100_000

export class AnyOrder {
  readonly #bin: Size
  readonly #known = new Map<string, boolean>()

  constructor(bin: Size) {
    this.#bin = bin
  }

  fits(pieces: readonly Size[]): boolean {
    const area = pieces.reduce((sum, piece) => sum + areaOf(piece), 0)
    if (area > areaOf(this.#bin)) return false
    // Pieces as high as the bin lie side by side, whoever comes first.
    if (pieces.every(({ height }) => height === this.#bin.height)) return true
    const sorted = pieces.toSorted((a, b) => a.width - b.width || a.height - b.height)
    return partsOf(sorted) <= partsMax && this.#allPack(sorted)
  }

  /** `sorted`: so that sets that are alike have one name. */
  #allPack(sorted: readonly Size[]): boolean {
    const name = sorted.map(({ width, height }) => `${width}x${height}`).join(' ')
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const pieces = new Map(sorted.map((piece, at) => [String(at), piece]))
    const answer =
      packTogether(this.#bin, pieces) !== null &&
      sorted.every((piece, at) => isSame(piece, sorted[at + 1]) || this.#allPack(sorted.toSpliced(at, 1)))
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(name, answer)
    return answer
  }
}

function partsOf(sorted: readonly Size[]): number {
  let parts = 1
  let alike = 1
  for (const [at, piece] of sorted.entries()) {
    alike += 1
    if (isSame(piece, sorted[at + 1])) continue
    parts *= alike
    alike = 1
  }
  return parts
}

function isSame(a: Size, b: Size | undefined): boolean {
  return b !== undefined && a.width === b.width && a.height === b.height
}
