// A job's request between wire and model. Decoding refuses what is missing or too big to keep and fills in defaults; what
// the values mean is checked by the scheduler's `validateJob`, on the result.
import type { JobSpec as WireJobSpec, JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { ObjectiveSpec as WireObjective } from '#proto/generated/cloudless/v1/ObjectiveSpec.ts'
import type { Shard__Output } from '#proto/generated/cloudless/v1/Shard.ts'
import type { Holdout__Output } from '#proto/generated/cloudless/v1/Holdout.ts'
import { encodeSync } from '#proto/sync/encode-sync.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import type { Strategies } from '#proto/sync/strategies.ts'
import { markets, type Market } from '#regions/catalogue.ts'
import {
  budgetActions,
  regionsOf,
  type Budget,
  type Holdout,
  type JobSpec,
  type Objective,
  type Shard,
} from '#control-plane/model/job.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { decodeGpuShare, encodeGpuShare } from './gpu-share.ts'
import { jobDefaults } from './job-defaults.ts'

/** Words that do not exist pass through as they are: `validateJob` names them together with everything else. */
export function decodeJobSpec(checks: Checks, wire: JobSpec__Output | null): JobSpec | null {
  if (wire === null) {
    checks.note('spec', 'is missing; give the job to run')
    return null
  }
  return {
    name: wire.name.slice(0, config.textCharactersMax),
    function: decodeFunction(checks, wire),
    shards: checks
      .list('spec.shards', wire.shards, config.shardsMax)
      .map((shard, i) => decodeShard(checks, `spec.shards[${i}]`, shard)),
    holdout: wire.holdout === null ? null : decodeHoldout(checks, 'spec.holdout', wire.holdout),
    sync: decodeSync(checks, wire.sync, new Set(wire.shards.map(({ region }) => region)).size),
    training: decodeTraining(checks, wire),
    resources: decodeResources(checks, wire),
    policy: wire.policy === '' ? jobDefaults.policy : checks.text('spec.policy', wire.policy, config.textCharactersMax),
    objective: decodeObjective(checks, wire.objective),
    budget: wire.budget === null ? null : decodeBudget(checks, wire.budget),
    owner: checks.text('spec.owner', wire.owner, config.textCharactersMax),
    labels: decodeLabels(checks, wire.labels),
  }
}

function decodeObjective(checks: Checks, wire: JobSpec__Output['objective']): Objective {
  const kind = wire?.kind ?? ''
  if (kind === 'least-time') return { kind }
  if (kind === 'deadline') return { kind, atMs: wire?.deadlineMs ?? 0 }
  if (kind !== '' && kind !== 'least-cost') {
    checks.note('spec.objective.kind', `is ${JSON.stringify(kind)}; use least-cost, least-time or deadline`)
  }
  return { kind: 'least-cost', slack: wire?.slack ?? jobDefaults.slack }
}

function decodeBudget(checks: Checks, { usd, actions }: NonNullable<JobSpec__Output['budget']>): Budget {
  const given = checks.list('spec.budget.actions', actions, budgetActions.length)
  const known = given.map((action, i) => checks.oneOf(`spec.budget.actions[${i}]`, action, budgetActions))
  return { usd, actions: budgetActions.filter((action) => known.length === 0 || known.includes(action)) }
}

function decodeLabels(checks: Checks, wire: JobSpec__Output['labels']): JobSpec['labels'] {
  const entries = checks.list('spec.labels', Object.entries(wire), config.labelsMax)
  for (const [name, value] of entries) {
    checks.name('spec.labels', name, config.labelCharactersMax)
    checks.text(`spec.labels.${name.slice(0, 80)}`, value, config.labelCharactersMax)
  }
  return Object.fromEntries(entries)
}

function decodeFunction(checks: Checks, wire: JobSpec__Output): JobSpec['function'] {
  const field = 'spec.function'
  if (wire.function === null) {
    checks.note(field, 'is missing; name the bundle and its entrypoint')
    return { bundleDigest: '', entrypoint: '', arguments: [], environment: {} }
  }
  const { bundleDigest, entrypoint, arguments: given, environment } = wire.function
  const variables = checks.list(`${field}.environment`, Object.entries(environment), config.environmentMax)
  for (const [name, value] of variables)
    checks.text(`${field}.environment.${name.slice(0, 80)}`, value, config.argumentCharactersMax)
  return {
    bundleDigest: checks.text(`${field}.bundle_digest`, bundleDigest, config.textCharactersMax),
    entrypoint: checks.text(`${field}.entrypoint`, entrypoint, config.textCharactersMax),
    arguments: checks
      .list(`${field}.arguments`, given, config.argumentsMax)
      .map((text, i) => checks.text(`${field}.arguments[${i}]`, text, config.argumentCharactersMax)),
    environment: Object.fromEntries(variables),
  }
}

function decodeShard(checks: Checks, field: string, shard: Shard__Output): Shard {
  const patterns = checks.list(`${field}.may_move_to`, shard.mayMoveTo, config.moveTargetsMax)
  return {
    ...decodeHoldout(checks, field, shard),
    bytes: checks.integer(`${field}.bytes`, shard.bytes, { min: 0 }),
    mayMoveTo: patterns.map((text, i) => checks.text(`${field}.may_move_to[${i}]`, text, config.textCharactersMax)),
  }
}

function decodeHoldout(checks: Checks, field: string, shard: Shard__Output | Holdout__Output): Holdout {
  return {
    region: checks.text(`${field}.region`, shard.region, config.textCharactersMax),
    uri: checks.text(`${field}.uri`, shard.uri, config.uriCharactersMax),
    samples: shard.samples,
  }
}

/** Options that the strategy does not offer can not be seen in what this gives, so they are named here. */
export function decodeSync(
  checks: Checks,
  wire: JobSpec__Output['sync'],
  regions: number,
  strategies?: Strategies,
): JobSpec['sync'] {
  const context = { regions, ...(strategies === undefined ? {} : { strategies }) }
  const { settings, violations } = resolveSync(wire ?? {}, context)
  for (const { field, description } of violations) checks.note(`spec.sync.${field}`, description)
  return settings
}

function decodeTraining(checks: Checks, wire: JobSpec__Output): JobSpec['training'] {
  const defaults = jobDefaults.training
  if (wire.training === null) {
    checks.note('spec.training', 'is missing; say at least how many epochs')
    return { ...defaults, epochs: 1, seed: 0, target: null }
  }
  const { epochs, seed, workerMode, leaseSamples, target, stallTimeoutSeconds, restartsMax } = wire.training
  const mode = workerMode === '' ? defaults.workerMode : workerMode.slice(0, config.textCharactersMax)
  const readTarget = ({ metric, atLeast }: NonNullable<typeof target>): JobSpec['training']['target'] => ({
    metric: checks.text('spec.training.target.metric', metric, config.metricNameCharactersMax),
    atLeast,
  })
  return {
    epochs,
    seed,
    workerMode: mode as JobSpec['training']['workerMode'],
    leaseSamples: leaseSamples === 0 ? defaults.leaseSamples : leaseSamples,
    target: target === null ? null : readTarget(target),
    stallTimeoutSeconds: stallTimeoutSeconds === 0 ? defaults.stallTimeoutSeconds : stallTimeoutSeconds,
    restartsMax: restartsMax === 0 ? defaults.restartsMax : restartsMax,
  }
}

function decodeResources(checks: Checks, wire: JobSpec__Output): JobSpec['resources'] {
  const field = 'spec.resources'
  const nothing = { deviceModels: [], markets: [], workersMaxPerRegion: 0, samplesPerSecond: {}, gpuShare: null }
  const given = wire.resources ?? nothing
  const speeds = Object.entries(given.samplesPerSecond)
  return {
    deviceModels: checks
      .list(`${field}.device_models`, given.deviceModels, config.deviceModelsMax)
      .map((model, i) => checks.text(`${field}.device_models[${i}]`, model, config.textCharactersMax)),
    markets: decodeMarkets(checks, given.markets),
    workersMaxPerRegion: given.workersMaxPerRegion,
    samplesPerSecond: Object.fromEntries(checks.list(`${field}.samples_per_second`, speeds, config.deviceModelsMax)),
    ...(given.gpuShare === null ? {} : { gpuShare: decodeGpuShare(checks, `${field}.gpu_share`, given.gpuShare) }),
  }
}

/** On demand only unless the job says more. */
function decodeMarkets(checks: Checks, wire: readonly string[]): readonly Market[] {
  const field = 'spec.resources.markets'
  const given = checks
    .list(field, wire, markets.length)
    .map((market, i) => checks.oneOf(`${field}[${i}]`, market, markets))
  return given.length === 0 ? ['on-demand'] : markets.filter((market) => given.includes(market))
}

export function encodeJobSpec(spec: JobSpec): WireJobSpec {
  return {
    name: spec.name,
    function: { ...spec.function, arguments: [...spec.function.arguments] },
    shards: spec.shards.map((shard) => ({ ...shard, mayMoveTo: [...shard.mayMoveTo] })),
    holdout: spec.holdout,
    sync: encodeSync(spec.sync, { regions: regionsOf(spec).length }),
    training: spec.training,
    resources: {
      ...spec.resources,
      gpuShare: spec.resources.gpuShare === undefined ? null : encodeGpuShare(spec.resources.gpuShare),
      deviceModels: [...spec.resources.deviceModels],
      markets: [...spec.resources.markets],
    },
    policy: spec.policy,
    objective: encodeObjective(spec.objective),
    budget: spec.budget === null ? null : { usd: spec.budget.usd, actions: [...spec.budget.actions] },
    owner: spec.owner,
    labels: { ...spec.labels },
  }
}

export function encodeObjective(objective: Objective): WireObjective {
  const { kind } = objective
  if (kind === 'least-cost') return { kind, slack: objective.slack }
  return kind === 'deadline' ? { kind, deadlineMs: objective.atMs } : { kind }
}
