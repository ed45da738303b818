import { expect, test } from 'vitest'
import { createMetrics } from '#runtime/metrics.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { PartitionMetrics, type PartitionNow } from './partition-metrics.ts'

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the name decides the type, which a test knows
function overTheWire<Received>(name: string, message: object): Received {
  const definition = messageDefinition<object, Received>(`cloudless.v1.${name}`)
  return definition.deserialize(definition.serialize(message))
}

test('partitions that run have series, with sums over the rounds that they told', async () => {
  const metrics = createMetrics()
  const progress = overTheWire<PartitionProgress__Output>('PartitionProgress', { steps: 12, samplesTotal: 10 })
  let running: readonly PartitionNow[] = [{ instanceId: 'j-1/lab/ps', jobId: 'j-1', progress }]
  const partitions = new PartitionMetrics(metrics, 'lab', () => running)
  const round = (fields: object): Round__Output => overTheWire('Round', { stallSeconds: 0.25, ...fields })
  partitions.heardRound('j-1/lab/ps', round({ number: 1, absent: { b: 'cut off' }, excludedDataShare: 0.4 }))
  partitions.heardRound('j-1/lab/ps', round({ number: 2, stalenessSteps: 3 }))
  const lines = (await metrics.render()).split('\n')
  for (const line of [
    'cloudless_partition_steps_total{job_id="j-1",region="lab"} 12',
    'cloudless_partition_stall_seconds_total{job_id="j-1",region="lab"} 0.5',
    'cloudless_partition_incomplete_rounds_total{job_id="j-1",region="lab"} 1',
    'cloudless_partition_excluded_data_ratio{job_id="j-1",region="lab"} 0',
    'cloudless_partition_staleness_steps{job_id="j-1",region="lab"} 3',
  ])
    expect(lines).toContain(line)
  partitions.forget('j-1/lab/ps')
  expect(await metrics.render()).not.toContain('cloudless_partition_stall_seconds_total{')
  running = []
  expect(await metrics.render()).not.toContain('j-1')
})
