import { expect, test } from 'vitest'
import { wireToJson } from './json.ts'

test('wire messages become snake_case with words for states, and names that users chose stay', () => {
  const job = {
    costUsd: 1,
    state: 'JOB_STATE_RUNNING',
    progress: { loss: Number.NaN, evaluation: { topFive: 0.5, bad: Number.NaN }, partitions: [{ wanBytesSent: 3 }] },
    spec: { function: { environment: { MY_Name: 'JOB_STATE_X' } }, shards: null },
    data: new Uint8Array([1, 2]),
    mergeWeight: 0,
    _mergeWeight: 'mergeWeight',
  }
  expect(wireToJson(job)).toEqual({
    cost_usd: 1,
    state: 'running',
    progress: { loss: null, evaluation: { topFive: 0.5, bad: null }, partitions: [{ wan_bytes_sent: 3 }] },
    spec: { function: { environment: { MY_Name: 'JOB_STATE_X' } }, shards: null },
    data: 'AQI=',
    merge_weight: 0,
  })
})
