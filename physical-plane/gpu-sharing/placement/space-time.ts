// Which shares of a device go side by side in time and multiprocessors. Shares of all multiprocessors divide the time, and their sum
// tells whether they fit; as soon as one has a part of the multiprocessors all are rectangles, request by multiprocessors, that
// must be packed (proto/rectangles/repack.ts). The packing is a certificate that tokens can be given to everybody, not a timetable.
import { placementConfig } from './config.ts'
import type { Share } from './demand.ts'
import { packTogether } from '#proto/rectangles/repack.ts'
import type { Size } from '#proto/rectangles/max-rects.ts'

const { wholeMilli } = placementConfig
const device = { width: wholeMilli, height: wholeMilli }

export class SpaceTime {
  /** By device; shares of one size are alike. */
  readonly #sizes = new Map<number, readonly Size[]>()
  #partsCount = 0

  /** Somebody has only a part of some device's multiprocessors. */
  get hasParts(): boolean {
    return this.#partsCount > 0
  }

  fits(of: number, share: Share): boolean {
    const own = sizeOf(share)
    const held = this.sizesOn(of)
    // The sums tell; asked of thousands of devices for one placement.
    if (!isPart(own) && !held.some(isPart)) return true
    const sizes = [...held, own]
    return packTogether(device, new Map(sizes.map((size, at) => [String(at), size]))) !== null
  }

  sizesOn(of: number): readonly Size[] {
    return this.#sizes.get(of) ?? []
  }

  add(to: number, share: Share): void {
    const size = sizeOf(share)
    this.#sizes.set(to, [...this.sizesOn(to), size])
    if (isPart(size)) this.#partsCount += 1
  }

  remove(from: number, share: Share): void {
    const { width, height } = sizeOf(share)
    const sizes = this.sizesOn(from)
    const at = sizes.findIndex((size) => size.width === width && size.height === height)
    if (at < 0) return
    if (isPart({ width, height })) this.#partsCount -= 1
    if (sizes.length > 1) this.#sizes.set(from, sizes.toSpliced(at, 1))
    else this.#sizes.delete(from)
  }
}

/** Of the multiprocessors. */
export function isPart({ height }: Size): boolean {
  return height < wholeMilli
}

export function sizeOf({ requestMilli, smMilli = 0 }: Share): Size {
  return { width: requestMilli, height: smMilli === 0 ? wholeMilli : smMilli }
}
