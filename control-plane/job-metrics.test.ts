import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMetrics } from '#runtime/metrics.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { controlPlaneConfig } from './config.ts'
import { collectJobMetrics } from './job-metrics.ts'
import { aJob, anInstance, aRound, someProgress } from './model/builders.ts'
import { memoryStore } from './store/open-store.ts'
import type { Change, Store } from './store/store.ts'

let store: Store
const clock = new VirtualClock()
const metrics = createMetrics()

beforeEach(() => {
  store = memoryStore()
})
afterEach(() => store.close())

async function commit(...changes: Change[]): Promise<void> {
  expect(await store.commit(changes, store.view().revision)).toMatchObject({ kind: 'committed' })
}

test('a running job has a series per region, an ended one only for a while', async () => {
  collectJobMetrics(metrics, store, clock)
  const sync = {
    planVersion: 3,
    interval: 24,
    codec: 'int8',
    fragments: 1,
    committedRound: 1,
    hub: 'a',
    term: 1,
    hears: [],
    stepSeconds: 0.1,
    stallShare: 0.25,
    reason: '',
    links: [{ fromRegion: 'b', mbitPerSecond: 80, roundTripMs: 150 }],
    lateCarried: 2,
    lateDropped: 1,
    refused: { 'another shape': 4 },
  }
  const progress = someProgress('a', {
    steps: 40,
    samplesDone: 25,
    loss: Number.NaN,
    rounds: 5,
    wanBytesSent: 999,
    sync,
  })
  await commit(
    { kind: 'create-job', job: aJob({ state: 'running' }), fingerprint: '' },
    { kind: 'instance', instance: anInstance({ id: 'j-1/a/ps', region: 'a', progress }) },
    { kind: 'round', round: aRound({ absent: { b: 'cut off' }, excludedDataShare: 0.4, stallSeconds: 1.5 }) },
  )
  const text = await metrics.render()
  for (const line of [
    'cloudless_job_rounds_total{job_id="j-1",region="a"} 5',
    'cloudless_job_incomplete_rounds_total{job_id="j-1",region="a"} 1',
    'cloudless_job_wan_sent_bytes_total{job_id="j-1",region="a"} 999',
    'cloudless_job_wan_received_bytes_total{job_id="j-1",region="a"} 2000',
    'cloudless_job_stall_seconds_total{job_id="j-1",region="a"} 1.5',
    'cloudless_job_stall_ratio{job_id="j-1",region="a"} 0.25',
    'cloudless_job_steps_total{job_id="j-1",region="a"} 40',
    'cloudless_job_progress_ratio{job_id="j-1",region="a"} 0.25',
    'cloudless_job_sync_interval_steps{job_id="j-1",region="a"} 24',
    'cloudless_job_staleness_steps{job_id="j-1",region="a"} 2',
    'cloudless_job_codec_error_ratio{job_id="j-1",region="a"} 0.01',
    'cloudless_job_excluded_data_ratio{job_id="j-1",region="a"} 0.4',
    'cloudless_job_late_contributions_total{job_id="j-1",region="a",outcome="carried"} 2',
    'cloudless_job_refused_messages_total{job_id="j-1",region="a",reason="another shape"} 4',
    'cloudless_job_link_bytes_per_second{job_id="j-1",region="a",from_region="b"} 10000000',
    'cloudless_job_link_round_trip_seconds{job_id="j-1",region="a",from_region="b"} 0.15',
    'cloudless_job_cost_usd{job_id="j-1"} 0',
  ])
    expect(text.split('\n')).toContain(line)
  // The loss is not known yet, which is not zero.
  expect(text).not.toMatch(/cloudless_job_loss\{/)

  await commit({ kind: 'job', job: aJob({ state: 'succeeded', endedAtMs: clock.now() }) })
  await clock.advance(controlPlaneConfig.metricsAfterEndMs)
  expect(await metrics.render()).toContain('job_id="j-1"')
  await clock.advance(1)
  expect(await metrics.render()).not.toContain('job_id="j-1"')
})
