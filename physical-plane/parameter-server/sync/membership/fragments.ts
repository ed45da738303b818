// Which elements are exchanged together (Streaming DiLoCo, arXiv 2501.18512). Fragments have the same length to one
// element, so that the peak of traffic is an even share, and each takes pieces from all over the model (the paper's
// strided pattern), because layers learn at different speeds. Pieces are dealt in the order of the layout to whichever
// fragment has most room; no piece is longer than a share of a fragment, so that one huge embedding is spread, too.
// Buffers are dealt like parameters; what is special about them is how they are applied.
import { assert } from '#runtime/assert.ts'
import type { Layout } from '../../replica/layout.ts'
import { piecesPerFragment } from './config.ts'

/** Elements of the flat vector, the end excluded. */
export type Range = { readonly start: number; readonly end: number }

/**
 * The ranges of each fragment, ascending, without overlap; every element is in exactly one fragment. Never more
 * fragments than elements. One fragment is the whole model.
 */
export function fragmentsOf(layout: Pick<Layout, 'tensors'>, fragments: number): readonly (readonly Range[])[] {
  assert(Number.isSafeInteger(fragments) && fragments >= 1, `a model is cut into 1 or more fragments, not ${fragments}`)
  const elements = layout.tensors.reduce((sum, { length }) => sum + length, 0)
  const count = Math.max(1, Math.min(fragments, elements))
  const room = Array.from({ length: count }, (_, j) => Math.floor(elements / count) + (j < elements % count ? 1 : 0))
  const dealt: Range[][] = room.map(() => [])
  const pieceMax = Math.max(1, Math.ceil(elements / (count * piecesPerFragment)))
  let start = 0
  for (const { length } of layout.tensors) {
    const tensorEnd = start + length
    while (start < tensorEnd) {
      const fragment = roomiest(room)
      const end = Math.min(tensorEnd, start + pieceMax, start + room[fragment]!)
      append(dealt[fragment]!, { start, end })
      room[fragment]! -= end - start
      start = end
    }
  }
  return dealt
}

export function elementsIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Ties go to the lower fragment, so that all regions cut alike. */
function roomiest(room: readonly number[]): number {
  let best = 0
  for (const [fragment, elements] of room.entries()) if (elements > room[best]!) best = fragment
  return best
}

function append(ranges: Range[], range: Range): void {
  const last = ranges.at(-1)
  if (last?.end === range.start) ranges[ranges.length - 1] = { start: last.start, end: range.end }
  else ranges.push(range)
}
