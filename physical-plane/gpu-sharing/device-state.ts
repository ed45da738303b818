// What one device's manager knows: the snapshot of a tick, and everything that moves from tick to tick. Values only, so that a
// recorded device can be decided again. Pure.
import type { BubbleModel } from './bubbles.ts'
import type { CycleModel } from './cycles.ts'
import { firstLevel, type Level } from './dilu.ts'
import type { FillModel } from './fill.ts'
import type { LatencySample, SharedInstance } from './gpu-sharing.ts'
import type { Order } from './layout.ts'
import type { Progress } from './readings.ts'
import type { SloVerdict } from './slo.ts'
import { noPlan, type TokenPlan } from './token-plan.ts'
import type { Account } from './use.ts'

export type DeviceSnapshot = {
  readonly nowNs: number
  readonly elapsedNs: number
  /** All that are registered, by id. */
  readonly instances: readonly SharedInstance[]
  /** Of registered instances. */
  readonly processes: readonly ProcessProgress[]
  /** By instance: what its serving side last said, and how long ago that was new. */
  readonly latencies: ReadonlyMap<string, { readonly sample: LatencySample; readonly ageMs: number }>
}

export type ProcessProgress = {
  readonly slot: number
  /** Of this life of the slot: another claim is another process. */
  readonly claimId: string
  readonly instanceId: string
  readonly progress: Progress
}

export type DeviceMemory = {
  readonly level: Level
  /** By claim. */
  readonly processes: ReadonlyMap<string, ProcessMemory>
  /** By instance. */
  readonly instances: ReadonlyMap<string, InstanceMemory>
  readonly tokens: TokenMemory
}

/** Of a device whose instances run on parts of its multiprocessors. */
export type TokenMemory = {
  readonly plan: TokenPlan
  /** By instance: device time that it may still charge to its tokens; below 0 what it has overused. */
  readonly allowanceNs: ReadonlyMap<string, number>
}

export type ProcessMemory = {
  readonly cycles: CycleModel
  /** Charged since the last cycle ended. */
  readonly chargedNs: number
  readonly bubbles: BubbleModel
  /** Set while somebody fills this one's bubbles. */
  readonly fill: FillModel | null
}

export type InstanceMemory = {
  readonly account: Account
  readonly balanceNs: number
  readonly quotaMilli: number
  readonly memoryBytes: number
  readonly processes: number
  readonly verdict: SloVerdict
  readonly state: Level['state'] | BubbleModel['state']
  readonly reason: string
  /** 0: it is not. */
  readonly exhaustedSinceNs: number
}

export type Decision = {
  readonly memory: DeviceMemory
  readonly orders: ReadonlyMap<number, Order>
}

export const noTokenMemory: TokenMemory = { plan: noPlan, allowanceNs: new Map() }

export const emptyMemory: DeviceMemory = {
  level: firstLevel,
  processes: new Map(),
  instances: new Map(),
  tokens: noTokenMemory,
}

/** A later run of the same instance begins anew. */
export function forgetInstance(memory: DeviceMemory, instanceId: string): DeviceMemory {
  return { ...memory, instances: new Map([...memory.instances].filter(([id]) => id !== instanceId)) }
}
