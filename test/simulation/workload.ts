// Jobs for the simulator, and a training task whose result can be known beforehand: the gradient of a sample is a small
// integer vector that depends only on where the sample lies. With plain SGD and a rate that is a power of two every sum is
// exact in float32, so the final model tells whether each sample was used once and each update applied once.
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Layout } from '#physical-plane/parameter-server/replica/layout.ts'
import type { Random } from '#runtime/random.ts'
import { regionNames } from './options.ts'

export const elements = 4
export const learningRate = 2 ** -6

export const layout: Layout = {
  tensors: [{ name: 'w', shape: [elements], length: elements, group: 0, isBuffer: false, dtype: 'float32' }],
  optimiser: {
    kind: 'sgd',
    groups: [
      { learningRate, weightDecay: 0, momentum: 0, dampening: 0, nesterov: false, beta1: 0, beta2: 0, epsilon: 0 },
    ],
  },
}

export function sampleGradient(region: string, epoch: number, position: number, element: number): number {
  let hash = 2166136261
  for (const part of [region.length, region.charCodeAt(0), epoch, position, element]) {
    hash = Math.imul(hash ^ part, 16777619) >>> 0
  }
  return (hash >>> 13) % 7
}

/** The model after every sample of every epoch was used once, starting from zero. */
export function expectedModel(spec: JobSpec): readonly number[] {
  return Array.from({ length: elements }, (_, element) => {
    let sum = 0
    for (const shard of spec.shards ?? []) {
      for (let epoch = 0; epoch < (spec.training?.epochs ?? 0); epoch++) {
        for (let position = 0; position < Number(shard.samples); position++) {
          sum += sampleGradient(shard.region ?? '', epoch, position, element)
        }
      }
    }
    return -learningRate * sum
  })
}

/** Whether the final model does not depend on the order of events. */
export function isExact(spec: JobSpec): boolean {
  const { strategy, mode } = spec.sync ?? {}
  const isAlone = new Set(spec.shards?.map(({ region }) => region)).size === 1
  return (
    spec.training?.workerMode === 'asynchronous' &&
    (isAlone || ((strategy === 'asgd' || strategy === 'asgd-ga') && mode === 'sum'))
  )
}

export function randomJob(random: Random, index: number, bundleDigest: string): JobSpec {
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const regions = [...regionNames].filter(() => random.next() < 0.7)
  const used = regions.length === 0 ? [pick(regionNames)] : regions
  const sync = pick([
    { strategy: 'asgd', interval: 1, mode: pick(['sum', 'mean']) },
    { strategy: 'asgd-ga', interval: 1 + random.integer(12), mode: pick(['sum', 'sum', 'mean']) },
    { strategy: 'asgd-ga', interval: 1 + random.integer(12), mode: 'sum' },
    { strategy: 'model-averaging', interval: 1 + random.integer(12), mode: 'synchronous' },
    { strategy: 'model-averaging', interval: 1 + random.integer(12), mode: 'asynchronous' },
  ])
  return {
    name: `job-${index}`,
    function: { bundleDigest, entrypoint: 'train.py', arguments: [], environment: {} },
    shards: used.map((region) => ({ region, uri: 'file:///data', samples: 40 + random.integer(400) })),
    ...(random.next() < 0.5 ? { holdout: { region: used[0]!, uri: 'file:///test', samples: 10 } } : {}),
    sync: { ...sync, delayCompensation: 0 },
    training: {
      epochs: 1 + random.integer(2),
      seed: random.integer(1_000),
      workerMode: random.next() < 0.8 ? 'asynchronous' : 'synchronous',
      leaseSamples: 8 + random.integer(60),
      stallTimeoutSeconds: 60,
      restartsMax: 1_000,
    },
    resources: { deviceModels: ['cpu'], workersMaxPerRegion: 1 + random.integer(3), samplesPerSecond: {} },
    policy: pick(['load-power', 'use-everything']),
  }
}
