// Loss, evaluations and WAN bytes over time, each line in at most so many points.
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { reportConfig } from './config.ts'

/** [seconds since the start, value], in ascending order of time. */
export type Point = readonly [number, number]
export type Curve = { readonly name: string; readonly points: readonly Point[] }
export type MetricChart = { readonly metric: string; readonly curves: readonly Curve[] }

export function lossCurves(rounds: readonly Round__Output[], startMs: number): readonly Curve[] {
  return perRegion(rounds, (own) =>
    own.filter(({ loss }) => Number.isFinite(loss)).map(({ atMs, loss }): Point => [since(startMs, atMs), loss]),
  )
}

/** Bytes sent so far. */
export function wanCurves(rounds: readonly Round__Output[], startMs: number): readonly Curve[] {
  return perRegion(rounds, (own) => {
    let bytes = 0
    const points = own.map(({ atMs, bytesSent }): Point => [since(startMs, atMs), (bytes += bytesSent)])
    return points.length === 0 ? [] : [[Math.max(0, points[0]![0] - (own[0]?.seconds ?? 0)), 0], ...points]
  })
}

/** One chart per metric: metrics share no scale. */
export function metricCharts(evaluations: readonly Evaluation__Output[], startMs: number): readonly MetricChart[] {
  const metrics = [...new Set(evaluations.flatMap((evaluation) => Object.keys(evaluation.metrics)))].sort()
  return metrics.map((metric) => {
    const told = evaluations.filter((evaluation) => Number.isFinite(evaluation.metrics[metric]))
    const byRegion = [...Map.groupBy(told, ({ region }) => region)].sort(([a], [b]) => (a < b ? -1 : 1))
    const curves = byRegion.map(([name, own]) => ({
      name,
      points: thin(own.map(({ atMs, metrics: at }): Point => [since(startMs, atMs), at[metric]!]).sort(byTime)),
    }))
    return { metric, curves }
  })
}

function perRegion(
  rounds: readonly Round__Output[],
  pointsOf: (own: readonly Round__Output[]) => readonly Point[],
): readonly Curve[] {
  return [...Map.groupBy(rounds, ({ region }) => region)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({ name, points: thin(pointsOf(own.toSorted((a, b) => a.atMs - b.atMs))) }))
    .filter(({ points }) => points.length > 0)
}

/** Evenly spread, with the first and the last. */
export function thin<T>(points: readonly T[], max: number = reportConfig.pointsMax): readonly T[] {
  if (points.length <= max) return points
  return Array.from({ length: max }, (_, i) => points[Math.round((i * (points.length - 1)) / (max - 1))]!)
}

function since(startMs: number, atMs: number): number {
  // Agents' wall clocks may differ from the control plane's by a little.
  return Math.max(0, atMs - startMs) / 1000
}

function byTime(a: Point, b: Point): number {
  return a[0] - b[0]
}
