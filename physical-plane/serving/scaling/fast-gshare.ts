// FaST-GShare's scheduler (ICPP'23): instances of fixed parts of GPUs. A gap is filled with the part that answers most requests per
// share of a GPU (RPR) among those that meet the objective, and what is left over with the smallest part that covers it; a surplus
// takes away whole instances, the least efficient first. As published it acts on a gap of more than a fifth, every ten seconds. Not as
// published: an exact fit is taken, no part that does less than a smaller one, and the parts and their rates come from the function's profile, which the programs leave out; limits are
// half as much again as requests, not all of the GPU.
import type { Action, Autoscaler, ScalingView } from './autoscaler.ts'
import { deviceModelOf, instancePerSecond, meanOver } from './capacity.ts'
import { Draft } from './draft.ts'
import { areaOf } from './rows.ts'
import { shapeChoices } from './shape-choices.ts'

export const fastConfig = {
  tickMs: 10_000,
  rateSeconds: 10,
  /** Of what the instances can answer; nothing is done about a smaller gap. */
  gapShare: 0.2,
} as const

export type Part = { readonly perSecond: number; readonly perShare: number }

/** Parts that together answer so many more requests a second; none where there are none to choose from. */
export function partsFor<Choice extends Part>(gapPerSecond: number, choices: readonly Choice[]): readonly Choice[] {
  const efficient = choices.reduce<Choice | null>(
    (best, one) => (best === null || one.perShare > best.perShare ? one : best),
    null,
  )
  if (efficient === null || gapPerSecond <= 0) return []
  const count = Math.floor(gapPerSecond / efficient.perSecond + 1e-9)
  const whole = Array.from({ length: count }, () => efficient)
  const rest = gapPerSecond - count * efficient.perSecond
  if (rest <= 1e-9 * gapPerSecond) return whole
  const ideal = choices
    .filter((one) => one.perSecond >= rest && !choices.some((other) => isBetter(other, one)))
    .reduce<Choice | null>((best, one) => (best === null || one.perSecond < best.perSecond ? one : best), null)
  return [...whole, ideal ?? efficient]
}

/** As much on less of a GPU: measured tables have larger parts that do less. */
function isBetter(other: Part, one: Part): boolean {
  return other.perSecond >= one.perSecond && other.perSecond / other.perShare < one.perSecond / one.perShare
}

/** Who can go while the others answer what is asked: the least efficient first, until one is too large. Never all of them. */
export function surplusOf<Instance extends Part>(
  surplusPerSecond: number,
  instances: readonly Instance[],
): readonly Instance[] {
  const gone: Instance[] = []
  let left = surplusPerSecond
  for (const one of instances.toSorted((a, b) => a.perShare - b.perShare)) {
    if (one.perSecond > left || gone.length === instances.length - 1) break
    gone.push(one)
    left -= one.perSecond
  }
  return gone
}

export type FastMemory = { readonly decidedAtMs: number | null }

export const fastGshare: Autoscaler<FastMemory> = {
  name: 'fast-gshare',
  initial: { decidedAtMs: null },
  decide: (view, memory) => {
    const { nowMs, instances } = view
    const isDue = memory.decidedAtMs === null || nowMs - memory.decidedAtMs >= fastConfig.tickMs
    if (instances.length > 0 && instances.length >= view.instancesMin && !isDue) return { actions: [], memory }
    return { actions: decide(view), memory: { decidedAtMs: nowMs } }
  },
}

function decide(view: ScalingView): readonly Action[] {
  const { history, instances, instancesMin, instancesMax } = view
  const rate = meanOver(history, fastConfig.rateSeconds, ({ arrived }) => arrived)
  const running = instances.map((instance) => {
    const perSecond = instancePerSecond(view, instance)
    return { id: instance.id, perSecond, perShare: perSecond / Math.max(1e-6, areaOf(instance.shape)) }
  })
  const capacity = running.reduce((sum, { perSecond }) => sum + perSecond, 0)
  const told = `${rate.toFixed(1)} requests a second, ${capacity.toFixed(1)} can be answered`
  const draft = new Draft(view)
  const parts = partsOf(view, running)
  const atLeast = Math.max(1, instancesMin)
  if (rate - capacity > fastConfig.gapShare * capacity || instances.length < atLeast) {
    const missing = partsFor(rate - capacity, parts)
    const smallest = parts.toSorted((a, b) => a.perSecond - b.perSecond)[0]
    for (const { shape } of missing)
      if (draft.instances.length < Math.max(1, instancesMax)) draft.add(null, shape, told)
    while (draft.instances.length < atLeast) draft.add(null, smallest?.shape ?? view.shape, told)
  } else if (capacity - rate > fastConfig.gapShare * capacity) {
    const free = Math.max(0, instances.length - atLeast)
    for (const { id } of surplusOf(capacity - rate, running).slice(0, free)) draft.remove(id, told)
  }
  for (const { id } of instances.slice(Math.max(1, instancesMax)))
    if (draft.instances.some((one) => one.id === id)) draft.remove(id, `the spec allows ${instancesMax} instances`)
  return draft.actions()
}

/** Where no shape can be chosen: the file's, with the rate that instances of it were seen to have. */
function partsOf(
  view: ScalingView,
  running: readonly Part[],
): readonly (Part & { readonly shape: ScalingView['shape'] })[] {
  const chosen = view.canReshape ? shapeChoices(view, deviceModelOf(view, '')) : []
  if (chosen.length > 0) return chosen
  const known = running.filter(({ perSecond }) => perSecond > 0)
  if (known.length === 0) return []
  const perSecond = known.reduce((sum, one) => sum + one.perSecond, 0) / known.length
  return [{ shape: view.shape, perSecond, perShare: perSecond / Math.max(1e-6, areaOf(view.shape)) }]
}
