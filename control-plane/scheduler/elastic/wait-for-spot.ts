// A job with a deadline that has lost spot capacity need not buy on demand at once: while its progress keeps up with time it
// waits for the capacity to come back, as spot-or-on-demand.ts has it. Time is counted at the fastest that the job could go,
// because that is what is left to it when waiting was in vain.
import { recoverySeconds } from '../config.ts'
import { spotOrOnDemand } from '../spot-or-on-demand.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Look } from './look.ts'

/** Whether the next plan, which would buy more on demand, is put off. `share` of the work is left. */
export function isPutOff({ job, plan, triggers, nowMs }: Look, next: Plan, share: number): boolean {
  const { objective } = job.spec
  if (objective.kind !== 'deadline' || job.startedAtMs === null || !(share > 0)) return false
  const hasLost = triggers.some(({ kind }) => kind === 'device-lost' || kind === 'device-leaving')
  // What was bought on demand does not come back by itself.
  if (!hasLost || unitsOf(plan, 'spot') === 0 || unitsOf(next, 'on-demand') <= unitsOf(plan, 'on-demand')) return false
  const fastest = next.alternatives.find(({ name }) => name === 'fastest')?.forecast ?? next.forecast
  if (fastest === null) return false
  const situation = {
    workSeconds: fastest.seconds / share,
    leftSeconds: fastest.seconds,
    secondsSinceStart: (nowMs - job.startedAtMs) / 1000,
    secondsToDeadline: (objective.atMs - nowMs) / 1000,
    changeSeconds: recoverySeconds,
    now: 'none',
    isSpotThere: false,
  } as const
  return spotOrOnDemand(situation) === 'none'
}

function unitsOf({ partitions }: Plan, wanted: 'spot' | 'on-demand'): number {
  const allocations = partitions.flatMap((partition) => partition.allocations)
  return allocations.reduce((sum, { market, units }) => sum + (market === wanted ? units : 0), 0)
}
