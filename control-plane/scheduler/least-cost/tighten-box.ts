// What the bounds of a box imply for each other: of so many places that meet at a hub one has at least its share of the samples, so
// that a round is made for each of its intervals, and the more places there are, the longer a round takes. Numbers of
// places for which that is too long are left out.
import type { Box, BoxPrices } from './box-prices.ts'
import type { Kept, Terms } from './terms.ts'

/** The same plans in tighter bounds; null where there are none. */
export function tightened(terms: Terms, prices: BoxPrices, box: Box, { places }: Kept, counted: number): Box | null {
  // Without a hub little is known of how long a round takes.
  if (typeof box.hub === 'string') return box
  const { total, movable, wire } = terms
  const longest = box.secondsUntil - Math.max(box.moveFrom, terms.givenSeconds) - box.outsideFrom
  const isPossible = (count: number): boolean => {
    const load = Math.max(box.loadFrom, total / count)
    if (load > box.loadUntil * (1 + 1e-9)) return false
    return wire.models(load) * prices.leastPerModel({ ...box, placesFrom: count }, places) <= longest * (1 + 1e-9)
  }
  let from = box.placesFrom
  let until = Math.min(box.placesUntil, counted + movable.length)
  while (until >= from && !isPossible(until)) until -= 1
  while (from <= until && !isPossible(from)) from += 1
  if (from > until) return null
  const loadFrom = Math.max(box.loadFrom, (total / until) * (1 - 1e-9))
  return { ...box, placesFrom: from, placesUntil: until, loadFrom }
}
