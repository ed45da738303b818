// A job of one of a scenario's kinds: where its data lies, how much of it there is, by when it should end.
import { createHash } from 'node:crypto'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import type { PolicyName } from '#proto/policies.ts'
import type { JobSpec, Objective, Shard } from '#control-plane/model/job.ts'
import type { Random } from '#runtime/random.ts'
import type { Arrival } from './arrivals.ts'
import type { Pool } from './capacity.ts'
import { logUniform, several, wholeIn } from './draw.ts'
import { fits } from './region-pattern.ts'
import type { JobTemplate } from './scenario-schema.ts'

export type DrawInput = {
  readonly template: JobTemplate
  readonly arrival: Arrival
  readonly arrivedAtMs: number
  readonly policy: PolicyName
  /** In ascending order. */
  readonly regions: readonly string[]
  readonly pools: readonly Pool[]
}

/** Null where no region may have its data. */
export function drawJob(input: DrawInput, random: Random): JobSpec | null {
  const { template, arrival, arrivedAtMs } = input
  const [reference, samplesPerSecond] = Object.entries(template.samples_per_second)[0]!
  const homes = several(random, homesFor(input, reference), wholeIn(random, template.data_regions))
  const drawnHours = logUniform(random, template.device_hours)
  if (homes.length === 0) return null
  const { size } = arrival
  const deviceHours = size === null ? drawnHours : (size.gpus * size.seconds) / 3600
  const workersMax = size === null ? template.workers_max_per_region : Math.max(1, Math.ceil(size.gpus / homes.length))
  const samples = Math.max(homes.length, Math.round(deviceHours * 3600 * samplesPerSecond))
  const leastSeconds = (deviceHours * 3600) / (workersMax * homes.length)
  return {
    name: template.name,
    function: { bundleDigest: bundleOf(template.name), entrypoint: 'train.py', arguments: [], environment: {} },
    shards: shardsOf(template, homes, samples, random),
    holdout: null,
    sync: resolveSync(template.sync, { regions: homes.length }).settings,
    training: {
      epochs: 1,
      seed: 0,
      workerMode: 'asynchronous',
      leaseSamples: template.batch,
      target: null,
      stallTimeoutSeconds: 600,
      restartsMax: 100,
    },
    resources: {
      deviceModels: template.devices,
      markets: template.markets,
      workersMaxPerRegion: workersMax,
      samplesPerSecond: template.samples_per_second,
      ...(template.gpu_share === undefined ? {} : { gpuShare: template.gpu_share }),
    },
    policy: input.policy,
    objective: objectiveOf(template, arrivedAtMs, leastSeconds, random),
    budget: template.budget_usd === undefined ? null : { usd: template.budget_usd, actions: ['warn'] },
    owner: template.owner,
    labels: {},
  }
}

/** A kind of job is one function: what one run of it teaches, the next one knows. */
export function bundleOf(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

/** Regions that may have its data: all, where it may move, else those with a device that it may use. */
function homesFor({ template, regions, pools }: DrawInput, reference: string): readonly string[] {
  const allowed = regions.filter((region) => fits(region, template.regions))
  if (template.may_move_to.length > 0) return allowed
  const devices = template.devices.length > 0 ? template.devices : null
  const equipped = new Set(
    pools
      .filter(({ device: { deviceModel, market } }) => {
        const isWanted = devices === null ? deviceModel !== 'cpu' || reference === 'cpu' : devices.includes(deviceModel)
        return isWanted && template.markets.includes(market)
      })
      .map(({ region }) => region),
  )
  return allowed.filter((region) => equipped.has(region))
}

/** Shares of between one and four parts each. */
function shardsOf(template: JobTemplate, homes: readonly string[], samples: number, random: Random): readonly Shard[] {
  const weights = homes.map(() => logUniform(random, [1, 4]))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return homes.map((region, i): Shard => {
    const own = Math.max(1, Math.round((samples * weights[i]!) / total))
    const bytes = own * template.bytes_per_sample
    return { region, uri: `file:///data/${template.name}`, samples: own, bytes, mayMoveTo: template.may_move_to }
  })
}

function objectiveOf({ objective }: JobTemplate, arrivedAtMs: number, leastSeconds: number, random: Random): Objective {
  if (objective.kind !== 'deadline') return objective
  const within = logUniform(random, objective.within)
  return { kind: 'deadline', atMs: Math.round(arrivedAtMs + within * leastSeconds * 1000) }
}
