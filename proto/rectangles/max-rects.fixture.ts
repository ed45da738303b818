// Free rectangles by trying everything, and the load of FaST-GShare's paper.
import { holds, overlap, type Rectangle, type Size } from './max-rects.ts'

/** Every maximal free rectangle of a small bin. */
export function freeByBruteForce(bin: Size, taken: readonly Rectangle[]): readonly Rectangle[] {
  const free: Rectangle[] = []
  for (let x = 0; x < bin.width; x += 1)
    for (let y = 0; y < bin.height; y += 1)
      for (let width = 1; x + width <= bin.width; width += 1)
        for (let height = 1; y + height <= bin.height; height += 1) {
          const one = { x, y, width, height }
          if (!taken.some((other) => overlap(one, other))) free.push(one)
        }
  return free.filter((one) => !free.some((other) => other !== one && holds(other, one)))
}

/** As text and sorted, so that lists in another order compare equal. */
export function asText(rectangles: readonly Rectangle[]): readonly string[] {
  return rectangles.map(({ x, y, width, height }) => `${x},${y},${width},${height}`).sort()
}

/** Every order of arrival of things of which some are alike. */
export function orders<T>(counts: readonly { readonly of: T; readonly count: number }[]): readonly (readonly T[])[] {
  if (counts.every(({ count }) => count === 0)) return [[]]
  return counts.flatMap(({ of, count }, at) =>
    count === 0 ? [] : orders(counts.with(at, { of, count: count - 1 })).map((rest) => [of, ...rest]),
  )
}
