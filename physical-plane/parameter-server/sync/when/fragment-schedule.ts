// Which fragment a round exchanges. It follows from the number of the round, which all regions commit in the same order,
// and never from a counter of one region's own: two regions that counted differently would wait for each other for ever.
import { assert } from '#runtime/assert.ts'

/** The fragment of a round; rounds are numbered from 1. */
export function fragmentOf(round: number, fragments: number): number {
  assert(round >= 1, `rounds are numbered from 1, so there is no round ${round}`)
  return (round - 1) % fragments
}
