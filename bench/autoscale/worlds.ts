// What the functions of a trace run on, and what their files ask for.
import type { Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import { pair } from './language-model.ts'
import { deviceModel } from './surfaces.ts'

export type World = {
  readonly deviceModel: string
  readonly gpus: number
  readonly memoryBytes: number
  readonly usdPerHour: number
  readonly instanceMemoryBytes: number
  readonly batchMax: number
  readonly coldStartMs: number
  readonly instancesMin: number
  readonly instancesMax: number
  /** Of policies that choose no shapes. */
  readonly share: Shape
}

/** V100s; 30 % of the multiprocessors half of the time, as FaST-GShare's pods for ResNet. */
export const vision: World = {
  deviceModel,
  gpus: 16,
  memoryBytes: 16e9,
  usdPerHour: 2.48,
  instanceMemoryBytes: 1.5e9,
  batchMax: 8,
  coldStartMs: 10_000,
  instancesMin: 1,
  instancesMax: 64,
  share: { smMilli: 300, requestMilli: 500, limitMilli: 750 },
}

/** The same, for functions that may have no instance while nobody asks. */
export const seldom: World = { ...vision, instancesMin: 0 }

/** Two thirds of the time of a pair of GPUs are guaranteed. */
export const language: World = {
  deviceModel: pair.model,
  gpus: 64,
  memoryBytes: pair.memoryBytes,
  usdPerHour: 2 * 11.06,
  instanceMemoryBytes: pair.instanceMemoryBytes,
  batchMax: pair.batchMax,
  coldStartMs: pair.coldStartMs,
  instancesMin: 1,
  instancesMax: 64,
  share: { smMilli: 1_000, requestMilli: 667, limitMilli: 1_000 },
}
