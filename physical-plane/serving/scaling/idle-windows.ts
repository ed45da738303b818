// How long a function without requests keeps its last instance, and when one begins again before the next request is likely: from
// the gaps between its requests, the mean of what a long and a short window say (Dilu's thresholds), so that neither a habit of
// days nor the last minutes alone decide.

export const idleConfig = {
  longWindowMs: 858_000,
  shortWindowMs: 200_000,
  /** Percentiles of the gaps: before the one hardly any request comes, after the other hardly any more. */
  preWarmPercentile: 5,
  keepAlivePercentile: 90,
  /** Where there are no gaps to tell. */
  keepAliveMsDefault: 200_000,
  /** A shorter absence is not worth a start. */
  absenceMsMin: 30_000,
  gapsMax: 500,
} as const

export type IdleGap = { readonly endedAtMs: number; readonly ms: number }

export type IdleWindows = { readonly preWarmMs: number; readonly keepAliveMs: number }

export function idleWindows(gaps: readonly IdleGap[], nowMs: number): IdleWindows {
  const within = (windowMs: number): readonly number[] =>
    gaps.filter(({ endedAtMs }) => endedAtMs > nowMs - windowMs).map(({ ms }) => ms)
  const long = within(idleConfig.longWindowMs)
  const short = within(idleConfig.shortWindowMs)
  const mean = (percentile: number): number | null => {
    const known = [percentileOf(long, percentile), percentileOf(short, percentile)].filter((ms) => ms !== null)
    return known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0) / known.length
  }
  return {
    preWarmMs: mean(idleConfig.preWarmPercentile) ?? 0,
    keepAliveMs: mean(idleConfig.keepAlivePercentile) ?? idleConfig.keepAliveMsDefault,
  }
}

/** Whether one instance should be there after so long without a request. */
export function isWarm(idleMs: number, { preWarmMs, keepAliveMs }: IdleWindows): boolean {
  if (idleMs < idleConfig.absenceMsMin) return true
  const isWorthGoing = preWarmMs >= 2 * idleConfig.absenceMsMin
  return idleMs <= keepAliveMs && (!isWorthGoing || idleMs >= preWarmMs)
}

function percentileOf(values: readonly number[], percentile: number): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)]!
}
