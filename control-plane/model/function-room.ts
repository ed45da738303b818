// What deciding on functions asks of the regions: where there is room for one more instance, and at what price.
import type { DeviceClass } from './device-class.ts'
import type { GpuShare } from './gpu-share.ts'
import type { InferenceSpec } from './inference.ts'
import type { Instance } from './snapshot.ts'

export type FunctionRoom = {
  /** Gives an instance another share of its own GPU, where that fits beside the others there; false and nothing otherwise. */
  readonly resize: (instance: Instance, share: GpuShare) => boolean
  /** Takes room for one more instance there, so that whoever asks next sees what is left. */
  readonly take: (spec: InferenceSpec, region: string) => RoomTaken
  /** Regions that have room for one now: the cheapest first, of equals the lower name. */
  readonly regions: (spec: InferenceSpec) => readonly string[]
  /** Why regions with an agent have none now, a clause each, in order of their names. */
  readonly lacks: (spec: InferenceSpec) => readonly string[]
}

export type RoomTaken =
  | { readonly kind: 'taken'; readonly deviceClass: DeviceClass; readonly usdPerUnitHour: number }
  | { readonly kind: 'none'; readonly because: string }
