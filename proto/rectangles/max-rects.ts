// Free space as its maximal rectangles (Jylänki, "A Thousand Ways to Pack the Bin", 2010; FaST-GShare, ICPP'23): time across,
// multiprocessors up. What is taken cuts every free rectangle that it touches into up to four; those that lie in another are
// dropped. What is left are all maximal free rectangles and nothing else, so a piece fits if and only if one of them holds it.
// Pieces are not turned: time is no multiprocessor.

export type Size = { readonly width: number; readonly height: number }
export type Rectangle = Size & { readonly x: number; readonly y: number }
export type FitRule = 'best-area' | 'best-short-side' | 'best-long-side' | 'bottom-left'

export const fitRules: readonly FitRule[] = ['best-area', 'best-short-side', 'best-long-side', 'bottom-left']

/** Where the piece goes by the rule, in the corner of a free rectangle; null where none holds it. Ties go to the first. */
export function findRoom(free: readonly Rectangle[], piece: Size, rule: FitRule): Rectangle | null {
  let best: Rectangle | null = null
  let least: readonly [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const room of free) {
    if (room.width < piece.width || room.height < piece.height) continue
    const cost = costOf(room, piece, rule)
    if (cost[0] > least[0] || (cost[0] === least[0] && cost[1] >= least[1])) continue
    best = room
    least = cost
  }
  return best === null ? null : { x: best.x, y: best.y, width: piece.width, height: piece.height }
}

function costOf(room: Rectangle, piece: Size, rule: FitRule): readonly [number, number] {
  const across = room.width - piece.width
  const up = room.height - piece.height
  switch (rule) {
    case 'best-area':
      return [areaOf(room) - areaOf(piece), Math.min(across, up)]
    case 'best-short-side':
      return [Math.min(across, up), Math.max(across, up)]
    case 'best-long-side':
      return [Math.max(across, up), Math.min(across, up)]
    case 'bottom-left':
      return [room.y + piece.height, room.x]
  }
}

/** The maximal free rectangles once `taken` is taken too. */
export function cut(free: readonly Rectangle[], taken: Rectangle): readonly Rectangle[] {
  const whole: Rectangle[] = []
  const pieces: Rectangle[] = []
  for (const room of free) {
    if (overlap(room, taken)) pieces.push(...around(room, taken))
    else whole.push(room)
  }
  // What was not touched is maximal still, and lies in no piece of another.
  const kept = pieces.filter(
    (piece, at) =>
      !whole.some((other) => holds(other, piece)) &&
      !pieces.some((other, beside) => beside !== at && holds(other, piece) && (!holds(piece, other) || beside < at)),
  )
  return [...whole, ...kept]
}

/** The maximal free rectangles of a bin in which these are taken. */
export function freeBeside(bin: Size, taken: Iterable<Rectangle>): readonly Rectangle[] {
  let free: readonly Rectangle[] = [{ x: 0, y: 0, width: bin.width, height: bin.height }]
  for (const one of taken) free = cut(free, one)
  return free
}

export function areaOf({ width, height }: Size): number {
  return width * height
}

export function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

export function holds(outer: Rectangle, inner: Rectangle): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  )
}

/** What is left of a free rectangle below, above, left and right of what is taken: each as large as it can be. */
function around(room: Rectangle, taken: Rectangle): readonly Rectangle[] {
  const right = taken.x + taken.width
  const above = taken.y + taken.height
  return [
    { ...room, height: taken.y - room.y },
    { ...room, y: above, height: room.y + room.height - above },
    { ...room, width: taken.x - room.x },
    { ...room, x: right, width: room.x + room.width - right },
  ].filter(({ width, height }) => width > 0 && height > 0)
}
