// Dynamic local updates, DyLU (Liu et al., arXiv 2401.09135): each region makes as many local steps per round as it has
// time for while the fastest makes all of them, so that all are done at the same time and nobody waits.
import type { SyncSettings } from '#proto/sync/settings.ts'

/** Local steps per round by region. A region whose speed is not known yet makes all of them. */
export function stepsByRegion(
  steps: number,
  regions: readonly string[],
  stepsPerSecond: Readonly<Record<string, number>>,
  pacing: SyncSettings['pacing'],
): Readonly<Record<string, number>> {
  const speedOf = (region: string): number => stepsPerSecond[region] ?? 0
  const fastest = Math.max(0, ...regions.map(speedOf))
  const stepsOf = (region: string): number => {
    const isMeasured = speedOf(region) > 0
    if (pacing === 'even' || !isMeasured) return steps
    return Math.max(1, Math.floor(steps * (speedOf(region) / fastest)))
  }
  return Object.fromEntries([...regions].sort().map((region) => [region, stepsOf(region)]))
}
