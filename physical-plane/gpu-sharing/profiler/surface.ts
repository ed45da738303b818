// A recorded surface as a `Measure`: what a device answered once, so that searches run where there is none. Configurations between
// the recorded ones are interpolated linearly between logarithms, as latency goes in powers of what a function gets.
import { invalid } from '#runtime/errors.ts'
import { axes, keyOf } from './grid.ts'
import type { Configuration, Measure, Measurement } from './measure.ts'

export type Surface = {
  readonly measure: Measure
  /** `null` where it did not run, and outside of what was recorded. */
  readonly at: (configuration: Configuration) => Measurement | null
  readonly levels: { readonly [Axis in keyof Configuration]: readonly number[] }
}

export type SurfacePoint = Configuration & Measurement

export function surfaceOf(points: readonly SurfacePoint[]): Surface {
  if (points.length === 0) throw invalid([{ field: 'points', description: 'has none; record at least one' }])
  const table = new Map<string, Measurement>()
  for (const [index, point] of points.entries()) {
    for (const field of ['latencyMs', 'throughputPerSecond'] as const) {
      const value = point[field]
      if (!(Number.isFinite(value) && value > 0))
        throw invalid([{ field: `points[${index}].${field}`, description: `${value} is not a positive number` }])
    }
    const { latencyMs, throughputPerSecond } = point
    table.set(keyOf(point), { latencyMs, throughputPerSecond })
  }
  const levelsOf = (axis: keyof Configuration): number[] =>
    [...new Set(points.map((point) => point[axis]))].toSorted((a, b) => a - b)
  const levels = {
    smMilli: levelsOf('smMilli'),
    quotaMilli: levelsOf('quotaMilli'),
    batch: levelsOf('batch'),
    processes: levelsOf('processes'),
  }
  const at = (configuration: Configuration): Measurement | null =>
    table.get(keyOf(configuration)) ?? interpolated(table, levels, configuration)
  return { at, levels, measure: async (configuration) => await Promise.resolve(at(configuration)) }
}

/** From the recorded corners of the cell around it; `null` where one of those did not run. */
function interpolated(
  table: ReadonlyMap<string, Measurement>,
  levels: Surface['levels'],
  configuration: Configuration,
): Measurement | null {
  let corners: { readonly corner: Configuration; readonly weight: number }[] = [{ corner: configuration, weight: 1 }]
  for (const axis of axes) {
    const value = configuration[axis]
    const below = levels[axis].findLast((level) => level <= value)
    const above = levels[axis].find((level) => level >= value)
    if (below === undefined || above === undefined) return null
    const upward = below === above ? 0 : Math.log(value / below) / Math.log(above / below)
    corners = corners.flatMap(({ corner, weight }) => [
      { corner: { ...corner, [axis]: below }, weight: weight * (1 - upward) },
      ...(upward === 0 ? [] : [{ corner: { ...corner, [axis]: above }, weight: weight * upward }]),
    ])
  }
  let latency = 0
  let throughput = 0
  for (const { corner, weight } of corners) {
    const found = table.get(keyOf(corner))
    if (found === undefined) return null
    latency += weight * Math.log(found.latencyMs)
    throughput += weight * Math.log(found.throughputPerSecond)
  }
  return { latencyMs: Math.exp(latency), throughputPerSecond: Math.exp(throughput) }
}
