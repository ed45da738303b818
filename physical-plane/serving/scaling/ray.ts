// Ray Serve's rule, as `autoscaling_policy.py` has it: instances in proportion to the requests at once that each should hold, once the
// same direction was decided for a while; up after 30 s, down after 600. Numbers only, with the shape of the file.
import type { Autoscaler } from './autoscaler.ts'
import { concurrencyOf, meanOver } from './capacity.ts'
import { toCount } from './draft.ts'

export const rayConfig = {
  targetOngoing: 2,
  lookBackSeconds: 30,
  upDelayDecisions: 30,
  downDelayDecisions: 600,
} as const

export type RayInput = {
  readonly running: number
  /** Requests at once, of all. */
  readonly ongoing: number
  readonly target: number
  /** Instances that were wanted last: where there are none yet, what is waited for. */
  readonly wanted: number
  /** Of the way that is gone in one step; 1 is all of it. */
  readonly factor: number
}

export function rayDesired({ running, ongoing, target, wanted, factor }: RayInput): number {
  if (running === 0) return ongoing > 0 ? Math.max(Math.ceil(factor), wanted) : wanted
  const desired = running * (ongoing / (target * running))
  const smoothed = Math.ceil(running + factor * (desired - running))
  // Rounding up would hold a small downscale for ever.
  return Math.ceil(desired) < running && smoothed === running ? running - 1 : smoothed
}

/** Decisions in a row upwards, or as a negative number downwards. */
export type RayMemory = { readonly streak: number }

export const ray: Autoscaler<RayMemory> = {
  name: 'ray',
  isQueueing: true,
  initial: { streak: 0 },
  decide: (view, { streak }) => {
    const running = Math.max(1, view.instances.length)
    const ongoing = meanOver(view.history, rayConfig.lookBackSeconds, concurrencyOf)
    const { targetOngoing: target, upDelayDecisions, downDelayDecisions } = rayConfig
    const within = (count: number): number =>
      Math.min(Math.max(1, view.instancesMax), Math.max(1, view.instancesMin, count))
    const desired = within(rayDesired({ running, ongoing, target, wanted: running, factor: 1 }))
    const direction = Math.sign(desired - running)
    const next = direction === 0 ? 0 : Math.sign(streak) === direction ? streak + direction : direction
    const isDecided = next > upDelayDecisions || -next > downDelayDecisions
    const told = `${ongoing.toFixed(1)} requests at once over ${rayConfig.lookBackSeconds} s, ${target} an instance`
    return { actions: toCount(view, isDecided ? desired : running, told), memory: { streak: isDecided ? 0 : next } }
  },
}
