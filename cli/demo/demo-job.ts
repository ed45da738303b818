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

/** The digits are thirty times fewer images, so it takes more passes; they are also easier. */
const digits = { epochs: 60, atLeast: 0.95, leaseSamples: 128 } as const

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
function sync(spec: JobSpec, { strategy }: DemoJobOptions): NonNullable<JobSpec['sync']> {
  if (strategy === null || strategy === spec.sync?.strategy) return spec.sync ?? {}
  return { strategy }
}

function training(spec: JobSpec, { epochs, data }: DemoJobOptions): NonNullable<JobSpec['training']> {
  const base = { ...spec.training }
  const sized =
    data.dataset === 'digits'
      ? {
          ...base,
          epochs: digits.epochs,
          leaseSamples: digits.leaseSamples,
          target: { metric: 'accuracy', atLeast: digits.atLeast },
        }
      : base
  return epochs === null ? sized : { ...sized, epochs, target: null }
}
