// What a scheduling policy is: it gets a job's data, the places that could train on it with the units that may be used there,
// the ways to synchronise, and a function that forecasts what any choice among them would take and cost. It says where each
// region's data is trained on, with how many units, and why. Everything else (what is free, what is allowed, prices, speeds,
// reasons for the regions left out) is done for it in `place-job.ts`.
//
// To add a policy: one file here that exports a `Policy`, and one line in `policies.ts`.
import type { DeviceClass } from '#control-plane/model/device-class.ts'
import { shareText, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Budget, Objective } from '#control-plane/model/job.ts'
import type { Alternative, Bound, Exchange, Forecast, Reason } from '#control-plane/model/plan.ts'

export type Policy = (problem: Problem) => Decision

export type Problem = {
  readonly objective: Objective
  readonly budget: Budget | null
  readonly nowMs: number
  readonly epochs: number
  /** Regions with data, in ascending order of name; each can be trained on somewhere. */
  readonly data: readonly DataRegion[]
  /** Regions with units for this job, in ascending order of name. */
  readonly places: readonly Place[]
  /** Ways to synchronise, the most exact first, none with a hub yet; null where nothing is known of the model. At least one. */
  readonly exchanges: readonly (Exchange | null)[]
  readonly estimate: (candidate: Candidate) => Forecast
  /** What no choice of units gets below. */
  readonly floor: (homes: readonly Home[], exchange: Exchange | null) => Floor
  /** What it takes and costs to bring a region's data to a place. */
  readonly movement: (region: string, place: string) => Move
  /** What synchronisation between places takes and costs at least. */
  readonly wire: (exchange: Exchange | null) => Wire
}

export type Move = { readonly seconds: number; readonly usd: number }

/** What regions exchange that meet in rounds; nothing where they do not, or where nothing is known of the model. */
export type Wire = {
  readonly isOverlapped: boolean
  /** Whole models that are exchanged where some place trains so many samples of all epochs, at least. */
  readonly models: (samples: number) => number
  /** Of one of them, and of the final one. */
  readonly modelBytes: number
  readonly finalBytes: number
  /** Of a place and of that where contributions meet: so many models both ways, and the final one. */
  readonly swapUsd: (place: string, hub: string, models: number) => number
  readonly leg: (from: string, to: string) => Leg
}

/** A transfer takes the delay, and as long for each byte. */
export type Leg = { readonly delaySeconds: number; readonly secondsPerByte: number }

/** What is trained on where. */
export type Home = Pick<CandidatePartition, 'place' | 'dataRegions'>

export type Floor = {
  /** Before training begins. */
  readonly movementSeconds: number
  /** Training lasts at least as long as computing and this: the longer of both where they overlap, else their sum. */
  readonly wireSeconds: number
  readonly isOverlapped: boolean
  /** Before and after: with nothing that overlaps. */
  readonly outsideSeconds: number
  /** All but what units cost. */
  readonly usd: number
}

export type DataRegion = {
  readonly region: string
  /** Samples of one epoch that lie here; above 0. */
  readonly samples: number
  /** 0 where nobody has said. */
  readonly bytes: number
  /** Places that it may be trained in, in ascending order; its own region is one of them if it can train. */
  readonly places: readonly string[]
}

export type Place = {
  readonly region: string
  /** Most units that may be taken, over all classes. */
  readonly unitsMax: number
  /** In ascending order of key; at least one. */
  readonly devices: readonly DeviceOffer[]
}

export type DeviceOffer = DeviceClass & {
  /** classKey of the class. */
  readonly key: string
  /** What a unit is of a GPU; absent: the whole of it. Prices and speeds are of units. */
  readonly gpuShare?: GpuShare
  /** At least 1. */
  readonly unitsFree: number
  /** Above 0. */
  readonly samplesPerSecondPerUnit: number
  readonly usdPerUnitHour: number
  /** Times that a unit is taken away in an hour, on average; 0 on demand. */
  readonly lossesPerHour: number
}

/** A choice among what a problem offers, to be forecast. */
export type Candidate = {
  /** One per place that is used, in ascending order. */
  readonly partitions: readonly CandidatePartition[]
  readonly exchange: Exchange | null
}

export type CandidatePartition = {
  readonly place: string
  /** In ascending order; at least one. */
  readonly dataRegions: readonly string[]
  /** Units by class key: at least one in all, never more than the place has. Classes with 0 units may be left out. */
  readonly units: ReadonlyMap<string, number>
}

export type Decision =
  | {
      readonly kind: 'chosen'
      readonly choices: readonly Choice[]
      readonly exchange: Exchange | null
      /** Places that were looked at and not taken. */
      readonly refused: readonly Reason[]
      readonly alternatives: readonly Alternative[]
      readonly bound: Bound | null
    }
  /** No choice meets the objective; the reasons say by how much the nearest one misses it. */
  | { readonly kind: 'none'; readonly reasons: readonly Reason[]; readonly alternatives: readonly Alternative[] }

export type Choice = CandidatePartition & {
  /** Stable and machine-readable, for example "matched-load-power". */
  readonly rule: string
  /** One sentence with the numbers. */
  readonly text: string
  /** Those numbers by name. */
  readonly figures: Readonly<Record<string, number>>
}

/** A place together with all data that is trained on there. */
export type RegionOffer = Place & { readonly samples: number }

/** A policy that moves no data and leaves synchronisation as it is: it only says how many units each region takes. */
export function whereDataLies(choose: (offers: readonly RegionOffer[]) => readonly Choice[]): Policy {
  return ({ data, places }) => {
    const offers = data.flatMap(({ region, samples }): RegionOffer[] => {
      const place = places.find((each) => each.region === region)
      return place === undefined ? [] : [{ ...place, samples }]
    })
    const away = data.filter(({ region }) => !offers.some((offer) => offer.region === region))
    if (away.length > 0) return { kind: 'none', reasons: away.map(canNotStay), alternatives: [] }
    return { kind: 'chosen', choices: choose(offers), exchange: null, refused: [], alternatives: [], bound: null }
  }
}

function canNotStay({ region, places }: DataRegion): Reason {
  const text = `${region} has data and no units for it; this policy moves none (it may be moved to ${places.join(', ')})`
  return { region, chosen: false, rule: 'data-would-have-to-move', text, figures: {} }
}

/** Samples per second of the chosen units. */
export function throughputOf({ devices }: Place, units: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const device of devices) sum += (units.get(device.key) ?? 0) * device.samplesPerSecondPerUnit
  return sum
}

/** For example "8 of 12 cpu and 1 of 4 nvidia-t4@spot". */
export function describeUnits({ devices }: Place, units: ReadonlyMap<string, number>): string {
  return devices
    .filter(({ key }) => (units.get(key) ?? 0) > 0)
    .map(({ key, unitsFree, gpuShare }) => `${units.get(key) ?? 0} of ${unitsFree} ${unitText(key, gpuShare)}`)
    .join(' and ')
}

/** For example "nvidia-t4", or "shares of 0.5 nvidia-t4". */
export function unitText(key: string, share: GpuShare | null | undefined): string {
  return share === null || share === undefined ? key : `shares of ${shareText(share)} ${key}`
}

/** Four significant digits, as people read them: 0.01333, 12.5, 4200. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}
