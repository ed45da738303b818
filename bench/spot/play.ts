// A job that runs on one machine at a time, on a trace of spot availability, tick by tick: what a policy makes of it. Every
// change to other capacity takes one tick, which is paid for and makes no progress.

export type Capacity = 'spot' | 'on-demand' | 'none'

export type Game = {
  /** Whether spot capacity is there, from the job's start to its deadline. */
  readonly isThere: readonly boolean[]
  /** Ticks of work. */
  readonly work: number
  /** USD per tick. */
  readonly spotUsd: number
  readonly onDemandUsd: number
}

export type Moment = {
  readonly tick: number
  readonly left: number
  readonly now: Capacity
  readonly isSpotThere: boolean
}

export type Outcome = { readonly usd: number; readonly isInTime: boolean }

/** A policy that asks for spot capacity that is not there gets none. */
export function play({ isThere, work, spotUsd, onDemandUsd }: Game, policy: (moment: Moment) => Capacity): Outcome {
  let [left, usd] = [work, 0]
  let now: Capacity = 'none'
  for (const [tick, isSpotThere] of isThere.entries()) {
    if (left === 0) break
    if (now === 'spot' && !isSpotThere) now = 'none'
    const asked = policy({ tick, left, now, isSpotThere })
    const next = asked === 'spot' && !isSpotThere ? 'none' : asked
    if (next !== 'none') usd += next === 'spot' ? spotUsd : onDemandUsd
    if (next !== 'none' && next === now) left -= 1
    now = next
  }
  return { usd, isInTime: left === 0 }
}
