// Jobs for the simulator, and a training task whose result can be known beforehand: the gradient of a sample is a small
// integer vector that depends only on where the sample lies. With plain SGD and a rate that is a power of two every sum is
// exact in float32, so the final model tells whether each sample was used once and each update applied once.
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Layout } from '#physical-plane/parameter-server/replica/layout.ts'
import type { Random } from '#runtime/random.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { present } from '#runtime/assert.ts'
import { regionNames } from './options.ts'
import { randomSync } from './random-sync.ts'

export const learningRate = 2 ** -6

/** Several tensors, for fragments to be cut between, and a buffer, which is no parameter. */
const shapes = [
  { name: 'a', length: 3 },
  { name: 'b', length: 7 },
  { name: 'c', length: 4 },
  { name: 'd', length: 2 },
  { name: 'seen', length: 1, isBuffer: true },
]
export const parameters = 16
export const elements = parameters + 1

/** The user's optimiser: plain SGD mostly, whose sums are exact, or AdamW, as the job's seed says. */
export function layoutOf(seed: number): Layout {
  const plain = {
    learningRate,
    weightDecay: 0,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    beta1: 0,
    beta2: 0,
    epsilon: 0,
  }
  return {
    tensors: shapes.map(({ name, length, isBuffer = false }) => {
      return { name, shape: [length], length, group: 0, isBuffer, dtype: 'float32' }
    }),
    optimiser: isPlain(seed)
      ? { kind: 'sgd', groups: [plain] }
      : { kind: 'adamw', groups: [{ ...plain, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }] },
  }
}

function isPlain(seed: number): boolean {
  return seed % 4 !== 3
}

export function sampleGradient(region: string, epoch: number, position: number, element: number): number {
  let hash = 2166136261
  for (const part of [region.length, region.charCodeAt(0), epoch, position, element]) {
    hash = Math.imul(hash ^ part, 16777619) >>> 0
  }
  return (hash >>> 13) % 7
}

/** The model's parameters after every sample of every epoch was used once, starting from zero. */
export function expectedModel(spec: JobSpec): readonly number[] {
  return Array.from({ length: parameters }, (_, element) => {
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

/**
 * Whether the final model does not depend on the order of events: the sum of what every region changed, sent as it is.
 * Where models are averaged, weights depend on who was in which round.
 */
export function isExact(spec: JobSpec): boolean {
  const { sync, training } = spec
  if (training?.workerMode !== 'asynchronous' || !isPlain(Number(training.seed))) return false
  if (regionsOf(spec).length === 1) return true
  const { strategy, mode, codec = '', stalenessExponent = 0, stalenessMax = 0 } = sync ?? {}
  const isSum = (strategy === 'asgd' || strategy === 'asgd-ga') && mode === 'sum'
  return isSum && (codec === '' || codec === 'fp32') && stalenessExponent === 0 && stalenessMax === 0
}

export function regionsOf({ shards }: JobSpec): readonly string[] {
  return [...new Set(shards?.map(({ region = '' }) => region))].sort()
}

/** Whether regions meet in rounds that lose nothing which comes late. */
export function sharesAllSamples({ sync }: JobSpec): boolean {
  const { settings } = resolveSync(sync ?? {}, { regions: regionNames.length })
  const parts = present(strategies.get(settings.strategy), settings.strategy).parts(settings)
  return parts.membership === 'rounds' && settings.late === 'carry'
}

export function randomJob(random: Random, index: number, bundleDigest: string): JobSpec {
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const regions = [...regionNames].filter(() => random.next() < 0.7)
  const used = regions.length === 0 ? [pick(regionNames)] : regions
  const sync = randomSync(random, new Set(used).size)
  return {
    name: `job-${index}`,
    function: { bundleDigest, entrypoint: 'train.py', arguments: [], environment: {} },
    shards: used.map((region) => ({ region, uri: 'file:///data', samples: 40 + random.integer(400) })),
    ...(random.next() < 0.5 ? { holdout: { region: used[0]!, uri: 'file:///test', samples: 10 } } : {}),
    sync,
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
