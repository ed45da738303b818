// HAS-GPU's hybrid scaling (arXiv 2505.01968): the load that a Kalman filter foresees against 0.9 and 0.3 of what the instances can
// answer; more time in their rows first, then new instances on GPUs that are used, then a fresh GPU. Corrections of the published
// program: a filter for each function; rows' multiprocessors sum up to a device; less is given back than would fall below what is
// asked; the smallest part that covers the rest, not the largest; only parts that meet the objective, with the batch that is used;
// after going up nine tenths of the capacity cover the load.
import type { Autoscaler, ScaledInstance, ScalingView, Shape } from './autoscaler.ts'
import { deviceModelOf, meanOver } from './capacity.ts'
import { Draft, toCount, type Drafted } from './draft.ts'
import { kalmanStart, kalmanStep, type Kalman } from './kalman.ts'
import { areaOf, freeSmMilli, occupancyOf, roomMilli, rowsOf, smOf } from './rows.ts'
import { shapeChoices, shapeConfig, smSteps, throughput, type CapacityRule, type ShapeChoice } from './shape-choices.ts'

export const hasConfig = {
  upShare: 0.9,
  downShare: 0.3,
  rateSeconds: 10,
  tickMs: 2_000,
  downCoolMs: 10_000,
  rowsMax: 2,
  /** Of a device that is given out; on fuller ones nothing is begun. */
  usableOccupancy: 0.95,
  /** Of a device on which a function's first instance begins. */
  firstOccupancy: 0.5,
  /** Larger ones are not taken away whole. */
  removableSmMilli: 500,
} as const

/** As the published program has it, with 70 ms for all that is not the GPU's, and batches half full on average. */
export const publishedCapacity: CapacityRule = (view, deviceModel, shape) => {
  const latencyMs = view.latency(deviceModel, view.batchMax, shape)
  return latencyMs === null ? null : ((1_000 / (latencyMs + 70)) * (view.batchMax + 1)) / 2
}

export type HasMemory = {
  readonly kalman: Kalman
  readonly decidedAtMs: number | null
  readonly downAtMs: number | null
}

export function hasGpuWith(capacity: CapacityRule): Autoscaler<HasMemory> {
  return {
    name: 'has-gpu',
    initial: { kalman: kalmanStart, decidedAtMs: null, downAtMs: null },
    decide: (view, memory) => {
      const { nowMs, history } = view
      const isDue = memory.decidedAtMs === null || nowMs - memory.decidedAtMs >= hasConfig.tickMs
      if (!isDue && view.instances.length > 0) return { actions: [], memory }
      const measured = meanOver(history, hasConfig.rateSeconds, ({ arrived }) => arrived)
      const step = kalmanStep(memory.kalman, measured)
      const isCool = memory.downAtMs === null || nowMs - memory.downAtMs >= hasConfig.downCoolMs
      const decided = scaleTo(view, step.predicted, capacity, isCool)
      const downAtMs = decided.isDown ? nowMs : memory.downAtMs
      return { actions: decided.actions, memory: { kalman: step.state, decidedAtMs: nowMs, downAtMs } }
    },
  }
}

export const hasGpu = hasGpuWith(throughput)

export type Scaled = { readonly actions: ReturnType<Draft['actions']>; readonly isDown: boolean }

/** One decision for a load that is foreseen. */
export function scaleTo(view: ScalingView, rate: number, capacity: CapacityRule, isCool: boolean): Scaled {
  const perSecond = (one: Pick<Drafted, 'id' | 'deviceId' | 'shape'>): number =>
    capacity(view, deviceModelOf(view, one.deviceId ?? ''), one.shape) ?? measuredOf(view.instances, one.id)
  const total = view.instances.reduce((sum, one) => sum + perSecond(one), 0)
  const told = `${rate.toFixed(1)} requests a second foreseen, ${total.toFixed(1)} can be answered`
  const isProfiled = view.canReshape && capacity(view, deviceModelOf(view, ''), view.shape) !== null
  if (!isProfiled) return byNumber(view, rate, total, told, isCool)
  const draft = new Draft(view)
  const change: Change = { view, draft, capacity, perSecond, told }
  const atLeast = Math.max(1, view.instancesMin)
  if (rate > hasConfig.upShare * total || view.instances.length < atLeast) {
    stretch(change, rate)
    widen(change, rate, atLeast)
    return { actions: draft.actions(), isDown: false }
  }
  if (rate >= hasConfig.downShare * total || !isCool) return { actions: [], isDown: false }
  shrink(change, hasConfig.upShare * total - rate, atLeast)
  return { actions: draft.actions(), isDown: true }
}

type Change = {
  readonly view: ScalingView
  readonly draft: Draft
  readonly capacity: CapacityRule
  readonly perSecond: (one: Drafted) => number
  readonly told: string
}

/** Requests a second that are still to be covered. */
function missing({ draft, perSecond }: Change, rate: number): number {
  return rate / hasConfig.upShare - draft.instances.reduce((sum, one) => sum + perSecond(one), 0)
}

/** More time in their rows, the instances with most multiprocessors first. */
function stretch(change: Change, rate: number): void {
  const { draft, told, capacity, view } = change
  const order = draft.instances.toSorted((a, b) => smOf(b.shape) - smOf(a.shape))
  for (const { id } of order) {
    while (missing(change, rate) > 0) {
      const one = draft.instances.find((each) => each.id === id)!
      const device = draft.devices().find((each) => each.id === one.deviceId)
      const requestMilli = one.shape.requestMilli + shapeConfig.requestStepMilli
      if (device === undefined || requestMilli > 1_000) break
      if (roomMilli(device.shapes, smOf(one.shape), hasConfig.rowsMax) < shapeConfig.requestStepMilli) break
      const shape = exactly(one.shape.smMilli, requestMilli)
      if ((capacity(view, device.model, shape) ?? 0) < change.perSecond(one)) break
      draft.resize(id, shape, told)
    }
  }
}

/** New instances: on used GPUs, the emptiest first; then on fresh ones. */
function widen(change: Change, rate: number, atLeast: number): void {
  const { view, draft, told } = change
  const most = Math.max(1, view.instancesMax)
  while (draft.instances.length < most) {
    const rest = missing(change, rate)
    if (rest <= 0 && draft.instances.length >= atLeast) return
    const used = onUsed(change, Math.max(0, rest))
    const placed = used ?? onFresh(change, Math.max(0, rest))
    const choice = placed ?? { deviceId: null, shape: exactly(view.shape.smMilli, shapeConfig.requestMilliMin) }
    draft.add(choice.deviceId, choice.shape, told)
    // The smallest part of all, where no part meets the objective: more of the same would not either.
    if (placed === null && draft.instances.length >= atLeast) return
  }
}

type Placed = { readonly deviceId: string | null; readonly shape: Shape }

function onUsed({ view, draft, capacity }: Change, rest: number): Placed | null {
  const occupancyMax = draft.instances.length === 0 ? hasConfig.firstOccupancy : hasConfig.usableOccupancy
  const used = draft
    .devices()
    .filter(({ shapes, memoryFreeBytes }) => shapes.length > 0 && memoryFreeBytes >= view.memoryBytes)
    .map((device) => ({ ...device, occupancy: occupancyOf(device.shapes) }))
    .filter(({ occupancy }) => occupancy < occupancyMax)
    .toSorted((a, b) => a.occupancy - b.occupancy)
  const known = new Map<string, readonly ShapeChoice[]>()
  const choicesOn = (model: string, shapes: readonly Shape[]): readonly ShapeChoice[] => {
    const steps = known.get(model) ?? shapeChoices(view, model, capacity)
    known.set(model, steps)
    // Whoever joins a row takes its multiprocessors, whatever they are.
    const odd = rowsOf(shapes).flatMap(({ smMilli }) => (smSteps.includes(smMilli) ? [] : [smMilli]))
    return odd.length === 0 ? steps : [...shapeChoices(view, model, capacity, odd), ...steps]
  }
  let largest: (Placed & { readonly perSecond: number }) | null = null
  for (const { id, model, shapes } of used) {
    const fitting = choicesOn(model, shapes).filter(({ shape }) => fits(shapes, shape))
    const covering = fitting.find(({ perSecond }) => perSecond >= rest)
    if (covering !== undefined) return { deviceId: id, shape: exact(covering) }
    const best = fitting.toSorted((a, b) => b.perSecond - a.perSecond)[0]
    if (best !== undefined && best.perSecond > (largest?.perSecond ?? 0))
      largest = { deviceId: id, shape: exact(best), perSecond: best.perSecond }
  }
  return largest
}

function onFresh({ view, draft, capacity }: Change, rest: number): Placed | null {
  const empty = draft
    .devices()
    .find((device) => device.shapes.length === 0 && device.memoryFreeBytes >= view.memoryBytes)
  const choices = shapeChoices(view, empty?.model ?? deviceModelOf(view, ''), capacity)
  const covering = choices.filter(({ perSecond }) => perSecond >= rest)
  const best = (covering.length > 0 ? covering : choices).toSorted((a, b) => b.perShare - a.perShare)[0]
  return best === undefined ? null : { deviceId: empty?.id ?? null, shape: exact(best) }
}

/** Less time in their rows, those with fewest multiprocessors first; then whole instances, never the last. */
function shrink(change: Change, surplus: number, atLeast: number): void {
  const { draft, told, capacity, view } = change
  let left = surplus
  for (const { id } of draft.instances.toSorted((a, b) => smOf(a.shape) - smOf(b.shape))) {
    for (;;) {
      const one = draft.instances.find((each) => each.id === id)!
      const requestMilli = one.shape.requestMilli - shapeConfig.requestStepMilli
      if (requestMilli < shapeConfig.requestMilliMin) break
      const shape = exactly(one.shape.smMilli, requestMilli)
      const after = capacity(view, deviceModelOf(view, one.deviceId ?? ''), shape) ?? 0
      const loss = change.perSecond(one) - after
      if (loss > left || after <= 0) break
      draft.resize(id, shape, told)
      left -= loss
    }
  }
  for (const one of draft.instances.toSorted((a, b) => smOf(a.shape) - smOf(b.shape))) {
    const perSecond = change.perSecond(one)
    if (draft.instances.length <= atLeast || smOf(one.shape) > hasConfig.removableSmMilli || perSecond > left) continue
    draft.remove(one.id, told)
    left -= perSecond
  }
}

/** Where no shape can be chosen: as many as the file's shape gives, by what was measured of it. */
function byNumber(view: ScalingView, rate: number, total: number, told: string, isCool: boolean): Scaled {
  const count = view.instances.length
  const each = count === 0 ? 0 : total / count
  const needed = each > 0 ? Math.ceil(rate / hasConfig.upShare / each) : count
  if (rate > hasConfig.upShare * total || count < Math.max(1, view.instancesMin))
    return { actions: toCount(view, Math.max(count, needed), told), isDown: false }
  if (rate >= hasConfig.downShare * total || !isCool) return { actions: toCount(view, count, told), isDown: false }
  return { actions: toCount(view, Math.min(count, needed), told), isDown: true }
}

function fits(shapes: readonly Shape[], shape: Shape): boolean {
  const sm = smOf(shape)
  const isRow = rowsOf(shapes).some(({ smMilli }) => smMilli === sm)
  if (!isRow && freeSmMilli(shapes) < sm) return false
  return roomMilli(shapes, sm, hasConfig.rowsMax) >= shape.requestMilli && areaOf(shape) > 0
}

function exact({ shape }: ShapeChoice): Shape {
  return exactly(shape.smMilli, shape.requestMilli)
}

/** Time is handed out exactly: what a pod may take is what it is promised. */
function exactly(smMilli: number, requestMilli: number): Shape {
  return { smMilli, requestMilli, limitMilli: requestMilli }
}

function measuredOf(instances: readonly ScaledInstance[], id: string): number {
  return instances.find((one) => one.id === id)?.measuredPerSecond ?? 0
}
