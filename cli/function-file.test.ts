import { describe, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CloudlessError } from '#runtime/errors.ts'
import { decodeFunctionFile } from './function-file.ts'
import { functionFileSchema } from './function-file-schema.ts'

const least = 'name: classify\nhandler: model:Classifier\n'

function refusal(text: string): CloudlessError {
  try {
    decodeFunctionFile(text, 'function.yaml')
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('the least is a name and a handler', () => {
  expect(decodeFunctionFile(least, '/somewhere/function.yaml')).toEqual({
    path: '/somewhere/function.yaml',
    folder: '/somewhere',
    profiledShare: null,
    isProfileAuto: false,
    spec: {
      name: 'classify',
      handler: 'model:Classifier',
      environment: {},
      instancesMin: 1,
      instancesMax: 1,
      batchMax: 1,
      deviceModels: [],
      regions: [],
      autoscaler: 'hybrid',
      atMostOnce: false,
      profile: [],
      owner: '',
      labels: {},
    },
  })
})

test('auto leaves how long batches take to the profile: no point is in the spec yet', () => {
  const file = decodeFunctionFile(`${least}profile: auto\n`, 'function.yaml')
  expect(file).toMatchObject({ isProfileAuto: true, profiledShare: null, spec: { profile: [] } })
})

test('everything that can be said is passed on', () => {
  const text = `${least}folder: ../model
environment: { THREADS: "2" }
slo: { latency_ms: 50, per: token }
instances: { min: 0, max: 4 }
batch_max: 8
gpu_share: { request: 0.3, limit: 0.6, memory_gib: 6 }
device_models: [nvidia-t4]
regions: [onprem/lab]
autoscaler: has-gpu
timeout_ms: 2000
queue_max: 64
at_most_once: true
memory_gib: 1.5
profile:
  - { device_model: nvidia-t4, batch: 4, sm: 0.3, quota: 0.5, latency_ms: 31.89 }
  - { device_model: nvidia-t4, latency_ms: 20.9 }
owner: ann
labels: { team: vision }
`
  expect(decodeFunctionFile(text, '/somewhere/deploy/function.yaml')).toMatchObject({
    folder: '/somewhere/model',
    spec: {
      environment: { THREADS: '2' },
      slo: { latencyMs: 50, percentile: 99, per: 'SLO_PER_TOKEN' },
      instancesMin: 0,
      instancesMax: 4,
      batchMax: 8,
      gpuShare: { requestMilli: 300, limitMilli: 600, memoryBytes: 6 * 2 ** 30 },
      deviceModels: ['nvidia-t4'],
      regions: ['onprem/lab'],
      autoscaler: 'has-gpu',
      timeoutMs: 2000,
      queueMax: 64,
      atMostOnce: true,
      memoryBytes: 1.5 * 2 ** 30,
      profile: [
        { deviceModel: 'nvidia-t4', batch: 4, smMilli: 300, quotaMilli: 500, latencyMs: 31.89 },
        { deviceModel: 'nvidia-t4', batch: 1, smMilli: 1000, quotaMilli: 1000, latencyMs: 20.9 },
      ],
      owner: 'ann',
      labels: { team: 'vision' },
    },
  })
})

describe('what is wrong is named with its line and the fix', () => {
  test.each([
    ['name: Big\nhandler: m:C\n', 'name', 'lower-case letters', 1],
    ['name: a\nhandler: model.py\n', 'handler', '"model:Classifier"', 2],
    ['name: a\nhandler: onnx:/etc/model.onnx\n', 'handler', '"onnx:model.onnx"', 2],
    [`${least}memory_gib: 0.1\n`, 'memory_gib', 'at least 0.25', 3],
    [`${least}batchmax: 3\n`, 'batchmax', 'batch_max', 3],
    [`${least}slo:\n  latency: 3\n`, 'slo.latency', 'latency_ms', 4],
    [`${least}slo: { latency_ms: 0 }\n`, 'slo.latency_ms', 'at least 1', 3],
    [`${least}slo: { latency_ms: 5, percentile: 100 }\n`, 'slo.percentile', 'at most 99.9', 3],
    [`${least}slo: { latency_ms: 5, per: word }\n`, 'slo.per', 'must be one of request, token', 3],
    [`${least}instances: { min: 3, max: 2 }\n`, 'instances.max', 'at least min', 3],
    [`${least}instances: 2\n`, 'instances', 'map of keys', 3],
    [`${least}gpu_share: { request: 2 }\n`, 'gpu_share.request', 'part of one GPU', 3],
    [`${least}regions: [lab]\n`, 'regions[0]', 'provider/place', 3],
    [`${least}autoscaler: best\n`, 'autoscaler', 'hybrid, dilu, has-gpu', 3],
    [`${least}timeout_ms: 1\n`, 'timeout_ms', 'at least 10', 3],
    [`${least}queue_max: 0\n`, 'queue_max', 'leave it out', 3],
    [`${least}at_most_once: maybe\n`, 'at_most_once', 'boolean', 3],
    [`${least}profile: measured\n`, 'profile', 'must be a list of points, or auto', 3],
    [`${least}profile:\n  - { device_model: cpu, latency: 3 }\n`, 'profile[0].latency', 'latency_ms', 4],
    [`${least}profile:\n  - { device_model: cpu, latency_ms: 3, quota: 2 }\n`, 'profile[0].quota', 'at most 1', 4],
    [`${least}environment: { A: 1 }\n`, 'environment.A', 'quotes', 3],
  ])('%j', (text, field, fix, line) => {
    const { violations, reason } = refusal(text)
    expect(reason).toBe('FUNCTION_FILE')
    const found = violations.find((violation) => violation.field === field)
    expect(found, JSON.stringify(violations)).toBeDefined()
    expect(found!.description).toContain(fix)
    expect(found!.description).toContain(`line ${line}`)
  })
})

test('the document has every field', () => {
  const document = readFileSync(join(import.meta.dirname, 'function-file.md'), 'utf8')
  for (const key of Object.keys(functionFileSchema.shape)) expect(document, key).toMatch(new RegExp(`\`${key}[\`.]`))
})
