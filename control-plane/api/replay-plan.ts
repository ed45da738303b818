// A job's plan decided again from what it was decided on, with the catalogue that it was made with: the same, unless the scheduler
// is another one since.
import type { PlanJobRequest__Output } from '#proto/generated/cloudless/v1/PlanJobRequest.ts'
import type { PlanJobResponse } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { storeConfig } from '#control-plane/store/config.ts'
import type { StoredPlan } from '#control-plane/store/store.ts'
import { encodePlan } from '#control-plane/wire/job.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { answerPlan } from './answer-plan.ts'
import type { CreateContext } from './create-job.ts'
import { pinnedCatalogue } from './pinned-catalogue.ts'

export async function replayPlan(
  { store, catalogue }: Pick<CreateContext, 'store' | 'catalogue'>,
  { jobId, version }: PlanJobRequest__Output,
  whatIfs: readonly string[],
): Promise<PlanJobResponse> {
  if ((await store.job(jobId)) === null) throw notFound('job', jobId)
  // The first one is kept beside so many.
  const plans = await store.listPlans(jobId, storeConfig.plansMax + 1, 0)
  const { plan, input } = chosen(jobId, version, plans)
  const current = catalogue()
  const pinned = plan.catalogHash === current.hash ? current : await pinnedCatalogue(store, plan.catalogHash)
  return { ...answerPlan({ input, catalogue: pinned }, whatIfs), recorded: encodePlan(plan) }
}

type Replayable = StoredPlan & { readonly input: NonNullable<StoredPlan['input']> }

/** The newest that can be decided again, or the newest of that version: a resumed job counts from 1 again. */
function chosen(jobId: string, version: number, plans: readonly StoredPlan[]): Replayable {
  const isReplayable = (each: StoredPlan): each is Replayable => each.input !== null
  const found = plans.findLast((each) => (version === 0 ? isReplayable(each) : each.plan.version === version))
  if (found !== undefined && isReplayable(found)) return found
  const others = [...new Set(plans.filter(isReplayable).map((each) => each.plan.version))]
  const fix = others.length === 0 ? 'none of its plans can be' : `plan ${others.join(', ')} can be`
  if (found !== undefined) {
    const text = `what plan ${version} of job ${jobId} was decided on was not kept; ${fix} decided again`
    throw new CloudlessError('conflict', 'NO_PLAN_INPUT', text)
  }
  const what = version === 0 ? 'no plan' : `no plan ${version}`
  throw new CloudlessError('not-found', 'NO_PLAN', `job ${jobId} has ${what} that is kept; ${fix} decided again`)
}
