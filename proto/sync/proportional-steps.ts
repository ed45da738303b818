// Dynamic local updates, DyLU (Liu et al., arXiv 2401.09135): each region makes as many local steps per round as it has
// time for while the fastest makes all of them, so that all are done at the same time and nobody waits.
import { stepTolerance } from './config.ts'
import type { SyncSettings } from './settings.ts'

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
    return Math.max(1, Math.floor(((steps * speedOf(region)) / fastest) * (1 + stepTolerance)))
  }
  return Object.fromEntries([...regions].sort().map((region) => [region, stepsOf(region)]))
}

/** Seconds per step of the region that sets the pace: the fastest where the others make fewer, else the slowest. */
export function paceSeconds(stepsPerSecond: readonly number[], pacing: SyncSettings['pacing']): number | null {
  const speeds = stepsPerSecond.filter((speed) => speed > 0)
  if (speeds.length === 0) return null
  return 1 / (pacing === 'proportional' ? Math.max(...speeds) : Math.min(...speeds))
}

/** Every fragment is exchanged once per interval, so a round comes after its share of the steps. */
export function stepsPerRound(interval: number, fragments: number): number {
  return Math.max(1, Math.floor(interval / fragments))
}

/** As many fragments as asked, where there is a step and an element for each. */
export function fragmentsWithin(asked: number, max: number): number {
  return Math.max(1, Math.min(asked, max))
}
