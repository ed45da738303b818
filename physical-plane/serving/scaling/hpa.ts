// Kubernetes' horizontal pod autoscaler, and with it KEDA: instances in proportion to a metric over its target, nothing within a
// tenth of it, down only to the most that the last five minutes asked for. Here the metric is the requests at once of an instance.
import type { Autoscaler } from './autoscaler.ts'
import { concurrencyOf, meanOver } from './capacity.ts'
import { toCount } from './draft.ts'

export const hpaConfig = {
  tickMs: 15_000,
  tolerance: 0.1,
  downSeconds: 300,
  targetUtilisation: 0.7,
} as const

export function hpaDesired(replicas: number, metric: number, target: number): number {
  return Math.ceil((replicas * metric) / target)
}

type Recommended = { readonly atMs: number; readonly count: number }

export type HpaMemory = { readonly recommended: readonly Recommended[]; readonly count: number }

export const hpa: Autoscaler<HpaMemory> = {
  name: 'hpa',
  isQueueing: true,
  initial: { recommended: [], count: 1 },
  decide: (view, memory) => {
    const { nowMs, history, instances, batchMax } = view
    const last = memory.recommended.at(-1)
    if (last !== undefined && nowMs - last.atMs < hpaConfig.tickMs)
      return { actions: toCount(view, memory.count, 'between two decisions'), memory }
    const replicas = Math.max(1, instances.length)
    const target = hpaConfig.targetUtilisation * 2 * batchMax
    const metric = meanOver(history, hpaConfig.tickMs / 1_000, concurrencyOf) / replicas
    const isNear = Math.abs(metric / target - 1) <= hpaConfig.tolerance
    const count = isNear ? replicas : hpaDesired(replicas, metric, target)
    const recent = memory.recommended.filter(({ atMs }) => atMs > nowMs - 1_000 * hpaConfig.downSeconds)
    const recommended = [...recent, { atMs: nowMs, count }]
    const most = Math.max(...recommended.map((one) => one.count))
    const next = count >= replicas ? count : Math.min(replicas, most)
    const told = `${metric.toFixed(1)} requests at once an instance, ${target.toFixed(1)} wanted`
    return { actions: toCount(view, next, told), memory: { recommended, count: next } }
  },
}
