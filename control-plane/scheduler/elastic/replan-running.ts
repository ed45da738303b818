// The scheduler's third question: which running jobs go on with another plan. Every pass looks at every job cheaply; a plan is
// weighed against others when something is off it, units came free that the job may use, or its deadline or budget would be
// missed. So many are weighed in one pass at most, so that a pass stays short however many jobs
// there are. Whatever is decided is decided from the snapshot and what is remembered, and a plan that was just replaced stays
// for a while, unless it can not.
import { noActions, type Actions, type JobChange, type JobUpdate } from '#control-plane/model/actions.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { instancesByJob } from '#control-plane/model/instance-groups.ts'
import type { InstanceEvent } from '#control-plane/model/history.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits, takePlan, withFreed } from '../free-units.ts'
import { linksNow } from '../links-now.ts'
import { weighsMax } from './config.ts'
import { afterProfile, inputGoingOn } from './going-on.ts'
import { keepBudget } from './keep-budget.ts'
import { agentsShort } from './lost-devices.ts'
import { byUrgency, isDue, isFresh, lookAt, type Around, type Look } from './look.ts'
import { causeOf, nextPlan } from './next-plan.ts'
import { reconsider } from './reconsider.ts'
import { whatItShowed } from './profiled.ts'
import { situationOf, type Context, type Situation } from './situation.ts'
import { nothingRemembered, type ElasticMemory, type ElasticState } from './state.ts'
import { unitsThatCame } from './units-came.ts'
import { isPutOff } from './wait-for-spot.ts'
import { workLeft } from './work-left.ts'

export type Replanned = { readonly actions: Actions; readonly memory: ElasticMemory }

/** New plans for running jobs, what their budgets ask for, and what is to be remembered of them. */
export function replanRunning(snapshot: Snapshot, memory: ElasticMemory = nothingRemembered): Replanned {
  const known = memory.index?.catalogue === snapshot.catalogue ? memory.index : null
  const index = known ?? indexCatalogue(snapshot.catalogue)
  const units = countFreeUnits(snapshot)
  const { units: seenUnits, came } = unitsThatCame(memory.units, units, snapshot.nowMs)
  const around: Around = {
    snapshot,
    links: linksNow(index, snapshot),
    short: agentsShort(snapshot),
    came,
    // While others wait for units, no job takes more than it has.
    mayGrow: !snapshot.jobs.some(({ state }) => state === 'pending'),
    isFirst: memory.units === null,
  }
  const byJob = instancesByJob(snapshot)
  const looks = snapshot.jobs.flatMap((job): Look[] => {
    const isGoing = job.state === 'running' || (job.state === 'starting' && job.spec.budget !== null)
    if (!isGoing || job.plan?.outcome !== 'placed') return []
    return [lookAt(around, job, job.plan, byJob.get(job.id) ?? [], memory.jobs.get(job.id))]
  })
  const jobs = new Map(looks.map(({ job, state }) => [job.id, state]))
  const updates: JobUpdate[] = []
  const events: InstanceEvent[] = []
  let free = units
  for (const look of looks.filter(isDue).sort(byUrgency).slice(0, weighsMax)) {
    const { job, instances } = look
    // What it was planned with it may have, whoever waits by now.
    const mayGrow = around.mayGrow || look.isProfiled
    const decided = decide({ snapshot, index, units: free, mayGrow }, look)
    jobs.set(job.id, decided.state)
    events.push(...decided.events)
    if (decided.change === null) continue
    const { change, planInput } = decided
    updates.push({ id: job.id, ifRevision: job.revision, change, ...(planInput === null ? {} : { planInput }) })
    if (!decided.change.plan) continue
    // The next job sees what this one leaves.
    free = withFreed(free, instances)
    takePlan(free, decided.change.plan)
  }
  const actions =
    updates.length === 0 && events.length === 0
      ? noActions
      : { ...noActions, jobs: updates.sort((a, b) => (a.id < b.id ? -1 : 1)), events }
  return { actions, memory: { jobs, units: seenUnits, index } }
}

type Decided = {
  readonly state: ElasticState
  readonly change: JobChange | null
  /** What a plan among the change was decided on. */
  readonly planInput: PlanInput | null
  readonly events: readonly InstanceEvent[]
}

function decide(context: Context, look: Look): Decided {
  const { job, plan, instances, triggers, nowMs } = look
  const { mayGrow, snapshot } = context
  const state: ElasticState = {
    ...look.state,
    weighedAtMs: nowMs,
    weighedHash: snapshot.catalogue.hash,
    // What may not be used now may be later.
    unitsCame: mayGrow ? [] : look.state.unitsCame,
  }
  const left = workLeft(job, plan, instances)
  if (left === null) return { state, change: null, planInput: null, events: [] }
  const situation = situationOf(context, { job, plan, instances, state, left })
  if (situation === null) return { state, change: null, planInput: null, events: [] }
  if (look.isProfiled) {
    const why = whatItShowed(snapshot, job, plan)
    const proper = properPlan(context, look, situation, left.share, why)
    if (proper === null) return { state, change: null, planInput: null, events: [] }
    const input = inputGoingOn(context, { job, plan, instances, state, left }, 'profiled', [why])
    return { state, change: { plan: proper }, planInput: input, events: [] }
  }
  const { change: kept, planInput, events, isSettled, warnedUsd } = keepBudget(context, look, situation, left)
  const decided: Decided = { state: { ...state, warnedUsd }, change: kept, planInput, events }
  if (isSettled || isFresh(look)) return decided
  const change = reconsider(situation)
  if (change === null) return decided
  const texts = triggers.map(({ text }) => text)
  const next = nextPlan(context, job, plan, change, causeOf(texts, change, left.share))
  if (next === null || isPutOff(look, next, left.share)) return decided
  const input = inputGoingOn(context, { job, plan, instances, state, left }, 'weigh', texts)
  return { ...decided, change: { ...kept, plan: next }, planInput: input }
}

/** Whatever it is, it takes the place of the profile. */
function properPlan(
  context: Context,
  { job, plan }: Look,
  situation: Situation,
  share: number,
  why: string,
): Plan | null {
  const change = afterProfile(situation)
  return change === null ? null : nextPlan(context, job, plan, change, causeOf([why], change, share))
}
