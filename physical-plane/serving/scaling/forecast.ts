// Requests a second that are to be expected in a while, from the last seconds alone: the mean of a quarter of a minute; the last three
// seconds' instead where they are more than chance makes of that mean; and, where the last ten seconds differ from the ten before by
// more than chance, the same again of that difference. Counts of independent requests scatter by the root of their number.
import type { Second } from './autoscaler.ts'
import { meanOver } from './capacity.ts'

export const forecastConfig = {
  slowSeconds: 15,
  fastSeconds: 3,
  trendSeconds: 10,
  /** Standard deviations that are more than chance. */
  deviations: 2,
} as const

export type Forecast = { readonly rate: number; readonly slopePerSecond: number }

/** `aheadSeconds` from now; a load that falls is not taken to go on falling, nor one that rises to rise for longer than it was seen to. */
export function forecastRate(history: readonly Second[], aheadSeconds: number, patienceSeconds = 0): number {
  const { rate, slopePerSecond } = forecast(history, patienceSeconds)
  return rate + Math.max(0, slopePerSecond) * Math.min(aheadSeconds, forecastConfig.trendSeconds)
}

/** Where requests may wait for so many seconds no shorter time is a burst. */
export function forecast(history: readonly Second[], patienceSeconds = 0): Forecast {
  const { trendSeconds, deviations } = forecastConfig
  const fastSeconds = Math.max(forecastConfig.fastSeconds, patienceSeconds)
  const slowSeconds = Math.max(forecastConfig.slowSeconds, 2 * patienceSeconds)
  const arrived = ({ arrived: count }: Second): number => count
  const slow = meanOver(history, slowSeconds, arrived)
  const fast = meanOver(history, fastSeconds, arrived)
  const isBurst = fast > slow + deviations * Math.sqrt(Math.max(slow, 1 / slowSeconds) / fastSeconds)
  const rate = isBurst ? fast : slow
  if (history.length < 2 * trendSeconds) return { rate, slopePerSecond: 0 }
  const now = meanOver(history, trendSeconds, arrived)
  const before = meanOver(history.slice(0, -trendSeconds), trendSeconds, arrived)
  const isTrend = Math.abs(now - before) > deviations * Math.sqrt((now + before) / trendSeconds)
  return { rate, slopePerSecond: isTrend ? (now - before) / trendSeconds : 0 }
}
