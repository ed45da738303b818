// How much more comes within a second than was foreseen: what no reaction can meet, as it is there before anybody could act, and has to
// be kept in reserve. Of the last minutes, weighed by requests: so much that as many of them as the objective's percentile asks for
// came in seconds that forecast and reserve covered. Where requests may wait for long, it is as many seconds together that count. What instances leave room for at a steady rate (pool.ts) is no surprise.
// A load that comes in bursts out of nothing has a large reserve; one that only grows and falls has none.

export const surpriseConfig = {
  seconds: 600,
} as const

export type Surprises = {
  /** Requests a second that were foreseen for the second that comes; null before the first one. */
  readonly foreseen: number | null
  /** Newest last. */
  readonly past: readonly { readonly arrived: number; readonly foreseen: number; readonly excess: number }[]
}

export const surprisesStart: Surprises = { foreseen: null, past: [] }

/**
 * `arrived` in the second that has ended, `foreseen` for the next one; `spread` requests a second are left room for at a rate of one,
 * and requests may wait for about so many seconds.
 */
export function surprisesAfter(
  before: Surprises,
  { arrived, foreseen }: { readonly arrived: number; readonly foreseen: number },
  spread: number,
  patienceSeconds = 1,
): Surprises {
  if (before.foreseen === null) return { foreseen, past: before.past }
  const together = before.past.slice(before.past.length - patienceSeconds + 1)
  const expected = together[0]?.foreseen ?? before.foreseen
  const came = together.reduce((sum, one) => sum + one.arrived, arrived) / (together.length + 1)
  const chance = spread * Math.sqrt(Math.max(1, expected))
  const excess = Math.max(0, came - expected - chance)
  const past = [...before.past, { arrived, foreseen: before.foreseen, excess }]
  return { foreseen, past: past.slice(-surpriseConfig.seconds) }
}

/** Requests a second. */
export function reserveOf({ past }: Surprises, percentile: number): number {
  const total = past.reduce((sum, { arrived }) => sum + arrived, 0)
  let spared = total * (1 - percentile / 100)
  const surprising = past.filter(({ excess }) => excess > 0).toSorted((a, b) => b.excess - a.excess)
  for (const { arrived, excess } of surprising) {
    spared -= arrived
    if (spared < 0) return excess
  }
  return 0
}
