// All that a plan is decided on, but for the catalogue, whose hash it names. Kept with a job's plans, so that any of them can be
// decided again, and carried to whoever plans without a control plane.
import type { DeviceClass } from './device-class.ts'
import type { JobSpec, Shard } from './job.ts'
import type { ModelSize, Plan } from './plan.ts'

export type PlanInput = {
  readonly spec: JobSpec
  readonly decidedAtMs: number
  readonly catalogVersion: string
  readonly catalogHash: string
  /** Regions with an agent, in ascending order. */
  readonly capacity: readonly RegionCapacity[]
  /** Samples per second of one unit of a device model, measured in earlier runs of the function; of shares by unitName. */
  readonly samplesPerSecond: Readonly<Record<string, number>>
  readonly modelSize: ModelSize | null
  /** In ascending order of (from, to). */
  readonly measuredLinks: readonly MeasuredPair[]
  /** It begins with a profile, as nothing is known of the speeds; absent where it does not. */
  readonly isProfile?: boolean
  /** Of a plan that replaced another one while the job ran; absent of one that was made afresh. */
  readonly goingOn?: GoingOn
}

/** What else a running job's plan is decided on. The units that it held count as free. */
export type GoingOn = {
  /** The one in force until then. */
  readonly plan: Plan
  /** Weighed against any other plan; for its budget exchanging less often, or as cheap as can be; or after a profile. */
  readonly way: 'weigh' | 'lengthen' | 'move' | 'profiled'
  /** The work that was left: a shard for each partition, in its place. */
  readonly shards: readonly Shard[]
  /** 0 to 1, by samples. */
  readonly share: number
  /** Samples per second of each partition, as measured. */
  readonly speeds: Readonly<
    Record<string, { readonly compute: number; readonly wall: number; readonly observations: number }>
  >
  /** No job waited for units. */
  readonly mayGrow: boolean
  readonly paidUsd: number
  /** What was off. */
  readonly why: readonly string[]
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

/** As the job counts them: of GPUs that it asks for a share of, shares of that size. */
export type ClassUnits = DeviceClass & { readonly unitsTotal: number; readonly unitsFree: number }

export type MeasuredPair = {
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
  readonly roundTripMs: number
}
