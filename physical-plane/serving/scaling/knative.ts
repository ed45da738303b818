// Knative's pod autoscaler (KPA), as `knative/serving` has it: requests at once over a minute and over six seconds, each divided by what
// one instance should hold; from twice what is there within six seconds on it panics, and never goes down while it does. Its target is
// 70 % of what an instance takes at once, which is a batch and the one that waits behind it. Numbers only, with the shape of the file.
import type { Autoscaler, Second } from './autoscaler.ts'
import { concurrencyOf, meanOver } from './capacity.ts'
import { toCount } from './draft.ts'

export const knativeConfig = {
  stableSeconds: 60,
  panicSeconds: 6,
  panicThreshold: 2,
  /** Between two decisions. */
  tickMs: 2_000,
  maxUpRate: 1_000,
  maxDownRate: 2,
  targetUtilisation: 0.7,
  /** Batches that an instance takes at once. */
  batchesAtOnce: 2,
} as const

export type Kpa = { readonly panicSinceMs: number | null; readonly maxPanic: number }

export type KpaInput = {
  readonly nowMs: number
  readonly ready: number
  /** Requests at once that one instance should hold. */
  readonly target: number
  readonly averageStable: number
  readonly averagePanic: number
}

export type KpaDecided = { readonly desired: number; readonly memory: Kpa }

export const kpaStart: Kpa = { panicSinceMs: null, maxPanic: 0 }

/** One tick, without bounds of the function's file. */
export function kpa(before: Kpa, { nowMs, ready, target, averageStable, averagePanic }: KpaInput): KpaDecided {
  const present = Math.max(1, ready)
  const up = Math.ceil(knativeConfig.maxUpRate * present)
  const down = Math.floor(present / knativeConfig.maxDownRate)
  const clamp = (count: number): number => Math.min(up, Math.max(down, count))
  const panicCount = Math.ceil(averagePanic / target)
  const stable = clamp(Math.ceil(averageStable / target))
  let memory = before
  if (panicCount / present >= knativeConfig.panicThreshold) memory = { ...before, panicSinceMs: nowMs }
  else if (before.panicSinceMs !== null && before.panicSinceMs + 1_000 * knativeConfig.stableSeconds < nowMs)
    memory = kpaStart
  if (memory.panicSinceMs === null) return { desired: stable, memory }
  const maxPanic = Math.max(memory.maxPanic, stable, clamp(panicCount))
  return { desired: maxPanic, memory: { ...memory, maxPanic } }
}

export type KnativeMemory = { readonly kpa: Kpa; readonly decidedAtMs: number | null; readonly desired: number }

export const knative: Autoscaler<KnativeMemory> = {
  name: 'knative',
  isQueueing: true,
  initial: { kpa: kpaStart, decidedAtMs: null, desired: 1 },
  decide: (view, memory) => {
    const { nowMs, history, instances, batchMax } = view
    const target = knativeConfig.targetUtilisation * knativeConfig.batchesAtOnce * batchMax
    const over = (seconds: number): number => meanOver(history, seconds, (second: Second) => concurrencyOf(second))
    const averageStable = over(knativeConfig.stableSeconds)
    const averagePanic = over(knativeConfig.panicSeconds)
    const isDue = memory.decidedAtMs === null || nowMs - memory.decidedAtMs >= knativeConfig.tickMs
    const ready = instances.filter(({ isReady }) => isReady).length
    const decided = isDue
      ? kpa(memory.kpa, { nowMs, ready, target, averageStable, averagePanic })
      : { desired: memory.desired, memory: memory.kpa }
    const { desired } = decided
    const told = `${averageStable.toFixed(1)} requests at once over ${knativeConfig.stableSeconds} s, ${averagePanic.toFixed(1)} over ${knativeConfig.panicSeconds} s, ${target.toFixed(1)} an instance`
    return {
      actions: toCount(view, desired, told),
      memory: { kpa: decided.memory, decidedAtMs: isDue ? nowMs : memory.decidedAtMs, desired },
    }
  },
}
