// The demo's job: the example's own job file, with the shards that were prepared and what was asked for on the command line.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { present } from '#runtime/assert.ts'
import { decodeJobFile, type JobFile } from '../job-file.ts'
import { exampleFolder, type PreparedData } from './data.ts'

export type DemoJobOptions = {
  readonly regions: readonly string[]
  readonly strategy: string | null
  /** Exactly so many epochs; null trains to the target. */
  readonly epochs: number | null
  readonly data: PreparedData
}

/**
 * The digits are forty times fewer images, so it takes more passes. A region has a few batches of them in all: sums of
 * many steps, added by every region, would overshoot, so rounds are frequent and take the mean; and the last round still
 * moves a model that has not settled, so training goes on until it has, instead of stopping at a target.
 */
const digits = { epochs: 50, leaseSamples: 128, interval: 4, mode: 'mean' } as const

export function demoJob(options: DemoJobOptions): JobFile {
  const path = join(exampleFolder, 'job.yaml')
  const file = decodeJobFile(readFileSync(path, 'utf8'), path)
  const { data, regions } = options
  const shards = regions.map((region, index) => {
    const shard = present(data.shards[index], `shard of ${region}`)
    return { region, uri: pathToFileURL(shard.path).href, samples: shard.samples }
  })
  const holdout = { region: regions[0]!, uri: pathToFileURL(data.holdout.path).href, samples: data.holdout.samples }
  return {
    ...file,
    spec: { ...file.spec, shards, holdout, sync: sync(file.spec, options), training: training(file.spec, options) },
  }
}

/** Interval and mode belong to a strategy: another one takes its own defaults. */
function sync(spec: JobSpec, { strategy, data }: DemoJobOptions): NonNullable<JobSpec['sync']> {
  const isOther = strategy !== null && strategy !== spec.sync?.strategy
  if (isOther) return { strategy }
  if (data.dataset === 'digits') return { ...spec.sync, interval: digits.interval, mode: digits.mode }
  return spec.sync ?? {}
}

function training(spec: JobSpec, { epochs, data }: DemoJobOptions): NonNullable<JobSpec['training']> {
  const { training: base } = spec
  if (epochs !== null) return { ...base, epochs, target: null }
  if (data.dataset !== 'digits') return { ...base }
  return { ...base, epochs: digits.epochs, leaseSamples: digits.leaseSamples, target: null }
}
