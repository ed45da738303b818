// What instances make of GPUs that are shared, for Prometheus: the series of `cloudless top`. Read at each scrape, so those of
// an instance that is gone go with it.
import type { DeviceUse } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { Metrics } from '#runtime/metrics.ts'

/** Of the whole GPU, where a share is of time on a part of its multiprocessors. */
function areaOf(milli: number | undefined, { share }: DeviceUse): number {
  return ((milli ?? 1000) * (share?.smMilli || 1000)) / 1e6
}

const labels = ['device', 'instance'] as const

export function collectGpuMetrics(metrics: Metrics, uses: () => readonly DeviceUse[]): void {
  const gauge = (what: string, help: string): ReturnType<Metrics['gauge']> =>
    metrics.gauge(`cloudless_gpu_${what}`, help, labels)
  const counter = (what: string, help: string): ReturnType<Metrics['counter']> =>
    metrics.counter(`cloudless_gpu_${what}`, help, labels)
  const gauges = [
    [gauge('request_ratio', 'Guaranteed of the GPU.'), (use: DeviceUse) => areaOf(use.share?.requestMilli, use)],
    [gauge('limit_ratio', 'At most of the GPU.'), (use: DeviceUse) => areaOf(use.share?.limitMilli, use)],
    [gauge('quota_ratio', 'Allowed of the GPU now.'), (use: DeviceUse) => (use.quotaMilli ?? 0) / 1000],
    [gauge('used_ratio', 'Used of the GPU in the last second.'), (use: DeviceUse) => (use.usedMilli ?? 0) / 1000],
    [gauge('memory_bytes', 'Memory of the GPU that is used.'), (use: DeviceUse) => Number(use.memoryBytes ?? 0)],
  ] as const
  const counters = [
    [counter('waits_total', 'Launches that were held back.'), (use: DeviceUse) => Number(use.waits ?? 0)],
    [counter('waited_seconds_total', 'For how long.'), (use: DeviceUse) => Number(use.waitedSeconds ?? 0)],
    [counter('bubble_seconds_total', 'In bubbles of training.'), (use: DeviceUse) => Number(use.bubbleSeconds ?? 0)],
    [counter('filled_seconds_total', 'Of bubbles, filled.'), (use: DeviceUse) => Number(use.filledSeconds ?? 0)],
  ] as const
  // Only of functions that have an objective.
  const latency = gauge('latency_seconds', 'The objective’s percentile of how long requests take.')
  const objective = gauge('objective_seconds', 'How long they may take.')
  metrics.collect(() => {
    for (const [series] of [...gauges, ...counters]) series.clear()
    latency.clear()
    objective.clear()
    for (const use of uses()) {
      const at = { device: use.deviceId ?? '', instance: use.instanceId ?? '' }
      for (const [series, of] of gauges) series.set(finite(of(use)), at)
      // A counter can not go back: one that an agent lost track of begins again.
      for (const [series, of] of counters) series.add(Math.max(0, finite(of(use))), at)
      if (Number(use.sloMs ?? 0) <= 0) continue
      latency.set(finite(Number(use.latencyMs ?? 0)) / 1000, at)
      objective.set(finite(Number(use.sloMs)) / 1000, at)
    }
  })
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}
