// What a pass does about one job's budget: warns, and takes the mildest action that the job allows and that helps. A plan that
// was just replaced gets its time to show what it saves before the next action.
import type { JobChange } from '#control-plane/model/actions.ts'
import type { InstanceEvent } from '#control-plane/model/history.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import { figure } from '../policy.ts'
import { lengthened, spendingText, type Spending } from './budget.ts'
import { warnAgain } from './config.ts'
import { inputGoingOn } from './going-on.ts'
import { isFresh, type Look } from './look.ts'
import { causeOf, nextPlan } from './next-plan.ts'
import { cheaper } from './reconsider.ts'
import type { Context, Situation } from './situation.ts'
import type { WorkLeft } from './work-left.ts'

export type BudgetStep = {
  readonly change: JobChange | null
  /** What a plan among the change was decided on. */
  readonly planInput: PlanInput | null
  readonly events: readonly InstanceEvent[]
  /** The forecast that people were last told; null while nothing is amiss. */
  readonly warnedUsd: number | null
  /** Nothing else is to be decided of the job in this pass. */
  readonly isSettled: boolean
}

export function keepBudget(context: Context, look: Look, situation: Situation, left: WorkLeft): BudgetStep {
  const { job, spending, nowMs } = look
  const { warnedUsd } = look.state
  const { budget } = job.spec
  const nothing: BudgetStep = { change: null, planInput: null, events: [], warnedUsd, isSettled: false }
  if (budget === null || spending === null) return nothing
  const mayStop = budget.actions.includes('stop')
  if (spending.isSpent && mayStop) return stopped(job, `the budget is spent: ${spendingText(spending)}`, nowMs)
  if (!spending.isOver) return (job.warning ?? '') === '' ? nothing : calmed(job, spending, nowMs)
  if (!spending.isOverForGood) return nothing
  const isToldAlready = warnedUsd !== null && Math.abs(spending.forecastUsd / warnedUsd - 1) <= warnAgain
  const warned = !budget.actions.includes('warn') || isToldAlready ? nothing : warning(job, spending, nowMs)
  if (isFresh(look)) return warned
  const next = withAnotherPlan(context, look, situation, left, spending)
  if (next !== null) {
    const { plan, planInput } = next
    return { ...warned, change: { ...warned.change, plan }, planInput, isSettled: true }
  }
  // Nobody is stopped for what was only reckoned.
  if (!mayStop || !look.rest.isMeasured) return warned
  const why = `no way to go on that the job allows keeps its budget: ${spendingText(spending)}`
  const stop = stopped(job, why, nowMs)
  return { ...stop, events: [...warned.events, ...stop.events] }
}

function withAnotherPlan(
  context: Context,
  look: Look,
  situation: Situation,
  left: WorkLeft,
  spending: Spending,
): { readonly plan: Plan; readonly planInput: PlanInput } | null {
  const { job, plan } = look
  const actions = job.spec.budget?.actions ?? []
  const modelSize = context.snapshot.modelSizes?.get(job.spec.function.bundleDigest) ?? null
  const longer = actions.includes('lengthen') ? lengthened(situation, job.spec.sync, modelSize) : null
  const change = longer ?? (actions.includes('move') ? cheaper(situation) : null)
  if (change === null) return null
  const next = nextPlan(context, job, plan, change, causeOf([spendingText(spending)], change, left.share))
  if (next === null) return null
  const way = longer === null ? 'move' : 'lengthen'
  return { plan: next, planInput: inputGoingOn(context, { ...look, left }, way, [spendingText(spending)]) }
}

/** Told once, and again when it has become clearly worse or better. */
function warning(job: Job, spending: Spending, nowMs: number): BudgetStep {
  const { forecastUsd } = spending
  const text = spendingText(spending)
  const events = [event(job, `warning: ${text}`, nowMs)]
  return { change: { warning: text }, planInput: null, events, warnedUsd: forecastUsd, isSettled: false }
}

function calmed(job: Job, { forecastUsd }: Spending, nowMs: number): BudgetStep {
  const text = `the forecast is within the budget again: $${figure(forecastUsd)} of $${figure(job.spec.budget!.usd)}`
  return {
    change: { warning: '' },
    planInput: null,
    events: [event(job, text, nowMs)],
    warnedUsd: null,
    isSettled: false,
  }
}

function stopped(job: Job, why: string, nowMs: number): BudgetStep {
  const reason = `stopped: ${why}; it can be resumed from its checkpoints`
  const change: JobChange = { state: 'cancelling', reason, warning: '' }
  return { change, planInput: null, events: [event(job, reason, nowMs)], warnedUsd: null, isSettled: true }
}

function event({ id }: Job, text: string, atMs: number): InstanceEvent {
  return { jobId: id, instanceId: '', attempt: 0, kind: 'budget', text, atMs }
}
