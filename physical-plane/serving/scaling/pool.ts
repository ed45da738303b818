// What instances can answer together, as they take from one queue: a request waits for at most `slo - L` before a batch of L must begin;
// what comes in that time, and as many standard deviations more as the percentile asks for, has to be answered in it:
// rate + z sqrt(rate / (slo - L)) <= sum of b / L. Chance evens out over a pool, which one by one would each need room for it.
import type { ScalingView, Shape } from './autoscaler.ts'
import { capacityConfig, capacityOf, deviceModelOf, deviationsOf, type CapacityView } from './capacity.ts'

/** Thousandths of multiprocessors and of time that shapes are chosen from. */
export const smSteps: readonly number[] = Array.from({ length: 20 }, (_, i) => 50 * (i + 1))
export const quotaSteps: readonly number[] = Array.from({ length: 10 }, (_, i) => 100 * (i + 1))

export type Pooled = { readonly deviceId: string | null; readonly shape: Shape }

/** Requests a second, with what the shapes guarantee; 0 where the objective can not be kept. */
export function poolRate(view: ScalingView, instances: readonly Pooled[]): number {
  let perSecond = 0
  let latencyMs = 0
  for (const { deviceId, shape } of instances) {
    const own = capacityOf(view, deviceModelOf(view, deviceId ?? ''), shape)
    if (own === null || own.perSecond === 0) continue
    perSecond += own.perSecond
    latencyMs = Math.max(latencyMs, own.latencyMs)
  }
  return safeRate(view, perSecond, latencyMs)
}

export function safeRate(view: CapacityView, perSecond: number, latencyMs: number): number {
  if (perSecond === 0) return 0
  const spread = spreadOf(view, latencyMs)
  return ((-spread + Math.sqrt(spread ** 2 + 4 * perSecond)) / 2) ** 2
}

/** Requests a second that are left room for, times the root of the rate, where batches take so long. */
export function spreadOf({ slo }: CapacityView, latencyMs: number): number {
  const sloMs = slo?.latencyMs ?? capacityConfig.withoutSloMs
  return deviationsOf(slo?.percentile ?? 50) / Math.sqrt(Math.max(latencyMs, sloMs - latencyMs) / 1_000)
}
