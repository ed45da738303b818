// The interval that the job asks for. Regions still pace themselves: the fastest makes that many local steps, slower
// ones in proportion, unless the job wants them even.
import { fragmentsWithin, stepsByRegion, stepsPerRound } from '#proto/sync/proportional-steps.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { RoundPlan } from '../../rounds/types.ts'
import { revisePlan } from './revise-plan.ts'

export type PlanInput = {
  /** Regions that take part, ascending. */
  readonly regions: readonly string[]
  /** By region; absent or 0 where not measured yet. */
  readonly stepsPerSecond: Readonly<Record<string, number>>
  /** float32 elements of the model. */
  readonly elements: number
}

export function planFixed(settings: SyncSettings, input: PlanInput, previous: RoundPlan | null): RoundPlan {
  const { interval, codec, density, pacing } = settings
  const fragments = fragmentsWithin(settings.fragments, Math.min(interval, input.elements))
  const steps = stepsPerRound(interval, fragments)
  return revisePlan(previous, {
    intervals: stepsByRegion(steps, input.regions, input.stepsPerSecond, pacing),
    codec,
    density,
    fragments,
    reason: fixedReason(settings, steps, fragments),
  })
}

function fixedReason({ interval, codec, pacing }: SyncSettings, steps: number, fragments: number): string {
  const often = fragments === 1 ? '' : `, one of ${fragments} fragments every ${steps}`
  const pace = pacing === 'even' ? 'in every region' : 'in the fastest region'
  return `the job asks for an exchange every ${interval} local steps ${pace}${often}, in ${codec}`
}
