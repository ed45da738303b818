// What a pass sees of one running job without weighing anything: what is off its plan, whether its deadline and budget will
// be kept as it goes, and whether that is reason enough to weigh the plan now.
import type { Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Agent, Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import type { Links } from '../exchange.ts'
import { figure } from '../policy.ts'
import { spendingOf, type Spending } from './budget.ts'
import { forcedWeighEveryMs, latePauseMs, replaceEveryMs, unitsCameMax, weighEveryMs } from './config.ts'
import { observe, type Trigger } from './observe.ts'
import { hasShownEnough } from './profiled.ts'
import { restOf, type Rest } from './rest.ts'
import { nothingSeen, type ElasticState } from './state.ts'
import { mayUse, type UnitsCame } from './units-came.ts'

export type Look = {
  readonly job: Job
  readonly plan: Plan
  readonly instances: readonly Instance[]
  readonly state: ElasticState
  readonly triggers: readonly Trigger[]
  readonly rest: Rest
  /** Null without a budget. */
  readonly spending: Spending | null
  /** The plan is a profile that has shown what it was made for. */
  readonly isProfiled: boolean
  /** Something changed for good just now. */
  readonly isNews: boolean
  readonly nowMs: number
}

export type Around = {
  readonly snapshot: Snapshot
  readonly links: Links
  /** Agents that lack units which jobs hold. */
  readonly short: ReadonlyMap<string, Agent>
  readonly came: readonly UnitsCame[]
  /** No job waits for units. */
  readonly mayGrow: boolean
  /** Nothing is remembered of any job. */
  readonly isFirst: boolean
}

export function lookAt(
  { snapshot, links, short, came, mayGrow, isFirst }: Around,
  job: Job,
  plan: Plan,
  instances: readonly Instance[],
  known: ElasticState | undefined,
): Look {
  const { nowMs } = snapshot
  const begun = carriedOn(known, plan, snapshot.paidUsd?.get(job.id) ?? 0, nowMs)
  // Before it trains there is nothing to observe, but units are paid for.
  const isRunning = job.state === 'running'
  const observed = isRunning
    ? observe(snapshot, links, short, plan, instances, begun)
    : { state: begun, triggers: [], isNews: false }
  const rest = restOf(job, plan, instances, observed.state)
  const texts = came.length === 0 ? [] : textsFor(job, plan, came)
  const unitsCame =
    texts.length === 0 ? begun.unitsCame : [...new Set([...begun.unitsCame, ...texts])].slice(-unitsCameMax)
  const spending = job.spec.budget === null ? null : spendingOf(job.spec.budget, rest, observed.state, nowMs)
  // A profile's few units say nothing of the plan proper.
  const isOver = spending?.isOver === true && plan.isProfile !== true
  return {
    job,
    plan,
    instances,
    state: { ...observed.state, unitsCame, overSinceMs: isOver ? (begun.overSinceMs ?? nowMs) : null },
    triggers: [
      ...observed.triggers,
      ...(mayGrow ? unitsCame.map((text): Trigger => ({ kind: 'units-came', text, isForced: false })) : []),
      ...(isRunning ? late(job, rest, nowMs) : []),
    ],
    rest,
    spending,
    isProfiled: plan.isProfile === true && hasShownEnough(snapshot, job, plan),
    // Whoever starts anew does not know what has come meanwhile.
    isNews: observed.isNews || (mayGrow && texts.length > 0) || (isFirst && known === undefined),
    nowMs,
  }
}

/** Whether the plan is to be weighed now. */
export function isDue(look: Look): boolean {
  const { job, state, triggers, spending, isNews, nowMs } = look
  if (spending?.isSpent === true) return true
  if (job.state !== 'running') return false
  if (look.plan.isProfile === true) return look.isProfiled
  const agoMs = nowMs - state.weighedAtMs
  if (spending?.isOverForGood === true && agoMs >= forcedWeighEveryMs) return true
  if (isFresh(look)) return false
  if (triggers.some(({ isForced }) => isForced)) return agoMs >= forcedWeighEveryMs
  return isNews || (triggers.length > 0 && agoMs >= weighEveryMs)
}

/** Replaced so lately that it stays for now: unless it can not go on, or its deadline is in danger for a while already. */
export function isFresh({ plan, triggers, nowMs }: Look): boolean {
  if (plan.version === 1 || triggers.some(({ kind }) => kind === 'device-lost' || kind === 'device-leaving'))
    return false
  const isLate = triggers.some(({ kind }) => kind === 'deadline')
  return nowMs - plan.plannedAtMs < (isLate ? latePauseMs : replaceEveryMs)
}

/** What can not wait first, then what has waited longest. */
export function byUrgency(a: Look, b: Look): number {
  const rank = ({ spending, triggers }: Look): number =>
    spending?.isSpent === true ? 0 : triggers.some(({ isForced }) => isForced) ? 1 : 2
  const since = ({ state }: Look): number => Math.max(state.weighedAtMs, Number.MIN_SAFE_INTEGER)
  return rank(a) - rank(b) || since(a) - since(b) || (a.job.id < b.job.id ? -1 : 1)
}

/** What was seen of a plan counts for that plan; what was paid counts on. */
function carriedOn(known: ElasticState | undefined, plan: Plan, paidUsd: number, nowMs: number): ElasticState {
  if (known === undefined) return nothingSeen(plan.version, paidUsd, nowMs)
  const { weighedAtMs, weighedHash, overSinceMs, warnedUsd, paid: before } = known
  const paid = paidUsd > before.usd ? { usd: paidUsd, atMs: nowMs } : before
  if (known.planVersion === plan.version) return { ...known, paid }
  return { ...nothingSeen(plan.version, paidUsd, nowMs), weighedAtMs, weighedHash, overSinceMs, warnedUsd, paid }
}

function textsFor(job: Job, plan: Plan, came: readonly UnitsCame[]): readonly string[] {
  const places = new Set(plan.partitions.map(({ place }) => place))
  return came.filter((each) => mayUse(job.spec, places, each)).map(({ text }) => text)
}

function late({ spec: { objective } }: Job, { seconds }: Rest, nowMs: number): readonly Trigger[] {
  if (objective.kind !== 'deadline') return []
  const lateSeconds = seconds - (objective.atMs - nowMs) / 1000
  if (!(lateSeconds > 0)) return []
  const text = `it would end ${figure(lateSeconds)} s after its deadline at the speed of now`
  return [{ kind: 'deadline', text, isForced: true }]
}
