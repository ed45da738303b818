// What probes tell of how long batches take, as policies that foresee take it. Where MPS held multiprocessors apart a probe's share is of
// these; without it tokens stood for them, so the share was of the time on all of them, and is told as that.
import { pointsMax } from './config.ts'
import type { Probe } from './probes.ts'

export type Point = {
  readonly batch: number
  readonly smMilli: number
  readonly quotaMilli: number
  readonly latencyMs: number
}

/** Of single processes that fitted, by batch, then the smaller share first; each place once. */
export function pointsOf(probes: readonly Probe[], isMps: boolean): readonly Point[] {
  const points = new Map<string, Point>()
  for (const { configuration, measurement } of probes) {
    const { batch, processes } = configuration
    if (measurement === null || processes !== 1) continue
    const { smMilli, quotaMilli } = isMps ? configuration : inTime(configuration)
    const place = `${batch} ${smMilli} ${quotaMilli}`
    // More digits would be noise.
    const latencyMs = Number(measurement.latencyMs.toPrecision(6))
    if (!points.has(place)) points.set(place, { batch, smMilli, quotaMilli, latencyMs })
  }
  return [...points.values()]
    .sort((a, b) => a.batch - b.batch || a.smMilli - b.smMilli || a.quotaMilli - b.quotaMilli)
    .slice(0, pointsMax)
}

function inTime({ smMilli, quotaMilli }: Probe['configuration']): Pick<Point, 'smMilli' | 'quotaMilli'> {
  return { smMilli: 1000, quotaMilli: Math.max(1, Math.round((smMilli * quotaMilli) / 1000)) }
}
