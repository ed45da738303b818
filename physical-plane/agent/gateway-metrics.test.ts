import { expect, test } from 'vitest'
import { createMetrics } from '#runtime/metrics.ts'
import type { GatewayStatus } from '#physical-plane/serving/gateway/status.ts'
import { collectGatewayMetrics } from './gateway-metrics.ts'

const latency = { count: 9, p50Ms: 20, p90Ms: 30, p99Ms: 40, p999Ms: 50, maxMs: 60 }
const columns = {
  atMs: [],
  arrived: [],
  answered: [],
  refused: [],
  overSlo: [],
  queued: [],
  inFlight: [],
  latencyMs: [],
}
const look = {
  id: 'p-1',
  name: 'look',
  queued: 0,
  inFlight: 2,
  totals: { arrived: 9, answered: 8, refused: 1, overSlo: 3, failed: 2, retried: 0, cancelled: 0 },
  latency,
  burn: { fiveMinutes: 2.5, oneHour: 0.5 },
  seconds: columns,
  instances: [],
  stages: [{ stage: 'crop', function: 'resize', answered: 7, failed: 1, latency }],
}
const told: GatewayStatus = {
  pid: 1,
  beat: 1,
  atMs: 0,
  revision: 1,
  http: '',
  grpc: '',
  heldBytes: 77,
  functions: [],
  pipelines: [look],
}

test('what the gateway told is there for Prometheus, pipelines and their stages too, and gone with it', async () => {
  const metrics = createMetrics()
  let status: GatewayStatus | null = told
  collectGatewayMetrics(metrics, () => status)
  const text = await metrics.render()
  for (const line of [
    'cloudless_gateway_requests_total{name="look",outcome="over_slo"} 3',
    'cloudless_gateway_latency_seconds{name="look",quantile="0.99"} 0.04',
    'cloudless_gateway_slo_burn_ratio{name="look",window="5m"} 2.5',
    'cloudless_gateway_stage_latency_seconds{pipeline="look",stage="crop",quantile="0.5"} 0.02',
    'cloudless_gateway_stage_requests_total{pipeline="look",stage="crop",outcome="failed"} 1',
    'cloudless_gateway_held_bytes 77',
  ])
    expect(text).toContain(line)
  status = null
  expect(await metrics.render()).not.toContain('"look"')
})
