// What a throughput costs at least in a place, could units be divided: the cheapest throughput first, as far as there is any.
// A linear bound; as the throughput grows, so does the price of each further sample.
import type { Place } from '../policy.ts'

/** USD per hour; infinite where the place can not reach it. */
export function coverAtLeast({ devices }: Place, samplesPerSecond: number): number {
  const cheapestFirst = devices.toSorted(
    (a, b) => a.usdPerUnitHour / a.samplesPerSecondPerUnit - b.usdPerUnitHour / b.samplesPerSecondPerUnit,
  )
  let missing = samplesPerSecond
  let usd = 0
  for (const { unitsFree, samplesPerSecondPerUnit, usdPerUnitHour } of cheapestFirst) {
    if (missing <= 0) break
    const units = Math.min(unitsFree, missing / samplesPerSecondPerUnit)
    missing -= units * samplesPerSecondPerUnit
    usd += units * usdPerUnitHour
  }
  return missing > samplesPerSecond * 1e-9 ? Number.POSITIVE_INFINITY : usd
}
