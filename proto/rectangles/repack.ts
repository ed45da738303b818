// Room made by moving others ("keep-restructure"): where a piece fits nowhere although enough is free, one of the others is moved, or
// all are laid out anew, large ones first, by each rule. Of layouts that hold all of them the one with the fewest moves is
// taken. A rectangle certifies that pieces can run side by side; it is no timetable, so a move on one GPU costs nothing but the
// writing of it.
import { areaOf, findRoom, type FitRule, fitRules, cut, freeBeside, type Rectangle, type Size } from './max-rects.ts'

/** The new piece, and the others that lie elsewhere than before, by holder. */
export type Repacked = { readonly own: Rectangle; readonly moved: ReadonlyMap<string, Rectangle> }

export function repack(bin: Size, taken: ReadonlyMap<string, Rectangle>, piece: Size, rule: FitRule): Repacked | null {
  const area = [...taken.values()].reduce((sum, one) => sum + areaOf(one), areaOf(piece))
  if (area > areaOf(bin) || piece.width > bin.width || piece.height > bin.height) return null
  return moveOne(bin, taken, piece, rule) ?? layOutAnew(bin, taken, piece)
}

function moveOne(bin: Size, taken: ReadonlyMap<string, Rectangle>, piece: Size, rule: FitRule): Repacked | null {
  for (const [holder, place] of taken) {
    const others = [...taken].flatMap(([other, rectangle]) => (other === holder ? [] : [rectangle]))
    const free = freeBeside(bin, others)
    const own = findRoom(free, piece, rule)
    const elsewhere = own === null ? null : findRoom(cut(free, own), place, rule)
    if (own !== null && elsewhere !== null) return { own, moved: new Map([[holder, elsewhere]]) }
  }
  return null
}

/** All of them side by side, from nothing, by any of the ways that are tried; null where none of these holds them all. */
export function packTogether(bin: Size, pieces: ReadonlyMap<string, Size>): ReadonlyMap<string, Rectangle> | null {
  const waiting = [...pieces].map(([holder, { width, height }]) => ({ holder, width, height }))
  for (const order of orders)
    for (const rule of fitRules) {
      const places = layOut(bin, waiting.toSorted(order), rule)
      if (places !== null) return places
    }
  return null
}

type Waiting<Holder extends string | null = string | null> = Size & { readonly holder: Holder }

// Each tells apart all that are not alike, so that the same pieces give the same answer in whatever order they come.
const orders: readonly ((a: Waiting, b: Waiting) => number)[] = [
  (a, b) => areaOf(b) - areaOf(a) || b.height - a.height,
  (a, b) => b.height - a.height || b.width - a.width,
  (a, b) => b.width - a.width || b.height - a.height,
]

function layOutAnew(bin: Size, taken: ReadonlyMap<string, Rectangle>, piece: Size): Repacked | null {
  const waiting: readonly Waiting[] = [
    ...[...taken].map(([holder, { width, height }]) => ({ holder, width, height })),
    { ...piece, holder: null },
  ]
  let best: Repacked | null = null
  for (const order of orders)
    for (const rule of fitRules) {
      const laidOut = layOut(bin, waiting.toSorted(order), rule)
      if (laidOut === null) continue
      const moved = [...laidOut].flatMap(([holder, place]): [string, Rectangle][] =>
        holder === null || isSame(place, taken.get(holder)!) ? [] : [[holder, place]],
      )
      if (best === null || moved.length < best.moved.size) best = { own: laidOut.get(null)!, moved: new Map(moved) }
    }
  return best
}

function layOut<Holder extends string | null>(
  bin: Size,
  waiting: readonly Waiting<Holder>[],
  rule: FitRule,
): ReadonlyMap<Holder, Rectangle> | null {
  const places = new Map<Holder, Rectangle>()
  let free = freeBeside(bin, [])
  for (const { holder, width, height } of waiting) {
    const place = findRoom(free, { width, height }, rule)
    if (place === null) return null
    places.set(holder, place)
    free = cut(free, place)
  }
  return places
}

function isSame(a: Rectangle, b: Rectangle): boolean {
  return a.x === b.x && a.y === b.y
}
