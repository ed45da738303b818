// What one instance makes of one GPU that is shared, as its agent told last. Shown to people; nothing is decided on it.
import type { GpuShare } from './gpu-share.ts'

export type DeviceUse = {
  readonly deviceId: string
  readonly instanceId: string
  /** Null: the whole device. */
  readonly share: GpuShare | null
  /** Of the device's time in the last second, and what is allowed now, in thousandths. */
  readonly usedMilli: number
  readonly quotaMilli: number
  readonly memoryBytes: number
  /** For example "CONTENTION"; '' where nobody's quota hangs on it. */
  readonly state: string
  readonly reason: string
  /** In bubbles of the training beside it, and how much of that it used. */
  readonly bubbleSeconds: number
  readonly filledSeconds: number
  /** All 0 where there is no objective. */
  readonly latencyMs: number
  readonly sloMs: number
  readonly sloPercentile: number
  /** Launches that were held back, and for how long in all. */
  readonly waits: number
  readonly waitedSeconds: number
}
