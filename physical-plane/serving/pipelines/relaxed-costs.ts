// The least that the stages from k on could cost in a given time if a stage could be run partly in one way and partly in another (the
// linear relaxation of the choice): a line of straight pieces from the fastest of everything to the cheapest. What can really be had
// costs at least that, so it is a bound; unlike the sum of the cheapest it sees that little time is left.
import type { StageConfigurations } from './stage-configurations.ts'

/** Corners of the line, in ascending order of time and descending order of cost. */
export type RelaxedCosts = { readonly times: Float64Array; readonly costs: Float64Array }

type Piece = { readonly time: number; readonly saved: number }

/** Computed in other ways than the sums that it is compared with, so a little less than it says. */
const leastPart = 1 - 1e-9

/** At k, of the stages from k on; one more than there are stages. */
export function relaxedCosts(stages: readonly StageConfigurations[]): readonly RelaxedCosts[] {
  const from: RelaxedCosts[] = [{ times: Float64Array.of(0), costs: Float64Array.of(0) }]
  let pieces: readonly Piece[] = []
  let [time, cost] = [0, 0]
  for (const stage of stages.toReversed()) {
    time += stage.times[0]!
    cost += stage.costs[0]!
    // Where a unit of time saves most, it is spent first.
    pieces = [...pieces, ...hullPieces(stage)].toSorted((a, b) => b.saved * a.time - a.saved * b.time)
    const [times, costs] = [new Float64Array(pieces.length + 1), new Float64Array(pieces.length + 1)]
    let [atTime, atCost] = [time, cost]
    times[0] = atTime
    costs[0] = atCost * leastPart
    for (const [index, piece] of pieces.entries()) {
      times[index + 1] = atTime += piece.time
      atCost = Math.max(0, atCost - piece.saved)
      costs[index + 1] = atCost * leastPart
    }
    from.unshift({ times, costs })
  }
  return from
}

/** The least cost in a time that suffices for the fastest; `corner` is the last one that is reached in it. */
export function relaxedCost({ times, costs }: RelaxedCosts, time: number, corner: number): number {
  if (corner === times.length - 1) return costs[corner]!
  const part = (time - times[corner]!) / (times[corner + 1]! - times[corner]!)
  return costs[corner]! + part * (costs[corner + 1]! - costs[corner]!)
}

/** The lower convex hull of a stage's configurations, from the fastest to the cheapest (Andrew's monotone chain). */
function hullPieces({ times, costs }: StageConfigurations): readonly Piece[] {
  const hull: number[] = []
  for (let at = 0; at < times.length; at += 1) {
    if (hull.length > 0 && costs[at]! >= costs[hull.at(-1)!]!) continue
    while (hull.length > 1) {
      const [below, last] = [hull.at(-2)!, hull.at(-1)!]
      const savedTo = (costs[below]! - costs[at]!) * (times[last]! - times[below]!)
      if ((costs[below]! - costs[last]!) * (times[at]! - times[below]!) > savedTo) break
      hull.pop()
    }
    hull.push(at)
  }
  return hull.slice(1).map((at, index) => ({
    time: times[at]! - times[hull[index]!]!,
    saved: costs[hull[index]!]! - costs[at]!,
  }))
}
