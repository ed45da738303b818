// The least that a game can cost for whoever knows the whole trace, by a dynamic programme over (tick, work left, what runs).
import type { Game } from './play.ts'

/** Infinite where the deadline can not be met. */
export function optimum({ isThere, work, spotUsd, onDemandUsd }: Game): number {
  const never = Number.POSITIVE_INFINITY
  // Cost from here to the end by work left, for each of what runs: nothing, spot, on demand.
  const ended = (): Float64Array => new Float64Array(work + 1).fill(never, 1)
  let [none, spot, onDemand] = [ended(), ended(), ended()]
  for (let tick = isThere.length - 1; tick >= 0; tick--) {
    const hasSpot = isThere[tick] === true
    const [noneNow, spotNow, onDemandNow] = [ended(), ended(), ended()]
    for (let left = 1; left <= work; left++) {
      // Changes: the first tick makes no progress.
      const toNone = none[left]!
      const toSpot = hasSpot ? spotUsd + spot[left]! : never
      const toOnDemand = onDemandUsd + onDemand[left]!
      noneNow[left] = Math.min(toNone, toSpot, toOnDemand)
      spotNow[left] = hasSpot ? Math.min(toNone, toOnDemand, spotUsd + spot[left - 1]!) : noneNow[left]!
      onDemandNow[left] = Math.min(toNone, toSpot, onDemandUsd + onDemand[left - 1]!)
    }
    ;[none, spot, onDemand] = [noneNow, spotNow, onDemandNow]
  }
  return none[work]!
}
