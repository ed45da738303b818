// Times as people give them to --since and --until: so long ago, or a date.
import { invalid } from '#runtime/errors.ts'

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** "30d", "12h", "2026-11-01" or "2026-11-01T08:00Z"; dates are UTC. */
export function parseTime(option: string, given: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(given) ?? []
  if (count !== undefined && unit !== undefined) return Math.max(1, nowMs - Number(count) * unitMs[unit]!)
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(given)
  const atMs = isDate ? Date.parse(given) : Number.NaN
  if (Number.isNaN(atMs) || atMs < 0) {
    const description = `${JSON.stringify(given)} is no time; give for example 30d, 12h, 2026-11-01 or 2026-11-01T08:00Z`
    throw invalid([{ field: option, description }])
  }
  return atMs
}
