// The scheduling policies by the name that a job file uses.
import type { PolicyName } from '#proto/policies.ts'
import { cheapestGpu } from './cheapest-gpu.ts'
import { leastCost } from './least-cost/least-cost.ts'
import { loadPower } from './load-power.ts'
import type { Policy } from './policy.ts'
import { proportional } from './proportional.ts'
import { singleRegion } from './single-region.ts'
import { useEverything } from './use-everything.ts'

const byName: Readonly<Record<PolicyName, Policy>> = {
  'least-cost': leastCost,
  'load-power': loadPower,
  'use-everything': useEverything,
  'single-region': singleRegion,
  proportional,
  'cheapest-gpu': cheapestGpu,
}

export const policies: ReadonlyMap<string, Policy> = new Map(Object.entries(byName))
