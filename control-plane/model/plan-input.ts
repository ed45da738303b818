// All that a plan is decided on, but for the catalogue, whose hash it names. Kept with a job's plans, so that any of them can be
// decided again, and carried to whoever plans without a control plane.
import type { DeviceClass } from './device-class.ts'
import type { JobSpec } from './job.ts'
import type { ModelSize, Plan } from './plan.ts'

export type PlanInput = {
  readonly spec: JobSpec
  readonly decidedAtMs: number
  readonly catalogVersion: string
  readonly catalogHash: string
  /** Regions with an agent, in ascending order. */
  readonly capacity: readonly RegionCapacity[]
  /** Samples per second of one unit of a device model, measured in earlier runs of the function. */
  readonly samplesPerSecond: Readonly<Record<string, number>>
  readonly modelSize: ModelSize | null
  /** In ascending order of (from, to). */
  readonly measuredLinks: readonly MeasuredPair[]
}

export type RegionCapacity = {
  readonly region: string
  readonly isConnected: boolean
  readonly lastHeartbeatAtMs: number
  /** In ascending order of class key. */
  readonly classes: readonly ClassUnits[]
  /** Job ids by device model: those have waited longer, and get such units first. */
  readonly held: Readonly<Record<string, string>>
}

export type ClassUnits = DeviceClass & { readonly unitsTotal: number; readonly unitsFree: number }

export type MeasuredPair = {
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
  readonly roundTripMs: number
}

/** A plan with what it was decided on. */
export type DecidedPlan = { readonly plan: Plan; readonly input: PlanInput }
