import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aShard, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { validateJob } from './validate-job.ts'

const nowMs = Date.UTC(2026, 10, 22)
const catalogue = aCatalogue(
  { 'aws/us-east-1': { cpu: 1 }, 'onprem/lab': { cpu: 1, 'nvidia-t4': 2 } },
  { cpu: 1, 'nvidia-t4': 9 },
)
const good = aSpec({
  shards: [aShard('aws/us-east-1', 10), aShard('onprem/lab', 20)],
  holdout: aShard('onprem/lab', 5),
})
const training = (part: object): Partial<JobSpec> => ({ training: { ...good.training, ...part } })
const sync = (given: GivenSync): Partial<JobSpec> => ({ sync: aSync({ strategy: 'asgd-ga', ...given }) })
const resources = (part: object): Partial<JobSpec> => ({ resources: { ...good.resources, ...part } })
const share = (part: object, deviceModels: readonly string[] = []): Partial<JobSpec> => {
  return resources({ deviceModels, gpuShare: { requestMilli: 500, limitMilli: 750, memoryBytes: 0, ...part } })
}
const code = (part: object): Partial<JobSpec> => ({ function: { ...good.function, ...part } })
const second = (part: object): Partial<JobSpec> => ({ shards: [good.shards[0]!, { ...good.shards[1]!, ...part }] })

test('a good job passes', () => {
  expect(validateJob(good, catalogue, nowMs)).toEqual([])
  expect(validateJob({ ...good, holdout: null }, catalogue, nowMs)).toEqual([])
})

test('a share may be asked for beside CPUs, which are handed out whole', () => {
  expect(validateJob({ ...good, ...share({}) }, catalogue, nowMs)).toEqual([])
  expect(validateJob({ ...good, ...share({ limitMilli: 500 }, ['cpu', 'nvidia-t4']) }, catalogue, nowMs)).toEqual([])
})

test('data may be in the object store of its own cloud', () => {
  const [first, other] = good.shards
  const there = { ...first!, uri: 's3://some-bucket/train' }
  expect(validateJob({ ...good, shards: [there, other!] }, catalogue, nowMs)).toEqual([])
})

describe('one wrong field, one violation with field, value and fix', () => {
  test.each<[string, Partial<JobSpec>, string]>([
    ['name', { name: 'My Job' }, '"My Job"'],
    ['name', { name: '-a' }, 'not at an end'],
    ['name', { name: 'a'.repeat(64) }, '1 to 63'],
    ['shards', { shards: [], holdout: null }, 'at least one shard'],
    ['shards[1].samples', second({ samples: 0 }), '0 is out of bounds'],
    ['shards[1].samples', second({ samples: -3 }), '-3'],
    ['shards[1].samples', second({ samples: 1.5 }), '1.5'],
    ['shards[1].samples', second({ samples: Number.NaN }), 'NaN'],
    ['shards[1].uri', second({ uri: 's3://bucket' }), 'file:///'],
    ['shards[1].uri', second({ uri: 's3://b' }), 'names no bucket'],
    ['shards[1].uri', second({ uri: 's3://some-bucket/x' }), 'is no data of onprem/lab, which is of onprem'],
    ['shards[1].uri', second({ uri: '/data/lab' }), 'write file:///absolute/path as seen in onprem/lab'],
    ['shards[1].uri', second({ uri: 'file:///data/../etc' }), '".."'],
    [
      'shards[0].region',
      { shards: [aShard('aws/us-est-1', 1), aShard('onprem/lab', 1)] },
      'did you mean aws/us-east-1?',
    ],
    ['shards[1].uri', { shards: [aShard('onprem/lab', 1), aShard('onprem/lab', 1)] }, 'is shards[0] already'],
    ['shards', { ...second({ samples: Number.MAX_SAFE_INTEGER }), ...training({ epochs: 2 }) }, 'can not be counted'],
    ['holdout.region', { shards: [aShard('aws/us-east-1', 1)] }, 'use aws/us-east-1'],
    ['holdout.samples', { holdout: aShard('onprem/lab', 0) }, '0 is out of bounds'],
    ['sync.strategy', sync({ strategy: 'asgdga' }), 'did you mean asgd-ga'],
    ['sync.mode', sync({ mode: 'synchronous' }), 'use sum or mean'],
    ['sync.mode', sync({ strategy: 'model-averaging', mode: 'sum' }), 'use synchronous or asynchronous'],
    ['sync.interval', sync({ interval: 1.5 }), '1.5 is out of bounds'],
    ['sync.quorum', sync({ strategy: 'diloco', quorum: 3 }), 'from 2 regions; use at most 2'],
    ['sync.codec', sync({ codec: 'zip' }), 'use fp32 or fp16'],
    ['sync.interval', sync({ interval: 100_001 }), '1 to 100000'],
    ['sync.interval', sync({ strategy: 'asgd', interval: 8 }), 'another strategy'],
    ['sync.delay_compensation', sync({ delayCompensation: -1 }), '-1'],
    ['sync.delay_compensation', sync({ delayCompensation: Number.NaN }), 'NaN'],
    [
      'sync.delay_compensation',
      sync({ strategy: 'model-averaging', mode: 'synchronous', delayCompensation: 1 }),
      'no option of model-averaging',
    ],
    ['training.epochs', training({ epochs: 0 }), '0 is out of bounds'],
    ['training.seed', training({ seed: -1 }), '-1'],
    ['training.worker_mode', training({ workerMode: 'lockstep' }), '"lockstep"'],
    ['training.lease_samples', training({ leaseSamples: 0 }), '0'],
    ['training.stall_timeout_seconds', training({ stallTimeoutSeconds: 0 }), '0'],
    ['training.restarts_max', training({ restartsMax: -1 }), '-1'],
    ['training.target.metric', training({ target: { metric: '', atLeast: 1 } }), 'is empty'],
    ['training.target.at_least', training({ target: { metric: 'a', atLeast: Number.POSITIVE_INFINITY } }), 'Infinity'],
    ['training.target', { holdout: null, ...training({ target: { metric: 'a', atLeast: 1 } }) }, 'held-out data'],
    ['resources.device_models[0]', resources({ deviceModels: ['nvidia-t5'] }), 'did you mean nvidia-t4'],
    ['resources.device_models[1]', resources({ deviceModels: ['cpu', 'cpu'] }), 'device_models[0] already'],
    ['resources.workers_max_per_region', resources({ workersMaxPerRegion: -1 }), '0 means no limit'],
    ['resources.samples_per_second.cpu', resources({ samplesPerSecond: { cpu: 0 } }), 'above 0'],
    ['resources.samples_per_second.gpu', resources({ samplesPerSecond: { gpu: 1 } }), '"gpu" is no device model'],
    ['resources.markets', resources({ markets: [] }), 'is empty'],
    [
      'resources.gpu_share.request_milli',
      share({ requestMilli: 0 }),
      '0 is out of bounds; use a whole number from 1 to',
    ],
    ['resources.gpu_share.request_milli', share({ requestMilli: 1001 }), 'thousandths of one GPU'],
    ['resources.gpu_share.limit_milli', share({ limitMilli: 499 }), 'at least the request of 500'],
    ['resources.gpu_share.limit_milli', share({ limitMilli: 1001 }), 'from 500 to 1000'],
    ['resources.gpu_share.sm_milli', share({ smMilli: 1001 }), 'from 1 to 1000, thousandths of its multiprocessors'],
    ['resources.gpu_share.memory_bytes', share({ memoryBytes: -1 }), '-1 is out of bounds'],
    ['resources.gpu_share', share({}, ['cpu']), 'device_models allows cpu only; add a GPU, or leave gpu_share out'],
    ['shards[1].bytes', second({ bytes: -1 }), '-1 is out of bounds'],
    ['shards[1].bytes', second({ bytes: 0, mayMoveTo: ['*'] }), 'is needed where data may move'],
    ['shards[1].may_move_to[0]', second({ bytes: 1, mayMoveTo: ['aws/us-est-1'] }), 'did you mean aws/us-east-1'],
    ['shards[1].may_move_to[1]', second({ bytes: 1, mayMoveTo: ['*', 'gcp/*'] }), 'no other region'],
    ['shards[1].may_move_to[0]', second({ bytes: 1, mayMoveTo: ['onprem/lab'] }), 'no other region'],
    ['objective.slack', { objective: { kind: 'least-cost', slack: -0.1 } }, '-0.1'],
    ['objective.slack', { objective: { kind: 'least-cost', slack: Number.NaN } }, 'NaN'],
    ['objective.deadline_ms', { objective: { kind: 'deadline', atMs: nowMs } }, '2026-11-22T00:00:00.000Z is over'],
    ['objective.deadline_ms', { objective: { kind: 'deadline', atMs: Number.NaN } }, 'NaN is over'],
    ['budget.usd', { budget: { usd: 0, actions: ['warn'] } }, '0 is no budget'],
    ['budget.usd', { budget: { usd: Number.NaN, actions: ['warn'] } }, 'NaN'],
    ['policy', { policy: 'magic' }, 'use least-cost or load-power or use-everything'],
    ['function.bundle_digest', code({ bundleDigest: 'abc' }), '64'],
    ['function.entrypoint', code({ entrypoint: '../train.py' }), 'leaves the bundle'],
    ['function.entrypoint', code({ entrypoint: 'a/../../train.py' }), 'leaves the bundle'],
    ['function.entrypoint', code({ entrypoint: '/etc/train.py' }), 'relative'],
    ['function.entrypoint', code({ entrypoint: 'a\\train.py' }), 'relative'],
    ['function.entrypoint', code({ entrypoint: 'a//train.py' }), 'empty part'],
    ['function.entrypoint', code({ entrypoint: 'train.sh' }), 'no Python script'],
    ['function.entrypoint', code({ entrypoint: '' }), 'is empty'],
    ['function.environment', code({ environment: { 'A-B': '1' } }), '"A-B"'],
    ['function.environment.CLOUDLESS_JOB_ID', code({ environment: { CLOUDLESS_JOB_ID: 'x' } }), 'set by Cloudless'],
    ['function.environment.A', code({ environment: { A: '\0' } }), 'NUL'],
  ])('%s %#', (field, part, text) => {
    const violations = validateJob({ ...good, ...part }, catalogue, nowMs)
    expect(violations.map((violation) => violation.field)).toEqual([field])
    expect(violations[0]!.description).toContain(text)
  })
})

test('every wrong field is named at once, under the given root', () => {
  const wrong = { ...good, name: '', policy: 'x', ...training({ epochs: -1 }) }
  expect(validateJob(wrong, catalogue, nowMs, 'spec').map(({ field }) => field)).toEqual([
    'spec.name',
    'spec.training.epochs',
    'spec.policy',
  ])
})

test('an unknown region lists what there is when nothing is near', () => {
  const [violation] = validateJob(
    { ...good, shards: [...good.shards, aShard('mars/olympus-mons', 1)] },
    catalogue,
    nowMs,
  )
  expect(violation!.description).toContain('use aws/us-east-1 or onprem/lab')
})

test('strings of any length and content are answered, in short', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5000 }), fc.double(), (text, number) => {
      const violations = validateJob(
        {
          ...good,
          name: text,
          policy: text,
          ...second({ region: text, samples: number }),
          ...code({ entrypoint: text }),
        },
        catalogue,
        nowMs,
      )
      expect(violations.every(({ field, description }) => field !== '' && description.length < 500)).toBe(true)
    }),
  )
})
