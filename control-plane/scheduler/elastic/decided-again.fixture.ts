// For every story of a running job: each of its plans comes out the same again from what is kept with it.
import type { Actions } from '#control-plane/model/actions.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'
import { planOn } from '../decide-again.ts'

export function mustComeAgain({ jobs }: Actions, catalogue: Catalogue): void {
  for (const { id, change, planInput } of jobs) {
    if (!change.plan) continue
    if (planInput === undefined) throw new Error(`plan ${change.plan.version} of ${id} has no input`)
    const kept = JSON.parse(JSON.stringify(planInput)) as PlanInput
    const [made, again] = [change.plan, planOn(kept, catalogue)].map((plan) => JSON.stringify(plan, null, 1))
    if (made !== again) throw new Error(`decided again, a plan is another one:\n${made}\n${again}`)
  }
}
