// What this region's parameter servers tell, for Prometheus: they need no port of their own. Sums over rounds begin with
// this agent's start, which a counter may.
import { PartitionSeries, type Progress, type Rounds } from '#proto/metrics/partition-series.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import type { Metrics } from '#runtime/metrics.ts'

export type PartitionNow = { readonly instanceId: string; readonly jobId: string; readonly progress: Progress }

export class PartitionMetrics {
  readonly #rounds = new Map<string, Rounds>()

  /** `partitions`: those that run now; what others told is forgotten with `forget`. */
  constructor(metrics: Metrics, region: string, partitions: () => readonly PartitionNow[]) {
    const series = new PartitionSeries(metrics, 'cloudless_partition_', ['job_id', 'region'])
    metrics.collect(() => {
      series.clear()
      for (const { instanceId, jobId, progress } of partitions())
        series.add({ job_id: jobId, region }, { progress, rounds: this.#rounds.get(instanceId) ?? null })
    })
  }

  heardRound(instanceId: string, round: Round__Output): void {
    const before = this.#rounds.get(instanceId)
    this.#rounds.set(instanceId, {
      bytesReceived: (before?.bytesReceived ?? 0) + round.bytesReceived,
      exchangeSeconds: (before?.exchangeSeconds ?? 0) + round.exchangeSeconds,
      stallSeconds: (before?.stallSeconds ?? 0) + round.stallSeconds,
      incompleteRounds: (before?.incompleteRounds ?? 0) + (Object.keys(round.absent).length > 0 ? 1 : 0),
      last: round,
    })
  }

  forget(instanceId: string): void {
    this.#rounds.delete(instanceId)
  }
}
