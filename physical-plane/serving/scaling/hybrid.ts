// The default. What is to come within a start is foreseen (forecast.ts), and instances are judged by the rate at which the objective holds
// with random arrivals (capacity.ts). A lack is met by more time for instances that are there, which is instant, then by the smallest
// part of a GPU that covers the rest. What is too much goes lazily: time after some calm seconds, whole instances only after
// several times as long as a start would take. Where the objective is missed all the same, the demand is judged higher for a while.
// Without a profile numbers follow what instances were measured to answer, as soon as it shows that they are too few.
import type { Action, Autoscaler, ScalingView } from './autoscaler.ts'
import { deviceModelOf, safeRateOf } from './capacity.ts'
import { Draft, type Drafted } from './draft.ts'
import { forecastRate } from './forecast.ts'
import { byMeasure } from './hybrid-measured.ts'
import { areaOf, roomMilli, rowsOf, smOf } from './rows.ts'
import { limitFor, shapeChoices, shapeConfig, type ShapeChoice } from './shape-choices.ts'

export const hybridConfig = {
  /** Waiting requests are to be worked off in so many seconds. */
  drainSeconds: 2,
  /** Seconds with less demand before time is given back; before an instance goes, at least, and in starts. */
  trimCalmSeconds: 6,
  removeCalmSeconds: 30,
  removeCalmStarts: 3,
  /** Of the calm seconds' demand that stays covered when something is given back. */
  keepShare: 1.1,
  /** Per second, up while more than the percentile allows are late, down otherwise; and its most. */
  cautionUp: 1.15,
  cautionDown: 0.99,
  cautionMax: 2,
  cautionSeconds: 5,
  /** Rows of a device. */
  rowsMax: 4,
  needsMax: 600,
} as const

export type HybridMemory = {
  /** At least 1: what the demand is multiplied by. */
  readonly caution: number
  /** Requests a second that had to be covered, newest last. */
  readonly needs: readonly number[]
}

export const hybrid: Autoscaler<HybridMemory> = {
  name: 'hybrid',
  initial: { caution: 1, needs: [] },
  decide: (view, before) => {
    const caution = cautionAfter(before.caution, view)
    const need = caution * demandOf(view)
    const needs = [...before.needs, need].slice(-hybridConfig.needsMax)
    const memory = { caution, needs }
    const isProfiled = view.canReshape && safeRateOf(view, deviceModelOf(view, ''), view.shape) !== null
    const actions = isProfiled ? reshape(view, needs) : byMeasure(view, needs)
    return { actions, memory }
  },
}

/** Requests a second: what comes until an instance that is begun now would answer, and what waits already. */
function demandOf(view: ScalingView): number {
  const last = view.history.at(-1)
  const waiting = Math.max(0, (last?.queued ?? 0) - view.batchMax * view.instances.length)
  return forecastRate(view.history, view.coldStartMs / 1_000) + waiting / hybridConfig.drainSeconds
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

function reshape(view: ScalingView, needs: readonly number[]): readonly Action[] {
  const need = needs.at(-1)!
  const draft = new Draft(view)
  const total = rateOf(view, draft.instances)
  const told = `${need.toFixed(1)} requests a second to cover, ${total.toFixed(1)} are`
  const change = { view, draft, told }
  const atLeast = Math.max(1, view.instancesMin)
  for (const { id } of view.instances.slice(Math.max(1, view.instancesMax)))
    draft.remove(id, `the spec allows ${view.instancesMax} instances`)
  if (need > rateOf(view, draft.instances) || draft.instances.length < atLeast) {
    stretch(change, need)
    widen(change, need, atLeast)
    return draft.actions()
  }
  const isSettled = view.instances.every(({ isReady }) => isReady)
  const calm = calmSeconds(view)
  const fewer = isSettled && needs.length >= calm ? withoutOne(view, most(needs, calm), atLeast) : null
  if (fewer !== null) return fewer.actions()
  if (needs.length >= hybridConfig.trimCalmSeconds) trim(change, most(needs, hybridConfig.trimCalmSeconds))
  return draft.actions()
}

function calmSeconds({ coldStartMs }: ScalingView): number {
  const { removeCalmSeconds, removeCalmStarts, needsMax } = hybridConfig
  return Math.min(needsMax, Math.max(removeCalmSeconds, Math.ceil((removeCalmStarts * coldStartMs) / 1_000)))
}

/** More time in their rows, where a step of it answers most first. */
function stretch({ view, draft, told }: Change, need: number): void {
  while (rateOf(view, draft.instances) < need) {
    const devices = new Map(draft.devices().map((device) => [device.id, device]))
    const steps = draft.instances.flatMap((one) => {
      const device = devices.get(one.deviceId ?? '')
      const requestMilli = one.shape.requestMilli + shapeConfig.requestStepMilli
      if (device === undefined || requestMilli > 1_000) return []
      if (roomMilli(device.shapes, smOf(one.shape), hybridConfig.rowsMax) < shapeConfig.requestStepMilli) return []
      const shape = { ...one.shape, requestMilli, limitMilli: limitFor(requestMilli) }
      const gain = rateOf(view, [{ ...one, shape }]) - rateOf(view, [one])
      return gain > 0 ? [{ id: one.id, shape, gain: gain / smOf(one.shape) }] : []
    })
    const best = steps.toSorted((a, b) => b.gain - a.gain || (a.id < b.id ? -1 : 1))[0]
    if (best === undefined) return
    draft.resize(best.id, best.shape, told)
  }
}

/** The smallest part that covers the rest, on a GPU that is used where there is one; else the most efficient, and once more. */
function widen({ view, draft, told }: Change, need: number, atLeast: number): void {
  while (draft.instances.length < Math.max(1, view.instancesMax)) {
    const rest = need - rateOf(view, draft.instances)
    if (rest <= 0 && draft.instances.length >= atLeast) return
    const choices = shapeChoices(view, deviceModelOf(view, ''), safeRateOf)
    const covering = choices.find(({ perSecond }) => perSecond >= rest)
    const choice = covering ?? choices.toSorted((a, b) => b.perShare - a.perShare)[0]
    draft.add(choice === undefined ? null : deviceFor(view, draft, choice), choice?.shape ?? view.shape, told)
    // Where no part meets the objective more of them would not either.
    if (choice === undefined && draft.instances.length >= atLeast) return
  }
}

/** The fullest GPU that has room for it: what is free stays in one piece. */
function deviceFor(view: ScalingView, draft: Draft, { shape }: ShapeChoice): string | null {
  const fitting = draft
    .devices()
    .filter(({ memoryFreeBytes }) => memoryFreeBytes >= view.memoryBytes)
    .filter(({ shapes }) => roomMilli(shapes, shape.smMilli, hybridConfig.rowsMax) >= shape.requestMilli)
    .map(({ id, shapes }) => ({ id, used: rowsOf(shapes).reduce((sum, { smMilli }) => sum + smMilli, 0) }))
  return fitting.toSorted((a, b) => b.used - a.used)[0]?.id ?? null
}

/** The least efficient instance gone, others stretched where that takes less in all; null where too little would be left. */
function withoutOne(view: ScalingView, need: number, atLeast: number): Draft | null {
  if (view.instances.length <= atLeast) return null
  const area = view.instances.reduce((sum, { shape }) => sum + areaOf(shape), 0)
  const order = view.instances.toSorted(
    (a, b) => rateOf(view, [a]) / areaOf(a.shape) - rateOf(view, [b]) / areaOf(b.shape),
  )
  for (const { id } of order) {
    const draft = new Draft(view)
    const told = `${need.toFixed(1)} requests a second at most in ${calmSeconds(view)} s, which the others cover`
    draft.remove(id, told)
    stretch({ view, draft, told }, need * hybridConfig.keepShare)
    const left = draft.instances.reduce((sum, { shape }) => sum + areaOf(shape), 0)
    if (rateOf(view, draft.instances) >= need * hybridConfig.keepShare && left < area) return draft
  }
  return null
}

/** Less time, where a step of it answers least first, as long as what is left covers the calm seconds' demand. */
function trim({ view, draft, told }: Change, need: number): void {
  for (;;) {
    const total = rateOf(view, draft.instances)
    const steps = draft.instances.flatMap((one) => {
      const requestMilli = one.shape.requestMilli - shapeConfig.requestStepMilli
      if (requestMilli < shapeConfig.requestMilliMin || !one.isReady) return []
      const shape = { ...one.shape, requestMilli, limitMilli: limitFor(requestMilli) }
      const after = rateOf(view, [{ ...one, shape }])
      const loss = rateOf(view, [one]) - after
      const isEnough = after > 0 && total - loss >= need * hybridConfig.keepShare
      return isEnough ? [{ id: one.id, shape, loss: loss / smOf(one.shape) }] : []
    })
    const least = steps.toSorted((a, b) => a.loss - b.loss || (a.id < b.id ? -1 : 1))[0]
    if (least === undefined) return
    draft.resize(least.id, least.shape, told)
  }
}

function rateOf(view: ScalingView, instances: readonly Pick<Drafted, 'deviceId' | 'shape'>[]): number {
  return instances.reduce(
    (sum, { deviceId, shape }) => sum + (safeRateOf(view, deviceModelOf(view, deviceId ?? ''), shape) ?? 0),
    0,
  )
}

function most(needs: readonly number[], seconds: number): number {
  return Math.max(...needs.slice(-seconds))
}
