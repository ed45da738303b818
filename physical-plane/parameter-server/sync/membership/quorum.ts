// How many must agree. A majority of the job's regions commits a round, so that two hubs can never commit the same one;
// a quorum of contributions closes a round, so that nobody waits for ever. The two are different numbers: a round with
// one contribution is a round once a majority holds its result.
import { assert } from '#runtime/assert.ts'

/** More than half. */
export function majority(count: number): number {
  assert(count >= 1, `a majority of ${count} regions does not exist`)
  return Math.floor(count / 2) + 1
}

/**
 * Contributions that may close a round: what the job asks for, or else the majority of its regions; never more than
 * there are regions that could still contribute, and at least one.
 */
export function closingQuorum(asked: number, regions: number, expected: number): number {
  const wanted = asked === 0 ? majority(regions) : asked
  return Math.max(1, Math.min(wanted, expected))
}

export type Waiting = {
  /** Contributions that are here, of regions that are still expected or not. */
  readonly arrived: readonly string[]
  /** Regions that live and are still to contribute, with those that already did. */
  readonly expected: readonly string[]
  readonly quorum: number
  /** Until when late ones are waited for; see `graceEndsMs`. */
  readonly graceEndsMs: number
}

/** S12: everybody is here, or the quorum is and the grace is over. A round of nobody never closes. */
export function isClosing({ arrived, expected, quorum, graceEndsMs }: Waiting, nowMs: number): boolean {
  if (arrived.length === 0) return false
  const here = new Set(arrived)
  if (expected.every((region) => here.has(region))) return true
  return arrived.length >= quorum && nowMs >= graceEndsMs
}
