import { expect, test } from 'vitest'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import { anInferenceSpec, aWorker } from './agent.fixture.ts'
import { decodeDesired, type DesiredInstance } from './desired.ts'
import { scaledDevices, scaledInstance, scalingOf, wireWish } from './serving-scaling.ts'

const spec = (fields: Partial<InferenceSpec__Output> = {}): InferenceSpec__Output =>
  anInferenceSpec({
    slo: { latencyMs: 100, percentile: 95, per: 'SLO_PER_REQUEST' },
    gpuShare: { requestMilli: 300, limitMilli: 450, memoryBytes: 5, smMilli: 500 },
    autoscaler: 'dilu',
    profile: [{ deviceModel: 'nvidia-t4', batch: 1, smMilli: 1_000, quotaMilli: 1_000, latencyMs: 4 }],
    ...fields,
  })

function desired(inference: InferenceSpec__Output): DesiredInstance {
  const { gpuShare } = inference
  const wire = aWorker({
    id: 'f-1/onprem/lab/0',
    jobId: 'f-1',
    role: 'INSTANCE_ROLE_INFERENCE',
    spec: null,
    inference,
    gpuShare,
  })
  const state = { revision: 1, instances: [wire], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] }
  return decodeDesired({ ...state, instances: [{ ...wire, deviceModel: 'nvidia-t4' }] }, wire.region).instances[0]!
}

const lifeOf = (inference: InferenceSpec__Output) => {
  return { id: 'f-1/onprem/lab/0', attempt: 1, run: null, instance: desired(inference) }
}

const use = { instanceId: 'f-1/onprem/lab/0', deviceId: 'gpu-0', share: { requestMilli: 300, limitMilli: 450 } }

test("a file's words on scaling reach its policy", () => {
  expect(scalingOf(spec())).toMatchObject({
    bounds: { min: 1, max: 3 },
    sloMs: 100,
    sloPercentile: 95,
    autoscaler: 'dilu',
    batchMax: 8,
    shape: { smMilli: 500, requestMilli: 300, limitMilli: 450 },
    memoryBytes: 5,
  })
  const whole = scalingOf(spec({ gpuShare: null }))
  expect(whole.canReshape).toBe(false)
  expect(whole).not.toHaveProperty('shape')
})

test('multiprocessors are chosen where a file asks for a part of them and a profile says what that does', () => {
  const point = { deviceModel: '', batch: 1, smMilli: 500, quotaMilli: 1_000, latencyMs: 5 }
  const share = (smMilli: number) => ({ requestMilli: 300, limitMilli: 450, memoryBytes: 5, smMilli })
  const canPartition = (smMilli: number, profile = [point]): boolean =>
    scalingOf(spec({ profile, gpuShare: share(smMilli) })).canPartition!
  expect([500, 0, 1_000].map((smMilli) => canPartition(smMilli))).toEqual([true, false, false])
  expect(canPartition(500, [])).toBe(false)
})

test('an instance has nothing more to get at its limit, or where its device is its own', () => {
  const at = (quotaMilli: number): boolean =>
    scaledInstance(lifeOf(spec()), null, [{ ...use, quotaMilli }], spec()).isVerticalExhausted
  expect([at(450), at(449)]).toEqual([true, false])
  const alone = spec({ gpuShare: null })
  expect(scaledInstance(lifeOf(alone), null, [], alone).isVerticalExhausted).toBe(true)
})

test('an instance of an older spec is known as that', () => {
  expect(scaledInstance(lifeOf(spec()), null, [use], spec()).isOutdated).toBe(false)
  expect(scaledInstance(lifeOf(spec()), null, [use], spec({ batchMax: 9 })).isOutdated).toBe(true)
})

test('a device holds what all that share it have', () => {
  const instance = { ...scaledInstance(lifeOf(spec()), null, [use], spec()), deviceId: 'gpu-0' }
  const training = {
    instanceId: 'j-1/onprem/lab/worker-0',
    deviceId: 'gpu-0',
    share: { requestMilli: 500, limitMilli: 900 },
  }
  const elsewhere = { ...training, deviceId: 'gpu-1' }
  expect(scaledDevices([instance], [use, training, elsewhere])).toMatchObject([
    {
      id: 'gpu-0',
      model: 'nvidia-t4',
      shapes: [
        { smMilli: 0, requestMilli: 300, limitMilli: 450 },
        { smMilli: 0, requestMilli: 500, limitMilli: 900 },
      ],
    },
  ])
})

test('a wish is told with the memory that the file asks for, and of whole devices by name alone', () => {
  const shape = { smMilli: 240, requestMilli: 400, limitMilli: 600 }
  const wish = { instances: [{ id: '', shape }], because: 'more is asked' }
  expect(wireWish(wish, { memoryBytes: 7 })).toEqual({
    instances: [{ id: '', share: { ...shape, memoryBytes: 7 } }],
    because: 'more is asked',
  })
  expect(wireWish(wish, null)).toEqual({ instances: [{ id: '' }], because: 'more is asked' })
})
