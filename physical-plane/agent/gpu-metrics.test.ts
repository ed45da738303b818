import { expect, test } from 'vitest'
import type { DeviceUse } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { collectGpuMetrics } from './gpu-metrics.ts'

const training: DeviceUse = {
  deviceId: 'GPU-1',
  instanceId: 'j-1/a/worker-0',
  share: { requestMilli: 500, limitMilli: 900 },
  usedMilli: 610,
  quotaMilli: 650,
  memoryBytes: 2e9,
  waits: 7,
  waitedSeconds: 0.5,
  bubbleSeconds: Number.NaN,
}
const inference: DeviceUse = { ...training, instanceId: 'f-1/a/0', latencyMs: 12, sloMs: 20, filledSeconds: 3 }

test('what instances make of GPUs is there by device and instance, and goes with them', async () => {
  const metrics = createMetrics()
  let uses: readonly DeviceUse[] = [training, inference]
  collectGpuMetrics(metrics, () => uses)
  const at = 'device="GPU-1",instance="j-1/a/worker-0"'
  // Twice: what was read before does not count again.
  await metrics.render()
  const text = await metrics.render()
  for (const line of [
    `cloudless_gpu_used_ratio{${at}} 0.61`,
    `cloudless_gpu_quota_ratio{${at}} 0.65`,
    `cloudless_gpu_request_ratio{${at}} 0.5`,
    `cloudless_gpu_memory_bytes{${at}} 2000000000`,
    `cloudless_gpu_waits_total{${at}} 7`,
    `cloudless_gpu_waited_seconds_total{${at}} 0.5`,
    `cloudless_gpu_bubble_seconds_total{${at}} 0`,
    'cloudless_gpu_filled_seconds_total{device="GPU-1",instance="f-1/a/0"} 3',
    'cloudless_gpu_latency_seconds{device="GPU-1",instance="f-1/a/0"} 0.012',
  ]) {
    expect(text).toContain(line)
  }
  expect(text).not.toContain(`cloudless_gpu_objective_seconds{${at}}`)
  uses = [inference]
  expect(await metrics.render()).not.toContain(at)
})
