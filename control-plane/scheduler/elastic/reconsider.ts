// Whether a running job should go on with another plan. The policy decides again on the work that is left, first with what
// the job has (resize), then with other classes of devices where it is, then with one partition elsewhere; each step
// disturbs more than the one before it. Another plan is taken when the one in force can not go on, or no longer meets the
// objective, or is worse by a clear share of what is left; and a step that disturbs more only when it is as clearly better
// than the one before. What changing takes and costs is part of that.
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { Objective } from '#control-plane/model/job.ts'
import type { Exchange, Forecast, Partition } from '#control-plane/model/plan.ts'
import { usdPerHour } from '../forecast.ts'
import type { Candidate, Decision, Place, Policy } from '../policy.ts'
import type { JobProblem } from '../problem.ts'
import { improvementMin, moveSeconds, resizeSeconds } from './config.ts'

export type Situation = {
  readonly policy: Policy
  readonly objective: Objective
  readonly nowMs: number
  /** The plan's partitions that have work left. */
  readonly partitions: readonly Partition[]
  readonly exchange: Exchange | null
  /** The work that is left, where it may be done: one region of data for each partition, in its place. */
  readonly problemOf: (places: readonly Place[], mayMove: ReadonlyMap<string, string>) => JobProblem
  /** Every place that may be used, with the job's own units counted as free. */
  readonly places: readonly Place[]
  /** Places that a partition may be moved to, by its place. */
  readonly targets: ReadonlyMap<string, readonly string[]>
}

export type Step = 'resize' | 'other-devices' | 'move'

export type Change = {
  readonly step: Step
  readonly candidate: Candidate
  /** By place, with the work that is left. */
  readonly partitions: readonly Partition[]
  /** Of the work that is left. */
  readonly forecast: Forecast
  /** Place now, by place before. */
  readonly moved: ReadonlyMap<string, string>
  readonly decision: Decision & { readonly kind: 'chosen' }
  /** What going on unchanged would take and cost; null where that is not possible. */
  readonly unchanged: Forecast | null
}

/** Null where the plan in force is to stay. */
export function reconsider(situation: Situation): Change | null {
  const unchanged = unchangedForecast(situation)
  const options = [...resizes(situation), ...moves(situation)].map((option) => ({ ...option, unchanged }))
  if (options.length === 0) return null
  const limit = secondsLimit(situation, [...options.flatMap(fastestOf), ...(unchanged === null ? [] : [unchanged])])
  let best: { readonly change: Change | null; readonly forecast: Forecast | null } = {
    change: null,
    forecast: unchanged,
  }
  for (const change of options) {
    const paid = withChange(situation, change)
    if (isClearlyBetter(situation.objective, limit, paid, best.forecast)) best = { change, forecast: paid }
  }
  return best.change
}

function unchangedForecast({ partitions, exchange, places, problemOf }: Situation): Forecast | null {
  const isHeld = partitions.every(({ place, allocations }) => {
    const offer = places.find(({ region }) => region === place)
    return allocations.every((each) => unitsOf(offer, each) >= each.units)
  })
  if (!isHeld) return null
  return problemOf(places, new Map()).estimate({ partitions: partitions.map(asItIs), exchange })
}

function unitsOf(place: Place | undefined, device: DeviceClass): number {
  return place?.devices.find(({ key }) => key === classKey(device))?.unitsFree ?? 0
}

function asItIs({ place, allocations }: Partition): Candidate['partitions'][number] {
  return { place, dataRegions: [place], units: new Map(allocations.map((each) => [classKey(each), each.units])) }
}

type Option = Omit<Change, 'unchanged'>

/** In place: with the classes that are in use, then with any. */
function resizes(situation: Situation): readonly Option[] {
  const { partitions, places } = situation
  const own = places.filter(({ region }) => partitions.some(({ place }) => place === region))
  const inUse = own.map((place): Place => {
    const used = partitions.find((partition) => partition.place === place.region)!.allocations
    return { ...place, devices: place.devices.filter(({ key }) => used.some((each) => classKey(each) === key)) }
  })
  const canResize = inUse.every(({ devices }) => devices.length > 0)
  return [
    ...(canResize ? decided(situation, 'resize', inUse, new Map()) : []),
    ...decided(situation, 'other-devices', own, new Map()),
  ]
}

function moves(situation: Situation): readonly Option[] {
  const { partitions, places, targets } = situation
  const taken = new Set(partitions.map(({ place }) => place))
  return partitions.flatMap(({ place }) =>
    (targets.get(place) ?? [])
      .filter((target) => !taken.has(target) && places.some(({ region }) => region === target))
      .flatMap((target) => {
        const used = places.filter(({ region }) => region !== place && (taken.has(region) || region === target))
        return decided(situation, 'move', used, new Map([[place, target]]))
      }),
  )
}

function decided(
  { policy, problemOf }: Situation,
  step: Step,
  places: readonly Place[],
  moved: ReadonlyMap<string, string>,
): readonly Option[] {
  const problem = problemOf(places, moved)
  if (problem.data.some((data) => data.places.length === 0)) return []
  const decision = policy(problem)
  if (decision.kind === 'none') return []
  const candidate = { partitions: decision.choices, exchange: decision.exchange }
  const partitions = problem.partitionsOf(candidate)
  return [{ step, candidate, partitions, forecast: problem.estimate(candidate), moved, decision }]
}

function fastestOf({ decision, forecast }: Option): readonly Forecast[] {
  const fastest = decision.alternatives.find(({ name }) => name === 'fastest')?.forecast
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

/** While it changes, what changes is paid and trains nothing. */
function withChange({ partitions }: Situation, { step, forecast }: Option): Forecast {
  const seconds = step === 'move' ? moveSeconds : resizeSeconds
  const usd = (usdPerHour(partitions) * seconds) / 3600
  return { ...forecast, seconds: forecast.seconds + seconds, totalUsd: forecast.totalUsd + usd }
}

function isClearlyBetter(objective: Objective, limit: number, a: Forecast, b: Forecast | null): boolean {
  if (b === null) return true
  const isInTime = ({ seconds }: Forecast): boolean => seconds <= limit
  if (isInTime(a) !== isInTime(b)) return isInTime(a)
  const value = ({ seconds, totalUsd }: Forecast): number => {
    return objective.kind === 'least-time' || !isInTime(b) ? seconds : totalUsd
  }
  return value(a) < value(b) * (1 - improvementMin)
}
