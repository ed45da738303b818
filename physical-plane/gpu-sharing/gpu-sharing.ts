// GPU sharing as the agent sees it: devices, the instances registered on them, and what each of these uses.
// The driver behind it is sharing.ts; processes find their device's file by their environment (see `environmentOf`).
import type { InstanceUse } from './use.ts'

export type ShareOfDevice = {
  /** Guaranteed, in thousandths of the device. */
  readonly requestMilli: number
  /** May be used while others leave it. */
  readonly limitMilli: number
  /** 0: no limit of memory. */
  readonly memoryBytes: number
  /** The part of the multiprocessors that it runs on, 1 to 999 thousandths: request and limit are then of time on those. Absent: all. */
  readonly smMilli?: number
}

export type SharedDevice = {
  /** The id under which instances are registered, for example the GPU's UUID. */
  readonly deviceId: string
  /** 0 where it is not known: memory is then not summed up. */
  readonly memoryBytes: number
}

/** Whom the device's work is arranged around, and who takes what is left. */
export type Role = 'protected' | 'confined'

export type Work = 'inference' | 'training'

export type Objective = {
  readonly latencyMs: number
  /** For example 99. */
  readonly percentile: number
}

/** How long the objective's percentile of requests took lately, as the serving side measures it. */
export type LatencySample = {
  readonly latencyMs: number
  /** Requests that the figure stands for; with 0 it says nothing. */
  readonly requests: number
  /** A new number with every new figure, so that one figure is not acted on twice. */
  readonly revision: number
}

export type SharedInstance = {
  readonly instanceId: string
  /** CLOUDLESS_GPU_TAG of its processes; of one run, never used again. */
  readonly tag: bigint
  readonly deviceId: string
  readonly role: Role
  readonly work: Work
  /** Answers token by token: reacts to smaller inflation. */
  readonly isTokenByToken: boolean
  readonly share: ShareOfDevice
  readonly objective: Objective | null
  /** Asked at ticks; null while there is none. */
  readonly latency: (() => LatencySample | null) | null
}

export interface GpuSharing {
  /** Makes the device's shared file, or takes over the one that is there. Again for a known device: nothing happens. */
  addDevice(device: SharedDevice): { readonly path: string }
  /** Memory of the device that is in nobody's share: those who come find so much less. */
  besideIs(deviceId: string, bytes: number): void
  /** Its instances are forgotten and its file goes: processes that still have it mapped pass everything after the heartbeat's age. */
  removeDevice(deviceId: string): void
  /** Refuses what would oversell the device, naming instance, device and field. Call it before the process starts. */
  register(instance: SharedInstance): void
  /** Idempotent. */
  unregister(tag: bigint): void
  /** Of all registered instances, newest; sorted by device, then instance. */
  uses(): readonly InstanceUse[]
  /** Stops the ticks; files stay for a successor unless `removesFiles`. */
  close(options?: { readonly removesFiles?: boolean }): void
}

/** What a process on these devices is given beside LD_PRELOAD and CUDA_VISIBLE_DEVICES. */
export function environmentOf(options: {
  /** Shared files in the order of CUDA ordinals. */
  readonly paths: readonly string[]
  readonly tag: bigint
  readonly role: Role
  /** The limit of its memory until the manager's first order: models are loaded in a process's first moments. 0: none. */
  readonly memoryBytes: number
}): Readonly<Record<string, string>> {
  return {
    CLOUDLESS_GPU_FILES: options.paths.join(':'),
    CLOUDLESS_GPU_TAG: options.tag.toString(),
    CLOUDLESS_GPU_ROLE: options.role,
    ...(options.memoryBytes === 0 ? {} : { CLOUDLESS_GPU_MEMORY_BYTES: String(options.memoryBytes) }),
  }
}
