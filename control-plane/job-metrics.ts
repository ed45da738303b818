// What is known of running jobs, for Prometheus: read from the store at each scrape, so that nothing is counted twice
// after a restart and the series of an ended job go by themselves, a little after its last numbers could be read.
import { PartitionSeries } from '#proto/metrics/partition-series.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { controlPlaneConfig as config } from './config.ts'
import { partitionsProgress } from './model/partition-progress.ts'
import type { JobRecord, Store } from './store/store.ts'

export function collectJobMetrics(metrics: Metrics, store: Store, clock: Clock): void {
  const partitions = new PartitionSeries(metrics, 'cloudless_job_', ['job_id', 'region'])
  const cost = metrics.gauge('cloudless_job_cost_usd', 'Metered cost so far.', ['job_id'])
  const hidden = metrics.gauge('cloudless_jobs_without_series', 'Running jobs beyond those that have their own series.')
  let shown: readonly string[] = []
  metrics.collect(async () => {
    const running = store.view().jobs.map(({ id }) => id)
    const ids = [...new Set([...running.slice(0, config.metricsJobsMax), ...shown])]
    const records: JobRecord[] = []
    for (const id of ids) {
      const record = await store.job(id)
      if (record !== null && isWorthShowing(record, clock.now())) records.push(record)
    }
    shown = records.map(({ job }) => job.id)
    partitions.clear()
    cost.clear()
    hidden.set(Math.max(0, running.length - config.metricsJobsMax))
    for (const record of records) {
      cost.set(record.costUsd, { job_id: record.job.id })
      addPartitions(partitions, record)
    }
  })
}

function isWorthShowing({ job }: JobRecord, nowMs: number): boolean {
  return job.endedAtMs === null || nowMs - job.endedAtMs <= config.metricsAfterEndMs
}

function addPartitions(series: PartitionSeries, { job, instances, roundTotals }: JobRecord): void {
  const progressOf = new Map(partitionsProgress(instances).map((progress) => [progress.region, progress]))
  const roundsOf = new Map(roundTotals.map((totals) => [totals.region, totals]))
  for (const region of [...new Set([...progressOf.keys(), ...roundsOf.keys()])].sort())
    series.add(
      { job_id: job.id, region },
      { progress: progressOf.get(region) ?? null, rounds: roundsOf.get(region) ?? null },
    )
}
