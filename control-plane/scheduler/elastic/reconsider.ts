// Whether a running job should go on with another plan. The policy decides again on the work that is left, first with what
// the job has (resize), then with other classes of devices where it is, then with one partition elsewhere; each step
// disturbs more than the one before it. Another plan is taken when the one in force can not go on, or no longer meets the
// objective or the budget, or is worse by a clear share of what is left; and a step that disturbs more only when it is as
// clearly better than the one before. What changing takes and costs is part of that.
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { Forecast, Partition } from '#control-plane/model/plan.ts'
import { usdPerHour } from '../forecast.ts'
import type { Candidate, Decision, Place } from '../policy.ts'
import { budgetSavingMin, improvementMin, moveSeconds, resizeSeconds } from './config.ts'
import type { Aim, Situation } from './situation.ts'

export type Step = 'longer-interval' | 'resize' | 'other-devices' | 'move'

export type Change = {
  readonly step: Step
  readonly candidate: Candidate
  /** By place, with the work that is left. */
  readonly partitions: readonly Partition[]
  /** Of the work that is left, without what changing costs. */
  readonly forecast: Forecast
  /** Place now, by place before. */
  readonly moved: ReadonlyMap<string, string>
  readonly decided: Pick<Decision & { readonly kind: 'chosen' }, 'alternatives' | 'bound'>
  /** What going on unchanged would take and cost; null where that is not possible. */
  readonly unchanged: Forecast | null
}

/** Null where the plan in force is to stay. With `mustChange` the best one is taken, however little it brings. */
export function reconsider(situation: Situation, mustChange = false): Change | null {
  const unchanged = unchangedForecast(situation)
  const inForce = mustChange ? null : unchanged
  // What comes nearest to what the job asks for is for jobs that can not go on, and for those that leave it to the scheduler.
  const aims: readonly Aim[] =
    unchanged === null || situation.isOptimising ? ['objective', nearestTo(situation), 'cheapest'] : ['objective']
  const options = optionsOf(situation, aims).map((option) => ({ ...option, unchanged }))
  if (options.length === 0) return null
  const limit = secondsLimit(situation, [...options.flatMap(fastestOf), ...(inForce === null ? [] : [inForce])])
  let best: { readonly change: Change | null; readonly forecast: Forecast | null } = { change: null, forecast: inForce }
  for (const change of options) {
    const paid = withChange(situation, change)
    if (isClearlyBetter(situation, limit, paid, best.forecast)) best = { change, forecast: paid }
  }
  return best.change
}

/** The cheapest plan that can be had, however long it takes; null where none saves enough. */
export function cheaper(situation: Situation): Change | null {
  const unchanged = unchangedForecast(situation)
  const options = optionsOf(situation, ['cheapest']).map((option) => ({ ...option, unchanged }))
  let best: { readonly change: Change; readonly usd: number } | null = null
  for (const change of options) {
    const { totalUsd: usd } = withChange(situation, change)
    if (best === null || usd < best.usd * (1 - budgetSavingMin)) best = { change, usd }
  }
  if (best === null || unchanged === null) return best?.change ?? null
  const saving = best.usd <= situation.usdMax ? budgetSavingMin : improvementMin
  return best.usd < unchanged.totalUsd * (1 - saving) ? best.change : null
}

export function unchangedForecast({ partitions, exchange, places, problemOf }: Situation): Forecast | null {
  const isHeld = partitions.every(({ place, allocations }) => {
    const offer = places.find(({ region }) => region === place)
    return allocations.every((each) => unitsOf(offer, each) >= each.units)
  })
  if (!isHeld) return null
  return problemOf(places, new Map(), 'objective').estimate({ partitions: partitions.map(asItIs), exchange })
}

function unitsOf(place: Place | undefined, device: DeviceClass): number {
  return place?.devices.find(({ key }) => key === classKey(device))?.unitsFree ?? 0
}

export function asItIs({ place, allocations }: Partition): Candidate['partitions'][number] {
  return { place, dataRegions: [place], units: new Map(allocations.map((each) => [classKey(each), each.units])) }
}

type Option = Omit<Change, 'unchanged'>

/** In the order of what they disturb. */
function optionsOf(situation: Situation, aims: readonly Aim[]): readonly Option[] {
  return [...resizes(situation, aims), ...moves(situation, aims)]
}

/** In place: with the classes that are in use, then with any. */
function resizes(situation: Situation, aims: readonly Aim[]): readonly Option[] {
  const { partitions, places } = situation
  const own = places.filter(({ region }) => partitions.some(({ place }) => place === region))
  const inUse = own.map((place): Place => {
    const used = partitions.find((partition) => partition.place === place.region)!.allocations
    return { ...place, devices: place.devices.filter(({ key }) => used.some((each) => classKey(each) === key)) }
  })
  const canResize = inUse.every(({ devices }) => devices.length > 0)
  const isWider = inUse.some(({ devices }, n) => devices.length < own[n]!.devices.length)
  return [
    ...(canResize ? optionWith(situation, aims, 'resize', inUse, new Map()) : []),
    ...(isWider ? optionWith(situation, aims, 'other-devices', own, new Map()) : []),
  ]
}

function moves(situation: Situation, aims: readonly Aim[]): readonly Option[] {
  const { partitions, places, targets } = situation
  const taken = new Set(partitions.map(({ place }) => place))
  return partitions.flatMap(({ place }) =>
    (targets.get(place) ?? [])
      .filter((target) => !taken.has(target) && places.some(({ region }) => region === target))
      .flatMap((target) => {
        const used = places.filter(({ region }) => region !== place && (taken.has(region) || region === target))
        return optionWith(situation, aims, 'move', used, new Map([[place, target]]))
      }),
  )
}

function optionWith(
  situation: Situation,
  aims: readonly Aim[],
  step: Step,
  places: readonly Place[],
  moved: ReadonlyMap<string, string>,
): readonly Option[] {
  for (const each of aims) {
    const problem = situation.problemOf(places, moved, each)
    if (problem.data.some((data) => data.places.length === 0)) return []
    const decision = situation.decide(problem, each)
    if (decision.kind === 'none') continue
    const candidate = { partitions: decision.choices, exchange: decision.exchange }
    const partitions = problem.partitionsOf(candidate)
    return [{ step, candidate, partitions, forecast: problem.estimate(candidate), moved, decided: decision }]
  }
  return []
}

/** Where what the job asks for is out of reach by now. */
function nearestTo({ objective }: Situation): Aim {
  return objective.kind === 'deadline' ? 'fastest' : 'cheapest'
}

function fastestOf({ decided, forecast }: Option): readonly Forecast[] {
  const fastest = decided.alternatives.find(({ name }) => name === 'fastest')?.forecast
  return fastest === null || fastest === undefined ? [forecast] : [fastest, forecast]
}

/** What is left may take so long. A plan in force that is a little slower than a new one might be is not given up for that. */
function secondsLimit({ objective, nowMs }: Situation, forecasts: readonly Forecast[]): number {
  switch (objective.kind) {
    case 'least-cost':
      return Math.min(...forecasts.map(({ seconds }) => seconds)) * (1 + objective.slack) * (1 + improvementMin)
    case 'deadline':
      return Math.max(0, objective.atMs - nowMs) / 1000
    case 'least-time':
      return Number.POSITIVE_INFINITY
  }
}

/** While it changes, what changes is paid and trains nothing; what a partition has learnt goes along when it moves. */
function withChange({ partitions, checkpointMove }: Situation, { step, forecast, moved }: Option): Forecast {
  const carried = [...moved].map(([from, to]) => checkpointMove(from, to))
  const own = step === 'move' ? moveSeconds : resizeSeconds
  const seconds = own + Math.max(0, ...carried.map((each) => each.seconds))
  const usd = (usdPerHour(partitions) * seconds) / 3600 + carried.reduce((sum, each) => sum + each.usd, 0)
  return { ...forecast, seconds: forecast.seconds + seconds, totalUsd: forecast.totalUsd + usd }
}

function isClearlyBetter({ objective, usdMax }: Situation, limit: number, a: Forecast, b: Forecast | null): boolean {
  if (b === null) return true
  // What is done about a budget that is passed already is decided apart.
  if (a.totalUsd > usdMax && a.totalUsd > b.totalUsd) return false
  const isInTime = ({ seconds }: Forecast): boolean => seconds <= limit
  if (isInTime(a) !== isInTime(b)) return isInTime(a)
  const value = ({ seconds, totalUsd }: Forecast): number => {
    return objective.kind === 'least-time' || !isInTime(b) ? seconds : totalUsd
  }
  return value(a) < value(b) * (1 - improvementMin)
}
