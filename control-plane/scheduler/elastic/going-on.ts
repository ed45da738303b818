// What a running job's next plan is decided on, as a value that is kept with it, and the plan that comes of it again.
import { emptyAddressBook } from '#control-plane/model/address-book.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { GoingOn, PlanInput } from '#control-plane/model/plan-input.ts'
import { withFreed } from '../free-units.ts'
import { mayMove } from '../may-move.ts'
import type { PlaceContext } from '../place-job.ts'
import { inputFrom } from '../plan-input.ts'
import { lengthened } from './budget.ts'
import { causeOf, nextPlan } from './next-plan.ts'
import { cheaper, reconsider, type Change } from './reconsider.ts'
import { paidUsd, situationOf, type Context, type Running, type Situation } from './situation.ts'
import { nothingSeen } from './state.ts'
import type { WorkLeft } from './work-left.ts'

export function inputGoingOn(
  context: Context,
  running: Running,
  way: GoingOn['way'],
  why: readonly string[],
): PlanInput {
  const { snapshot, index, mayGrow } = context
  const { job, plan, instances, state, left } = running
  const units = withFreed(context.units, instances)
  const own = plan.partitions.map(({ place }) => place)
  const isOf = (to: string): boolean => own.includes(to) || own.some((from) => mayMove(left.spec, from, to))
  const regions = [...units.keys()].filter(isOf)
  const input = inputFrom({ snapshot, index, units, held: new Map() }, job.spec, regions)
  const mayCarry = new Set([...regions, ...own, ...job.spec.shards.map(({ region }) => region)])
  return {
    ...input,
    measuredLinks: input.measuredLinks.filter(({ from, to }) => mayCarry.has(from) && mayCarry.has(to)),
    goingOn: {
      plan,
      way,
      shards: left.spec.shards,
      share: left.share,
      speeds: state.speeds,
      mayGrow,
      paidUsd: paidUsd(snapshot, job.id),
      why,
    },
  }
}

/** The plan in force where nothing better is found. */
export function planGoingOn({ snapshot, index, units }: PlaceContext, spec: JobSpec, goingOn: GoingOn): Plan {
  const { plan, share, speeds, mayGrow, paidUsd: paid, why } = goingOn
  const job = runningJob(spec, plan)
  const context: Context = { snapshot: { ...snapshot, paidUsd: new Map([[job.id, paid]]) }, index, units, mayGrow }
  const state = { ...nothingSeen(plan.version, paid, snapshot.nowMs), speeds }
  const left = leftOf(spec, goingOn)
  const situation = situationOf(context, { job, plan, instances: [], state, left })
  const change = situation === null ? null : changeBy(goingOn, situation, context, spec)
  return (change === null ? null : nextPlan(context, job, plan, change, causeOf(why, change, share))) ?? plan
}

/** The job as if only that were to be done. */
export function leftOf(spec: JobSpec, { shards, share }: GoingOn): WorkLeft {
  return { spec: { ...spec, shards, training: { ...spec.training, epochs: 1 } }, share }
}

function changeBy({ way }: GoingOn, situation: Situation, { snapshot }: Context, spec: JobSpec): Change | null {
  switch (way) {
    case 'weigh':
      return reconsider(situation)
    case 'lengthen':
      return lengthened(situation, spec.sync, snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null)
    case 'move':
      return cheaper(situation)
    case 'profiled':
      return afterProfile(situation)
  }
}

/** The best, whatever the profile in force would have come to. */
export function afterProfile(situation: Situation): Change | null {
  const change = reconsider(situation, true)
  return change === null ? null : { ...change, unchanged: null }
}

/** Whatever is not its spec or plan decides nothing. */
function runningJob(spec: JobSpec, plan: Plan): Job {
  return {
    id: '',
    requestId: '',
    spec,
    state: 'running',
    reason: '',
    plan,
    addressBook: emptyAddressBook,
    revision: 0,
    createdAtMs: 0,
    startedAtMs: null,
    firstStepAtMs: null,
    endedAtMs: null,
    evaluation: {},
    modelDigest: null,
  }
}
