// The file that an agent writes for the parameter server it starts, and what a partition takes from it.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { present } from '#runtime/assert.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import { invalid } from '#runtime/errors.ts'
import type { PartitionOptions } from './partition-options.ts'

const shardSchema = z.object({ region: z.string(), uri: z.string(), samples: z.number().int().min(1) })

/** The parts of a JobSpec that a parameter server reads; defaults are those of the contract. */
const specSchema = z.object({
  shards: z.array(shardSchema).min(1),
  holdout: shardSchema.nullish(),
  /** What the values mean, and which there are, is proto/sync's to say. */
  sync: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).nullish(),
  training: z.object({
    epochs: z.number().int().min(1),
    seed: z.number().int().min(0).default(0),
    workerMode: z.enum(['', 'asynchronous', 'synchronous']).default(''),
    leaseSamples: z.number().int().min(0).default(0),
    stallTimeoutSeconds: z.number().int().min(0).default(0),
  }),
})

const configSchema = z.strictObject({
  instanceId: z.string().min(1),
  attempt: z.number().int().min(1),
  moves: z.number().int().min(0).default(0),
  jobId: z.string().min(1),
  /** The partition's name. */
  region: z.string().min(1),
  /** All partitions; where there are none, each region with data is its own. */
  partitions: z
    .array(z.object({ partition: z.string().min(1), dataRegions: z.array(z.string().min(1)).min(1) }))
    .default([]),
  spec: specSchema,
  bindHost: z.string().min(1),
  advertiseHost: z.string().min(1),
  workerSocket: z.string().min(1),
  agentSocket: z.string().min(1),
  stateDir: z.string().min(1),
  /** Address of the region's object store, where checkpoints lie. */
  objectStore: z.string().min(1),
  sharedDir: z.string().min(1),
  workers: z.number().int().min(0),
  dataShare: z.number(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
})

export type ParameterServerConfig = z.infer<typeof configSchema>

const leaseSamplesDefault = 1024
const stallTimeoutSecondsDefault = 120

export async function readConfigFile(path: string): Promise<ParameterServerConfig> {
  return decodeConfig(JSON.parse(await readFile(path, 'utf8')))
}

export function decodeConfig(value: unknown): ParameterServerConfig {
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  throw invalid(
    result.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'config', description: message })),
  )
}

export function partitionOptionsOf(config: ParameterServerConfig): PartitionOptions {
  const { jobId, region, spec } = config
  const { training, holdout } = spec
  // Shares come from the job itself, so that all regions reckon with the same numbers.
  const partitions = partitionsOf(config)
  const samples = new Map(partitions.map(({ partition, dataRegions }) => [partition, samplesOf(spec, dataRegions)]))
  const total = [...samples.values()].reduce((sum, count) => sum + count, 0)
  const own = samples.get(region)
  if (own === undefined || own === 0) {
    const description = `name no shard in region ${region}; a partition lives where data lies`
    throw invalid([{ field: 'spec.shards', description }])
  }
  const sync = syncOf(config, samples.size)
  return {
    jobId,
    region,
    members: Array.from(samples, ([name, count]) => ({ region: name, dataShare: count / total })),
    samples: own,
    epochs: training.epochs,
    leaseSamples: training.leaseSamples === 0 ? leaseSamplesDefault : training.leaseSamples,
    stallTimeoutMs:
      (training.stallTimeoutSeconds === 0 ? stallTimeoutSecondsDefault : training.stallTimeoutSeconds) * 1000,
    workerMode: training.workerMode === 'synchronous' ? 'synchronous' : 'asynchronous',
    sync,
    parts: present(strategies.get(sync.strategy), `the strategy ${sync.strategy}`).parts(sync),
    // After a move there are peers and checkpoints that know of it, as after a crash.
    attempt: config.attempt + config.moves,
    moves: config.moves,
    seed: training.seed,
    hasHoldout: holdout != null && dataRegionsOf(config).includes(holdout.region),
  }
}

/** The shards that this partition trains on, in the order of the job: sample positions count through them. */
export function ownShards(config: ParameterServerConfig): ParameterServerConfig['spec']['shards'] {
  const regions = dataRegionsOf(config)
  return config.spec.shards.filter((shard) => regions.includes(shard.region))
}

function dataRegionsOf(config: ParameterServerConfig): readonly string[] {
  return partitionsOf(config).find(({ partition }) => partition === config.region)?.dataRegions ?? []
}

function partitionsOf({ partitions, spec }: ParameterServerConfig): ParameterServerConfig['partitions'] {
  if (partitions.length > 0) return partitions
  const regions = [...new Set(spec.shards.map(({ region }) => region))]
  return regions.map((region) => ({ partition: region, dataRegions: [region] }))
}

function samplesOf({ shards }: ParameterServerConfig['spec'], regions: readonly string[]): number {
  return shards.filter(({ region }) => regions.includes(region)).reduce((sum, shard) => sum + shard.samples, 0)
}

/** The control plane refused what is wrong long ago, unless it is of another version. */
function syncOf({ spec }: ParameterServerConfig, regions: number): SyncSettings {
  const { settings, violations } = resolveSync(spec.sync ?? {}, { regions })
  if (violations.length === 0) return settings
  throw invalid(violations.map(({ field, description }) => ({ field: `spec.sync.${field}`, description })))
}
