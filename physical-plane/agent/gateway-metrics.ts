// What the region's gateway saw, for Prometheus: as it told its agent last, so that a gateway needs no port of its own for this.
import type { GatewayStatus, MeasuredStatus, PipelineStatus } from '#physical-plane/serving/gateway/status.ts'
import type { Metrics } from '#runtime/metrics.ts'

export function collectGatewayMetrics(metrics: Metrics, status: () => GatewayStatus | null): void {
  const requests = metrics.counter(
    'cloudless_gateway_requests_total',
    'Requests of functions and pipelines, by what became of them.',
    ['name', 'outcome'],
  )
  const latency = metrics.gauge(
    'cloudless_gateway_latency_seconds',
    'From arrival to answer, of the last minutes, by quantile.',
    ['name', 'quantile'],
  )
  const queued = metrics.gauge('cloudless_gateway_queued', 'Requests that wait for an instance.', ['name'])
  const inFlight = metrics.gauge('cloudless_gateway_in_flight', 'Requests that instances have.', ['name'])
  const burn = metrics.gauge(
    'cloudless_gateway_slo_burn_ratio',
    'How fast the budget of errors is used: 1 is as fast as it may be.',
    ['name', 'window'],
  )
  const stageLatency = metrics.gauge(
    'cloudless_gateway_stage_latency_seconds',
    'How long stages of pipelines take, of the last minutes, by quantile.',
    ['pipeline', 'stage', 'quantile'],
  )
  const stageRuns = metrics.counter(
    'cloudless_gateway_stage_requests_total',
    'Requests that stages of pipelines ended, by what became of them.',
    ['pipeline', 'stage', 'outcome'],
  )
  const held = metrics.gauge('cloudless_gateway_held_bytes', 'Bodies of requests in memory.')
  metrics.collect(() => {
    const now = status()
    for (const series of [requests, latency, queued, inFlight, burn, stageLatency, stageRuns, held]) series.clear()
    if (now === null) return
    held.set(now.heldBytes)
    for (const each of [...now.functions, ...now.pipelines]) tell(each)
    for (const each of now.pipelines) tellStages(each)
  })

  function tellStages({ name: pipeline, stages }: PipelineStatus): void {
    for (const { stage, answered, failed, latency: took } of stages) {
      stageRuns.add(answered, { pipeline, stage, outcome: 'answered' })
      stageRuns.add(failed, { pipeline, stage, outcome: 'failed' })
      for (const [quantile, ms] of Object.entries(quantilesOf(took)))
        stageLatency.set(ms / 1_000, { pipeline, stage, quantile })
    }
  }

  function tell({ name, totals, latency: took, burn: burns, ...load }: MeasuredStatus): void {
    for (const outcome of ['arrived', 'answered', 'refused', 'overSlo', 'failed', 'retried', 'cancelled'] as const)
      requests.add(totals[outcome], { name, outcome: outcome === 'overSlo' ? 'over_slo' : outcome })
    for (const [quantile, ms] of Object.entries(quantilesOf(took))) latency.set(ms / 1_000, { name, quantile })
    queued.set(load.queued, { name })
    inFlight.set(load.inFlight, { name })
    burn.set(burns.fiveMinutes, { name, window: '5m' })
    burn.set(burns.oneHour, { name, window: '1h' })
  }
}

function quantilesOf({ p50Ms, p90Ms, p99Ms, p999Ms }: MeasuredStatus['latency']): Readonly<Record<string, number>> {
  return { '0.5': p50Ms, '0.9': p90Ms, '0.99': p99Ms, '0.999': p999Ms }
}
