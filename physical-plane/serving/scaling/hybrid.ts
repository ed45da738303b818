// The default. What is to come within a start is foreseen (forecast.ts), and instances are judged together by the rate at which the
// objective holds with random arrivals (pool.ts). A lack is met by more time for instances that are there, which is instant, then by
// new ones. Multiprocessors are fixed when an instance begins, so every few seconds the last minutes are looked at as a whole: which
// instances, with their time following the demand, would have covered them with the least of a GPU (fleet-plan.ts)? Others are
// begun, and take over once they answer, where that pays for their start. Where the objective is missed all the same, the demand is
// judged higher for a while. Without a profile numbers follow what instances were measured to answer.
import type { Action, Autoscaler, ScalingView, Shape } from './autoscaler.ts'
import { deviceModelOf, safeRateOf } from './capacity.ts'
import { asCounted, asShares } from './counted-on.ts'
import { Draft, type Drafted } from './draft.ts'
import { planFleet } from './fleet-plan.ts'
import { forecastRate } from './forecast.ts'
import { byMeasure } from './hybrid-measured.ts'
import { poolRate, quotaSteps, smSteps, spreadOf } from './pool.ts'
import { areaOf, packs, smOf } from './rows.ts'
import { reserveOf, surprisesAfter, surprisesStart, type Surprises } from './surprises.ts'

export const hybridConfig = {
  /** Waiting requests are to be worked off in so many seconds, or in this part of the objective where that is longer. */
  drainSeconds: 2,
  patienceShare: 0.25,
  /** Seconds with less demand before time is given back. */
  trimCalmSeconds: 4,
  /** Of the calm seconds' demand that stays covered when something is given back. */
  keepShare: 1.05,
  /** Seconds that a plan looks back, at least, and in starts; and how often one is made. */
  planSeconds: 300,
  planStarts: 6,
  planEverySeconds: 5,
  /** Seconds that have to be known before the first one. */
  planAfterSeconds: 20,
  /** A plan is followed that takes less than this of what the present instances take. */
  planGain: 0.9,
  /** Who was begun to take over and does not answer after so many starts is no longer waited for. */
  replaceStarts: 4,
  /** Per second, up while more than the percentile allows are late, down otherwise; and its most. */
  cautionUp: 1.1,
  cautionDown: 0.99,
  cautionMax: 1.5,
  cautionSeconds: 5,
  needsMax: 600,
  /** Of what the largest new instance would add. */
  muchShare: 0.5,
} as const

export type HybridMemory = {
  /** At least 1: what the demand is multiplied by. */
  readonly caution: number
  /** Requests a second that had to be covered, newest last. */
  readonly needs: readonly number[]
  readonly surprises: Surprises
  /** Seconds since a plan was made. */
  readonly sincePlan: number
  /** Who goes when the others answer, and how many seconds they have begun ago; null while nobody is replaced. */
  readonly leaving: { readonly ids: readonly string[]; readonly seconds: number } | null
}

export const hybrid: Autoscaler<HybridMemory> = {
  name: 'hybrid',
  initial: { caution: 1, needs: [], surprises: surprisesStart, sincePlan: 0, leaving: null },
  decide: (view, before) => {
    const caution = cautionAfter(before.caution, view)
    const { demand, reserve, surprises } = demandOf(view, before.surprises)
    const isProfiled = view.canReshape && safeRateOf(view, deviceModelOf(view, ''), view.shape) !== null
    // Whoever only counts instances has a reserve in the last of them.
    const need = caution * (isProfiled ? demand + reserve : demand)
    const needs = [...before.needs, need].slice(-hybridConfig.needsMax)
    if (!isProfiled)
      return { actions: byMeasure(view, needs), memory: { ...before, caution, needs, surprises, leaving: null } }
    const leaving = before.leaving === null ? null : { ...before.leaving, seconds: before.leaving.seconds + 1 }
    const decided = reshape(asCounted(view), { caution, needs, surprises, sincePlan: before.sincePlan + 1, leaving })
    return { ...decided, actions: asShares(decided.actions, view) }
  },
}

type Demand = { readonly demand: number; readonly reserve: number; readonly surprises: Surprises }

/** Requests a second: what comes until an instance that is begun now would answer and what waits already; and what may come at once. */
function demandOf(view: ScalingView, before: Surprises): Demand {
  const { history, batchMax, instances, slo, coldStartMs } = view
  const last = history.at(-1)
  const patience = Math.max(1, Math.round((hybridConfig.patienceShare * (slo?.latencyMs ?? 0)) / 1_000))
  const waiting = Math.max(0, (last?.queued ?? 0) - batchMax * instances.length)
  const ahead = forecastRate(history, coldStartMs / 1_000, patience)
  const seen = { arrived: last?.arrived ?? 0, foreseen: ahead }
  const surprises = surprisesAfter(before, seen, spreadOf(view, (slo?.latencyMs ?? 0) / 2), patience)
  const reserve = reserveOf(surprises, slo?.percentile ?? 50)
  return { demand: ahead + waiting / Math.max(hybridConfig.drainSeconds, patience), reserve, surprises }
}

function cautionAfter(caution: number, { history, slo }: ScalingView): number {
  const { cautionUp, cautionDown, cautionMax, cautionSeconds } = hybridConfig
  const recent = history.slice(-cautionSeconds)
  const answered = recent.reduce((sum, second) => sum + second.answered + second.refused, 0)
  const late = recent.reduce((sum, second) => sum + second.overSlo + second.refused, 0)
  const isMissed = slo !== null && late > answered * (1 - slo.percentile / 100)
  return isMissed ? Math.min(cautionMax, caution * cautionUp) : Math.max(1, caution * cautionDown)
}

type Change = { readonly view: ScalingView; readonly draft: Draft; readonly told: string }
type Decision = { readonly actions: readonly Action[]; readonly memory: HybridMemory }

function reshape(view: ScalingView, memory: HybridMemory): Decision {
  const { needs } = memory
  const need = needs.at(-1)!
  const draft = new Draft(view)
  const told = `${need.toFixed(1)} requests a second to cover, ${poolRate(view, view.instances).toFixed(1)} are`
  const change = { view, draft, told }
  const atLeast = Math.max(1, view.instancesMin)
  for (const { id } of view.instances.slice(Math.max(1, view.instancesMax)))
    draft.remove(id, `the spec allows ${view.instancesMax} instances`)
  const replaced = memory.leaving === null ? memory : takeOver(change, memory)
  stretch(change, need)
  if (poolRate(view, draft.instances) < need || draft.instances.length < atLeast) {
    widen(change, need, atLeast)
    return { actions: draft.actions(), memory: replaced }
  }
  trim(change, most(needs, hybridConfig.trimCalmSeconds) * hybridConfig.keepShare)
  const isSettled = memory.leaving === null && view.instances.every(({ isReady }) => isReady)
  const isDue = memory.sincePlan >= hybridConfig.planEverySeconds && needs.length >= hybridConfig.planAfterSeconds
  if (!isSettled || !isDue) return { actions: draft.actions(), memory: replaced }
  return followPlan(change, replaced)
}

/** Those that were begun answer: who they replace goes. */
function takeOver({ view, draft, told }: Change, memory: HybridMemory): HybridMemory {
  const leaving = memory.leaving!
  const others = view.instances.filter(({ id }) => !leaving.ids.includes(id))
  const isLate = leaving.seconds * 1_000 > hybridConfig.replaceStarts * view.coldStartMs + 10_000
  if (others.length === 0 || isLate) return { ...memory, leaving: null }
  if (!others.every(({ isReady }) => isReady)) return memory
  const fullest = others.map((one) => ({ ...one, shape: { ...one.shape, requestMilli: 1_000 } }))
  if (poolRate(view, fullest) < memory.needs.at(-1)!) return memory
  for (const id of leaving.ids)
    if (draft.instances.some((one) => one.id === id)) draft.remove(id, `others take over; ${told}`)
  return { ...memory, leaving: null }
}

/** Other instances, or one less, where the last minutes would have taken less with them. */
function followPlan({ view, draft, told }: Change, memory: HybridMemory): Decision {
  const { planSeconds, planStarts, planGain, keepShare } = hybridConfig
  const seconds = Math.max(planSeconds, (planStarts * view.coldStartMs) / 1_000)
  const needs = memory.needs.slice(-seconds).map((need) => need * keepShare)
  const plan = planFleet(view, needs, planGain)
  const after = { ...memory, sincePlan: 0 }
  if (plan.kind === 'keep') return { actions: draft.actions(), memory: after }
  const because = `${plan.milliAfter.toFixed(0)} instead of ${plan.milliBefore.toFixed(0)} thousandths of a GPU; ${told}`
  if (plan.kind === 'fewer') {
    const fewer = new Draft(view)
    fewer.remove(plan.instanceId, because)
    stretch({ view, draft: fewer, told: because }, memory.needs.at(-1)! * keepShare)
    return { actions: fewer.actions(), memory: after }
  }
  const leaving = { ids: view.instances.map(({ id }) => id), seconds: 0 }
  for (const shape of plan.shapes) draft.add(deviceFor(view, draft, shape), shape, because)
  return { actions: draft.actions(), memory: { ...after, leaving } }
}

/** More time for those that answer, where a step of it answers most per share of the GPU. */
function stretch({ view, draft, told }: Change, need: number): void {
  for (;;) {
    const ready = draft.instances.filter(({ isReady }) => isReady)
    const total = poolRate(view, ready)
    if (total >= need) return
    const devices = new Map(draft.devices().map((device) => [device.id, device]))
    const steps = ready.flatMap((one) => {
      const requestMilli = quotaSteps.find((step) => step > one.shape.requestMilli)
      if (requestMilli === undefined) return []
      const shape = { ...one.shape, requestMilli, limitMilli: requestMilli }
      const device = devices.get(one.deviceId ?? '')
      if (device !== undefined && !packs(withInstead(device.shapes, one.shape, shape))) return []
      const gain = poolRate(view, withShape(ready, one.id, shape)) - total
      return gain > 1e-9 ? [{ id: one.id, shape, gain: gain / (areaOf(shape) - areaOf(one.shape)) }] : []
    })
    const best = steps.toSorted((a, b) => b.gain - a.gain || (a.id < b.id ? -1 : 1))[0]
    if (best === undefined) return
    draft.resize(best.id, best.shape, told)
  }
}

/** Less time, where a step of it saves most per request, as long as what is left covers the calm seconds' demand. */
function trim({ view, draft, told }: Change, need: number): void {
  for (;;) {
    const ready = draft.instances.filter(({ isReady }) => isReady)
    const total = poolRate(view, ready)
    const steps = ready.flatMap((one) => {
      const requestMilli = quotaSteps.findLast((step) => step < one.shape.requestMilli)
      if (requestMilli === undefined) return []
      const shape = { ...one.shape, requestMilli, limitMilli: requestMilli }
      // Who can not keep the objective alone would spoil it for those whose requests it takes.
      if (poolRate(view, [{ ...one, shape }]) <= 0) return []
      const after = poolRate(view, withShape(ready, one.id, shape))
      if (after < need) return []
      return [{ id: one.id, shape, loss: (total - after) / (areaOf(one.shape) - areaOf(shape)) }]
    })
    const least = steps.toSorted((a, b) => a.loss - b.loss || (a.id < b.id ? -1 : 1))[0]
    if (least === undefined) return
    draft.resize(least.id, least.shape, told)
  }
}

/** New instances for what is missing: those that cover it with the least of a GPU, and could cover more. */
function widen({ view, draft, told }: Change, need: number, atLeast: number): void {
  while (draft.instances.length < Math.max(1, view.instancesMax)) {
    const total = poolRate(view, draft.instances)
    if (total >= need && draft.instances.length >= atLeast) return
    const choices = smSteps
      .flatMap((smMilli) =>
        quotaSteps.map((requestMilli): Shape => ({ smMilli, requestMilli, limitMilli: requestMilli })),
      )
      .map((shape) => ({ shape, rate: poolRate(view, [...draft.instances, { deviceId: null, shape }]) }))
      .filter(({ rate }) => rate > total)
    const covering = choices.filter(({ rate }) => rate >= need).toSorted((a, b) => areaOf(a.shape) - areaOf(b.shape))[0]
    const shape = (covering ?? efficient(choices, total))?.shape
    draft.add(shape === undefined ? null : deviceFor(view, draft, shape), shape ?? view.shape, told)
    // Where no part meets the objective more of them would not either.
    if (shape === undefined && draft.instances.length >= atLeast) return
  }
}

type Choice = { readonly shape: Shape; readonly rate: number }

/** Of those that add much, the one that adds most per share of a GPU. */
function efficient(choices: readonly Choice[], total: number): Choice | undefined {
  const largest = Math.max(...choices.map(({ rate }) => rate)) - total
  const gainOf = ({ rate, shape }: Choice): number => (rate - total) / areaOf(shape)
  return choices
    .filter(({ rate }) => rate - total >= hybridConfig.muchShare * largest)
    .toSorted((a, b) => gainOf(b) - gainOf(a) || a.shape.smMilli - b.shape.smMilli)[0]
}

/** The fullest GPU on which it fits with all of the time, so that it can stretch; else with what it asks for. */
function deviceFor(view: ScalingView, draft: Draft, shape: Shape): string | null {
  const devices = draft.devices().filter(({ memoryFreeBytes }) => memoryFreeBytes >= view.memoryBytes)
  for (const requestMilli of [1_000, shape.requestMilli]) {
    const fitting = devices
      .filter(({ shapes }) => packs([...shapes, { ...shape, requestMilli }]))
      .map(({ id, shapes }) => ({ id, used: shapes.reduce((sum, one) => sum + smOf(one), 0) }))
    const fullest = fitting.toSorted((a, b) => b.used - a.used)[0]
    if (fullest !== undefined) return fullest.id
  }
  return null
}

function withShape(instances: readonly Drafted[], id: string, shape: Shape): readonly Drafted[] {
  return instances.map((one) => (one.id === id ? { ...one, shape } : one))
}

function withInstead(shapes: readonly Shape[], before: Shape, after: Shape): readonly Shape[] {
  const at = shapes.findIndex(
    (one) =>
      smOf(one) === smOf(before) && one.requestMilli === before.requestMilli && one.limitMilli === before.limitMilli,
  )
  return shapes.map((one, i) => (i === at ? after : one))
}

function most(needs: readonly number[], seconds: number): number {
  return Math.max(...needs.slice(-seconds))
}
