// The decision for one job. Always a value: "cannot place now" is an outcome, not an error.
import type { DeviceClass } from './device-class.ts'
import type { GpuShare } from './gpu-share.ts'
import type { Objective } from './job.ts'

export type Plan = {
  readonly outcome: 'placed' | 'waiting' | 'impossible'
  readonly policy: string
  readonly objective: Objective
  /** Counts the job's plans, from 1. */
  readonly version: number
  readonly plannedAtMs: number
  /** Why this one replaced the one before it; '' for the first. */
  readonly cause: string
  /** In ascending order of region; empty unless placed. */
  readonly partitions: readonly Partition[]
  /** How the regions are to synchronise; null where that is left to the strategy, or nothing is known of the model. */
  readonly exchange: Exchange | null
  /** In ascending order of (from, to). */
  readonly movements: readonly Movement[]
  /** One per region considered, chosen or refused, in ascending order of region. */
  readonly reasons: readonly Reason[]
  /** Of the work that was left when it was made: all of it for version 1. */
  readonly forecast: Forecast | null
  readonly forecastUseEverything: Forecast | null
  /** What else was considered, best first. */
  readonly alternatives: readonly Alternative[]
  /** How far from the best plan this one can be; null for policies that do not optimise. */
  readonly bound: Bound | null
  readonly catalogVersion: string
  readonly catalogHash: string
  /** Epochs per second that every region reaches at least. */
  readonly loadPower: number
  readonly bottleneckRegion: string
  /** One unit of each class for a short while, to learn how fast they are; then the plan proper. */
  readonly isProfile?: boolean
}

export type Partition = {
  /** Its name for as long as the job lives: the region that it was first placed in. */
  readonly region: string
  /** Where it runs. No two partitions of a job are in one place. */
  readonly place: string
  /** How often it was moved. */
  readonly moves: number
  /** Of one epoch: those of its own region's shards and of what is moved to it. */
  readonly samples: number
  /** Regions whose shards it trains on, in ascending order. */
  readonly dataRegions: readonly string[]
  /** In ascending order of class key. */
  readonly allocations: readonly Allocation[]
  readonly loadPower: number
}

export type Allocation = DeviceClass & {
  readonly units: number
  /** What a unit is of a GPU; absent: the whole of it. */
  readonly gpuShare?: GpuShare
  readonly samplesPerSecondPerUnit: number
  readonly usdPerUnitHour: number
  /** Times that a unit is taken away in an hour, on average. */
  readonly lossesPerHour: number
}

/** Local steps between two rounds, what they are compressed to, and who closes them. */
export type Exchange = {
  readonly interval: number
  readonly codec: string
  readonly fragments: number
  /** The region that the others' contributions go to; '' where they meet in pairs. */
  readonly hub: string
}

/** Training data on its way to where it is trained on. */
export type Movement = {
  readonly from: string
  readonly to: string
  readonly bytes: number
  readonly seconds: number
  readonly usd: number
}

export type Reason = {
  readonly region: string
  readonly chosen: boolean
  /** Stable and machine-readable, for example "matched-load-power", "no-data", "no-agent", "no-free-units". */
  readonly rule: string
  /** One sentence with the numbers. */
  readonly text: string
  /** The same numbers by name, with their units in it, for example usdPerHour. */
  readonly figures: Readonly<Record<string, number>>
}

export type Forecast = {
  readonly seconds: number
  /** Of those, before training can begin: data on its way. */
  readonly movementSeconds: number
  readonly computeUsd: number
  readonly egressUsd: number
  readonly movementUsd: number
  readonly storageUsd: number
  /** Work that is expected to be done again because spot capacity is taken away. */
  readonly spotLossUsd: number
  readonly totalUsd: number
  readonly wanBytes: number
  readonly throughputSource: 'declared' | 'measured' | 'nominal'
}

export type Alternative = {
  /** For example "use-everything" or "without tencent/ap-shanghai". */
  readonly name: string
  /** Null where it can not be done. */
  readonly forecast: Forecast | null
  /** One sentence: why it was not taken. */
  readonly text: string
}

export type Bound = {
  /** No plan can be better, in the objective's unit: USD, or seconds for least-time. */
  readonly atLeast: number
  /** (this plan - atLeast) / atLeast. */
  readonly gap: number
  readonly isProvedOptimal: boolean
}

/** What one inter-region update weighs and how much work lies behind it, measured in earlier runs of the function. */
export type ModelSize = {
  /** One update of the whole model as float32, whatever it was compressed to. */
  readonly updateBytes: number
  /** Samples of one local step (the batch size). */
  readonly samplesPerStep: number
}
