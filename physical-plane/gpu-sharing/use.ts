// What each instance makes of its device: for metering, for `cloudless top` and for the sentences in both.

export type SharingState = '' | 'EMERGENCY' | 'RECOVERY' | 'CONTENTION' | 'BUSY' | 'PROBE' | 'OPEN'

export type InstanceUse = {
  readonly deviceId: string
  readonly instanceId: string
  readonly tag: bigint
  readonly requestMilli: number
  readonly limitMilli: number
  /** Of the device's time in the last second, in thousandths. */
  readonly usedMilli: number
  /** Device time since it was registered, in seconds: for metering by differences. Only grows. */
  readonly usedSeconds: number
  /** Allowed now, in thousandths. */
  readonly quotaMilli: number
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly processes: number
  readonly state: SharingState
  /** One sentence with numbers. */
  readonly reason: string
  readonly bubbleSeconds: number
  readonly filledSeconds: number
  readonly waits: number
  readonly waitedSeconds: number
  /** 0 where it has no objective, or nobody has measured yet. */
  readonly latencyMs: number
  readonly sloMs: number
  readonly sloPercentile: number
  /** At its limit, and still over its objective, for so long: more instances are needed. */
  readonly exhaustedSeconds: number
}
