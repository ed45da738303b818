// Why a job can not be placed now, and whether time may help: it waits where units fall free or agents may come, and is
// impossible where nothing but another catalogue or another job would do. What a job that waits for units needs is held for
// it: where its data has to be, and of the places that data may be moved to, one.
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, Plan, Reason } from '#control-plane/model/plan.ts'
import type { Feasibility, Refusal } from './feasible.ts'
import type { FreeUnits, RegionUnits } from './free-units.ts'
import { mayMove } from './may-move.ts'
import { figure, unitText, type Choice } from './policy.ts'

export type Postponed = {
  readonly outcome: Exclude<Plan['outcome'], 'placed'>
  readonly reasons: readonly Reason[]
  /** Device models that are to be held for the job, by region; empty where it waits for more than units. */
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
}

type Looked = ReadonlyMap<string, Feasibility>

const nothing: ReadonlyMap<string, readonly string[]> = new Map()

/** Some of the data can not be trained on anywhere now: that of the `stranded` regions. */
export function withoutPlace(
  spec: JobSpec,
  withData: readonly string[],
  stranded: readonly string[],
  looked: Looked,
): Postponed {
  const targets = (from: string): readonly Feasibility[] =>
    [...looked].filter(([to]) => to === from || mayMove(spec, from, to)).map(([, found]) => found)
  const isHopeless = stranded.some((from) => targets(from).every(({ kind }) => kind === 'impossible'))
  const lackUnits = stranded.map((from) => targets(from).filter(isShort))
  const waitsOnlyForUnits = !isHopeless && lackUnits.every((places) => places.length > 0)
  const named = new Set([...withData, ...stranded.flatMap((from) => targets(from).map(regionOf))])
  return {
    outcome: isHopeless ? 'impossible' : 'waiting',
    reasons: [...named].sort().map((region) => reasonOf(region, looked.get(region)!)),
    waitsFor: waitsOnlyForUnits ? neededBy(spec, withData, stranded, looked, lackUnits) : nothing,
  }
}

/** Its own region first, so that data is moved only where that can not be helped. */
function neededBy(
  spec: JobSpec,
  withData: readonly string[],
  stranded: readonly string[],
  looked: Looked,
  lackUnits: readonly (readonly Feasibility[])[],
): ReadonlyMap<string, readonly string[]> {
  const mustStay = withData.filter((from) => ![...looked.keys()].some((to) => to !== from && mayMove(spec, from, to)))
  const oneEach = stranded.map((from, i) => {
    const places = lackUnits[i]!.map(regionOf)
    return places.includes(from) ? from : places[0]!
  })
  const regions = [...new Set([...mustStay, ...oneEach])].sort()
  return new Map(regions.map((region) => [region, looked.get(region)!.usableModels]))
}

/** No plan meets the job's objective or budget with what is free; with every unit there is, this one would. */
export function untilUnitsAreFree(
  reasons: readonly Reason[],
  looked: Looked,
  choices: readonly Choice[],
  { seconds, totalUsd }: Forecast,
): Postponed {
  const once = `with every unit of its regions free a plan takes ${figure(seconds)} s and costs $${figure(totalUsd)}`
  return {
    outcome: 'waiting',
    reasons: reasons.map((reason) => ({
      ...reason,
      text: `${reason.text}; ${once}, so the job waits for units`,
      figures: { ...reason.figures, secondsWithAllUnits: seconds, usdWithAllUnits: totalUsd },
    })),
    waitsFor: new Map(choices.map(({ place }) => [place, looked.get(place)!.usableModels])),
  }
}

/** Every unit of the agents that are there, as if no job had any. */
export function allUnits(units: FreeUnits): FreeUnits {
  return new Map(
    [...units].map(([region, here]): [string, RegionUnits] => [region, { ...here, free: new Map(here.total) }]),
  )
}

export function isAllFree(units: FreeUnits): boolean {
  return [...units.values()].every(({ total, free }) => [...total].every(([key, count]) => free.get(key) === count))
}

export function reasonOf(region: string, found: Feasibility): Reason {
  if (found.kind !== 'place')
    return { region, chosen: false, rule: found.rule, text: found.text, figures: found.figures }
  const { devices } = found.place
  const free = devices.map(({ key, unitsFree, gpuShare }) => `${unitsFree} ${unitText(key, gpuShare)}`).join(', ')
  const text = `${region} has ${free} free and waits for the others`
  const unitsFree = devices.reduce((sum, device) => sum + device.unitsFree, 0)
  return { region, chosen: false, rule: 'ready', text, figures: { unitsFree } }
}

function isShort(found: Feasibility): found is Refusal {
  return found.kind === 'waiting' && (found.rule === 'no-free-units' || found.rule === 'held-for-older-job')
}

function regionOf(found: Feasibility): string {
  return found.kind === 'place' ? found.place.region : found.region
}
