// The answer to a plan request as a person reads it: the plan, and beside another one what differs.
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import type { PlanJobResponse__Output } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { present } from '#runtime/assert.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { Style } from '../output.ts'
import { renderDifferences } from '../render/plan-differences.ts'
import { renderPlan } from '../render/plan.ts'
import { differencesOf, type Difference } from './differences.ts'

export type PlanAnswer = PlanJobResponse__Output & {
  readonly plan: Plan__Output
  /** Between the plan without the what-ifs and this one; empty where there are none. */
  readonly differences: readonly Difference[]
  /** Whether deciding again gave the plan as it was; null where nothing was replayed. */
  readonly isSame: boolean | null
}

export function planAnswer(response: PlanJobResponse__Output): PlanAnswer {
  const plan = present(response.plan, 'plan in the answer to PlanJob')
  const { without, recorded } = response
  const again = without ?? plan
  return {
    ...response,
    plan,
    differences: without === null ? [] : differencesOf(without, plan),
    isSame: recorded === null ? null : differencesOf(recorded, again).length === 0,
  }
}

export function exitCodeOfPlan({ outcome }: Plan__Output): ExitCode {
  return outcome === 'PLAN_OUTCOME_IMPOSSIBLE' ? exitCodes.failed : exitCodes.ok
}

export function renderAnswer(answer: PlanAnswer, whatIfs: readonly string[], style: Style): string {
  const { plan, without, recorded, differences } = answer
  const blocks = [
    ...(recorded === null ? [] : [replayText(recorded, without ?? plan, style)]),
    renderPlan(plan, style),
    ...(without === null ? [] : [whatIfText(whatIfs, differences, style)]),
  ]
  return blocks.join('\n\n')
}

function whatIfText(whatIfs: readonly string[], differences: readonly Difference[], style: Style): string {
  const asked = `what if ${whatIfs.join(', and ')}?`
  if (differences.length === 0) return `${asked} The plan would be the same.`
  return `${asked}\n${renderDifferences(differences, ['without', 'with'], style)}`
}

function replayText(recorded: Plan__Output, again: Plan__Output, style: Style): string {
  const differences = differencesOf(recorded, again)
  const of = `plan ${recorded.version}, prices of catalogue ${recorded.catalogVersion}`
  if (differences.length === 0) return `${style.green('same plan')} when decided again: ${of}`
  return `${style.red('another plan')} when decided again: ${of}\n${renderDifferences(differences, ['recorded', 'again'], style)}`
}
