// What the region's gateway saw, for Prometheus: as it told its agent last, so that a gateway needs no port of its own for this.
import type { GatewayStatus, MeasuredStatus } from '#physical-plane/serving/gateway/status.ts'
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
  const held = metrics.gauge('cloudless_gateway_held_bytes', 'Bodies of requests in memory.')
  metrics.collect(() => {
    const now = status()
    for (const series of [requests, latency, queued, inFlight, burn, held]) series.clear()
    if (now === null) return
    held.set(now.heldBytes)
    for (const each of [...now.functions, ...now.pipelines]) tell(each)
  })

  function tell({ name, totals, latency: took, burn: burns, ...load }: MeasuredStatus): void {
    for (const outcome of ['arrived', 'answered', 'refused', 'overSlo', 'failed', 'retried', 'cancelled'] as const)
      requests.add(totals[outcome], { name, outcome: outcome === 'overSlo' ? 'over_slo' : outcome })
    const quantiles = { '0.5': took.p50Ms, '0.9': took.p90Ms, '0.99': took.p99Ms, '0.999': took.p999Ms }
    for (const [quantile, ms] of Object.entries(quantiles)) latency.set(ms / 1_000, { name, quantile })
    queued.set(load.queued, { name })
    inFlight.set(load.inFlight, { name })
    burn.set(burns.fiveMinutes, { name, window: '5m' })
    burn.set(burns.oneHour, { name, window: '1h' })
  }
}
