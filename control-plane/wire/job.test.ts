import { expect, test } from 'vitest'
import { aJob } from '#control-plane/model/builders.ts'
import { encodeJob, type JobStatus } from './job.ts'

const progress: JobStatus['progress'] = {
  fraction: 1,
  samplesDone: 1,
  samplesTotal: 1,
  loss: 0,
  rounds: 0,
  wanBytes: 0,
  partitions: [],
  roundTotals: [],
}

test('regions that a job goes on without are named to whoever asks for the job', () => {
  const peers = ['c', 'a', 'b'].map((region) => ({ region, endpoint: '', dataShare: 1 / 3, isPruned: region !== 'a' }))
  const job = aJob({ addressBook: { epoch: 1, peers } })
  expect(encodeJob({ job, revision: 1, costUsd: 0, progress })).toMatchObject({ prunedRegions: ['b', 'c'] })
})
