// A plan from what it is decided on: the same input and catalogue give the same plan in any process, at any time.
import type { Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'
import { planGoingOn } from './elastic/going-on.ts'
import { placeJob } from './place-job.ts'
import { contextOf } from './plan-input.ts'
import { profileFirst } from './profile.ts'

export function planOn(input: PlanInput, catalogue: Catalogue): Plan {
  const context = contextOf(input, catalogue)
  const { spec, goingOn } = input
  if (goingOn !== undefined) return planGoingOn(context, spec, goingOn)
  const { plan } = placeJob(context, spec)
  return input.isProfile === true ? profileFirst(context, spec, plan) : plan
}
