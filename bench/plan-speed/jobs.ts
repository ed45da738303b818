// Jobs to plan: models of 10 MB to 4 GB with what a unit of each GPU trains of them, and data in some of a world's regions.
import { aJob, aShard, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import { throughputKey, type Snapshot } from '#control-plane/model/snapshot.ts'
import type { Random } from '#runtime/random.ts'
import { gpuModels } from './world.ts'

export type JobMix = {
  /** Regions with data. */
  readonly dataRegions: (random: Random) => number
  readonly mayMove: boolean
}

/** Relative to a T4. */
const speeds: Readonly<Record<string, number>> = {
  'nvidia-k80': 0.35,
  'nvidia-t4': 1,
  'nvidia-v100': 2.6,
  'nvidia-a10g': 2,
  'nvidia-a100': 5,
  'nvidia-h100': 9,
}

/** The snapshot with what earlier runs of the jobs' functions have shown. */
export function withJobs(
  snapshot: Snapshot,
  count: number,
  mix: JobMix,
  random: Random,
): { readonly snapshot: Snapshot; readonly jobs: readonly Job[] } {
  const throughput = new Map<string, number>()
  const modelSizes = new Map<string, ModelSize>()
  const jobs = Array.from({ length: count }, (_, i) => {
    const digest = i.toString(16).padStart(64, '0')
    const modelBytes = logUniform(random, 1e7, 4e9)
    const atT4 = (2e10 / modelBytes) * logUniform(random, 0.5, 2)
    for (const model of gpuModels) {
      throughput.set(throughputKey(digest, model), atT4 * speeds[model]! * (0.8 + 0.4 * random.next()))
    }
    modelSizes.set(digest, { updateBytes: Math.round(modelBytes), samplesPerStep: 2 ** (5 + random.integer(5)) })
    return jobOf(snapshot, i, digest, atT4, mix, random)
  })
  return { snapshot: { ...snapshot, throughput, modelSizes }, jobs }
}

function jobOf(snapshot: Snapshot, i: number, digest: string, atT4: number, mix: JobMix, random: Random): Job {
  const names = snapshot.catalogue.regions.map(({ name }) => name)
  const regions = pickSome(names, mix.dataRegions(random), random)
  const bytesPerSample = logUniform(random, 1e3, 1e6)
  const isAnywhere = random.next() < 0.5
  const shards = regions.map((region) => {
    const samples = Math.round(logUniform(random, 1e5, 1e7))
    const targets = isAnywhere ? ['*'] : [`${region.slice(0, region.indexOf('/'))}/*`]
    return aShard(region, samples, {
      bytes: Math.round(samples * bytesPerSample),
      mayMoveTo: mix.mayMove ? targets : [],
    })
  })
  const base = aSpec({ shards, sync: aSync({ strategy: 'auto' }, shards.length), policy: 'least-cost' })
  const samples = shards.reduce((sum, shard) => sum + shard.samples, 0)
  // Some hours on a dozen faster units in each region.
  const epochs = Math.max(
    1,
    Math.round((logUniform(random, 1, 24) * 3600 * 12 * 2.5 * atT4 * regions.length) / samples),
  )
  return aJob({
    id: `j-${String(i).padStart(5, '0')}`,
    createdAtMs: i,
    spec: {
      ...base,
      function: { ...base.function, bundleDigest: digest },
      resources: { ...base.resources, markets: ['on-demand', 'spot'] },
      training: { ...base.training, epochs },
    },
  })
}

function pickSome(names: readonly string[], count: number, random: Random): readonly string[] {
  const left = [...names]
  const picked = Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(random.integer(left.length), 1)[0]!,
  )
  return picked.sort()
}

function logUniform(random: Random, min: number, max: number): number {
  return Math.exp(Math.log(min) + random.next() * (Math.log(max) - Math.log(min)))
}
