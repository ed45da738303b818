// One row of one world as a job file's content: who holds which data, at which pace, synchronised how.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { decodeJobFile, type JobFile } from '#cli/job-file.ts'
import type { PreparedData } from '#cli/demo/data.ts'
import { present } from '#runtime/assert.ts'
import type { Row, Variant } from './rows.ts'
import { batch, epochs, evaluateSeconds, leaseSamples, type World } from './settings.ts'

/** Training data as it lies: a shard per region of the world, and all of it in one. */
export type Data = { readonly split: PreparedData; readonly whole: PreparedData }

const folder = import.meta.dirname

export function jobOf(world: World, row: Row, variant: Variant, seed: number, data: Data): JobFile {
  const places = placesOf(world, row, data)
  const home = places[0]!.region
  const content = {
    name: `wan-training-${row.name}`,
    function: {
      folder: join(folder, 'function'),
      entrypoint: 'train.py',
      arguments: Object.entries({
        '--paces': JSON.stringify(Object.fromEntries(places.flatMap(({ paces }) => paces))),
        '--learning-rate': String(variant.learningRate),
        '--seed': String(seed),
        '--batch': String(batch),
        '--evaluate-seconds': String(evaluateSeconds),
      }).flat(),
    },
    data: {
      shards: places.map(({ region, shard }) => ({ region, ...located(shard) })),
      holdout: { region: home, ...located(data.whole.holdout) },
    },
    sync: variant.sync,
    training: { epochs, seed, lease_samples: leaseSamples, restarts_max: 1 },
    resources: { device_models: ['cpu'], workers_max_per_region: Math.max(...places.map(({ paces }) => paces.length)) },
    policy: 'use-everything',
  }
  return decodeJobFile(JSON.stringify(content), join(folder, 'job.json'))
}

type Shard = PreparedData['holdout']
type Place = {
  readonly region: string
  readonly shard: Shard
  /** Of each worker: its name in the function's `--paces`, and milliseconds per step. */
  readonly paces: readonly (readonly [string, number])[]
}

function placesOf({ regions }: World, row: Row, { split, whole }: Data): readonly Place[] {
  const apart = regions.map(({ name, paceMs }, index) => ({
    region: name,
    shard: present(split.shards[index], `shard of ${name}`),
    paces: [[`${name}/worker-0`, paceMs]] as const,
  }))
  switch (row.place) {
    case 'regions':
      return apart
    case 'alone':
      return apart.slice(0, 1)
    case 'together': {
      const home = regions[0]!.name
      const shard = present(whole.shards[0], 'all data')
      return [{ region: home, shard, paces: regions.map(({ paceMs }, index) => [`${home}/worker-${index}`, paceMs]) }]
    }
  }
}

function located({ path, samples }: Shard): { readonly uri: string; readonly samples: number } {
  return { uri: pathToFileURL(path).href, samples }
}
