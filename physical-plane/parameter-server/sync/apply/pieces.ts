// Where the elements of a fragment lie. A fragment travels as one short vector, its ranges end to end; applied, it goes
// back to its places in the long vectors. Pieces end where parameters end and buffers begin, because a buffer, such as
// BatchNorm's running mean, is averaged and never stepped by an optimiser.
import type { Range } from '../membership/fragments.ts'

export type Piece = Range & {
  /** Where the piece begins in the fragment's own vector. */
  readonly at: number
  readonly isBuffer: boolean
}

export function piecesOf(ranges: readonly Range[], parameterCount: number): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const { start, end } of ranges) {
    const border = Math.min(Math.max(start, parameterCount), end)
    if (start < border) pieces.push({ start, end: border, at, isBuffer: false })
    if (border < end) pieces.push({ start: border, end, at: at + border - start, isBuffer: true })
    at += end - start
  }
  return pieces
}
