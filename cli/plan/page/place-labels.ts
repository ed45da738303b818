// Names beside points so that none covers another one or a point: each takes the first free of a few spots, the important ones
// first; what finds none is left out, unless it must be there.
import type { Point, Size } from './world-map.ts'

export type Label = {
  readonly text: string
  readonly at: Point
  /** From the point to the text. */
  readonly distance: number
  readonly isNeeded: boolean
  /** Rather above or below the point than beside it. */
  readonly isAbove?: boolean
}

export type PlacedLabel = { readonly text: string; readonly x: number; readonly y: number; readonly anchor: string }

type Box = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number }

const letterWidth = 6.7
const lineHeight = 15

/** In the order given: null where there is no room. */
export function placeLabels(
  labels: readonly Label[],
  points: readonly Point[],
  { width, height }: Size,
): readonly (PlacedLabel | null)[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 6, top: y - 6, right: x + 6, bottom: y + 6 }))
  const isInside = (box: Box): boolean =>
    box.left >= 2 && box.right <= width - 2 && box.top >= 2 && box.bottom <= height
  return labels.map((label) => {
    const spots = spotsOf(label)
    const free = spots.find(({ box }) => isInside(box) && !taken.some((other) => overlap(box, other)))
    const spot = free ?? (label.isNeeded ? (spots.find(({ box }) => isInside(box)) ?? spots[0]) : undefined)
    if (spot === undefined) return null
    taken.push(spot.box)
    return spot.placed
  })
}

function spotsOf({
  text,
  at,
  distance,
  isAbove,
}: Label): readonly { readonly box: Box; readonly placed: PlacedLabel }[] {
  const textWidth = text.length * letterWidth
  const spot = (anchor: 'start' | 'middle' | 'end', dx: number, dy: number) => {
    const [x, y] = [at.x + dx, at.y + dy]
    const left = anchor === 'start' ? x : anchor === 'end' ? x - textWidth : x - textWidth / 2
    const box = { left, right: left + textWidth, top: y - lineHeight + 3, bottom: y + 4 }
    return { box, placed: { text, x, y, anchor } }
  }
  const beside = [spot('start', distance, 4), spot('end', -distance, 4)]
  const above = [spot('middle', 0, -distance), spot('middle', 0, distance + 11)]
  return [
    ...(isAbove === true ? [...above, ...beside] : [...beside, ...above]),
    spot('start', distance, -10),
    spot('start', distance, 18),
    spot('end', -distance, -10),
    spot('end', -distance, 18),
    spot('middle', 0, -distance - 16),
    spot('middle', 0, distance + 27),
  ]
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
