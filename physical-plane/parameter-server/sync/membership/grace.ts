// How long a round waits for the late once it has its quorum: as long as that region usually takes, and three standard
// deviations (estimated by the median absolute deviation, so that one hiccup does not move it). Each region is judged by
// its own arrivals: a deadline from everybody's would cut off the slowest region, often the one with most data, in every
// round. Offsets count from the first contribution of the round, however long that took to compute, so that the bounds
// are what they are called: how long those who are ready may wait. Offsets of contributions that came too late are
// remembered like others, lest a region that slowed down for good stays outside for ever.
import { arrivalsRemembered, lateDeviations } from './config.ts'

export type GraceBounds = { readonly graceMinMs: number; readonly graceMaxMs: number }

/** Offsets with one more, the oldest forgotten. */
export function rememberArrival(offsetsMs: readonly number[], offsetMs: number): readonly number[] {
  return [...offsetsMs, Math.max(0, offsetMs)].slice(-arrivalsRemembered)
}

/** How long after its first contribution a round should wait, from the newest arrival offsets. Without any, as long as it may. */
export function graceMs(offsetsMs: readonly number[], { graceMinMs, graceMaxMs }: GraceBounds): number {
  if (offsetsMs.length === 0) return graceMaxMs
  const newest = offsetsMs.slice(-arrivalsRemembered)
  const centre = median(newest)
  const deviation = median(newest.map((offset) => Math.abs(offset - centre)))
  return Math.min(graceMaxMs, Math.max(graceMinMs, centre + lateDeviations * 1.4826 * deviation))
}

/** When nobody of `missing` is waited for any more: the latest of their graces. */
export function graceEndsMs(
  firstMs: number,
  missing: readonly string[],
  offsetsMsOf: (region: string) => readonly number[],
  bounds: GraceBounds,
): number {
  return firstMs + missing.reduce((latest, region) => Math.max(latest, graceMs(offsetsMsOf(region), bounds)), 0)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
