// A job's request between wire and model. Decoding is strict about what cannot be represented; what the values mean
// together is checked by the validation of the model. Unset numbers take the defaults of `job-defaults.ts`.
import type { JobSpec as WireJobSpec, JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Shard__Output } from '#proto/generated/cloudless/v1/Shard.ts'
import type { Holdout__Output } from '#proto/generated/cloudless/v1/Holdout.ts'
import type { JobSpec, Shard, Strategy } from '#control-plane/model/job.ts'
import { quote, type Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { jobDefaults } from './job-defaults.ts'

export function decodeJobSpec(checks: Checks, wire: JobSpec__Output | null): JobSpec | null {
  if (wire === null) {
    checks.note('spec', 'is missing; give the job to run')
    return null
  }
  return {
    name: checks.text('spec.name', wire.name, { min: 1, max: config.nameCharactersMax }),
    function: decodeFunction(checks, wire),
    shards: checks
      .list('spec.shards', wire.shards, config.shardsMax)
      .map((shard, i) => decodeShard(checks, `spec.shards[${i}]`, shard)),
    holdout: wire.holdout === null ? null : decodeShard(checks, 'spec.holdout', wire.holdout),
    sync: decodeSync(checks, wire),
    training: decodeTraining(checks, wire),
    resources: decodeResources(checks, wire),
    policy: wire.policy === '' ? jobDefaults.policy : checks.text('spec.policy', wire.policy, { max: 63 }),
  }
}

function decodeFunction(checks: Checks, wire: JobSpec__Output): JobSpec['function'] {
  const field = 'spec.function'
  if (wire.function === null) {
    checks.note(field, 'is missing; name the bundle and its entrypoint')
    return { bundleDigest: '', entrypoint: '', arguments: [], environment: {} }
  }
  const { bundleDigest, entrypoint, arguments: given, environment } = wire.function
  const names = Object.keys(environment)
  checks.list(`${field}.environment`, names, config.environmentMax)
  for (const name of names) {
    const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    if (!isName) checks.note(`${field}.environment`, `${quote(name)} is no name for an environment variable`)
    checks.text(`${field}.environment.${name}`, environment[name]!, { max: config.argumentCharactersMax })
  }
  return {
    bundleDigest: checks.digest(`${field}.bundle_digest`, bundleDigest),
    entrypoint: checks.text(`${field}.entrypoint`, entrypoint, { min: 1, max: config.pathCharactersMax }),
    arguments: checks
      .list(`${field}.arguments`, given, config.argumentsMax)
      .map((text, i) => checks.text(`${field}.arguments[${i}]`, text, { max: config.argumentCharactersMax })),
    environment,
  }
}

function decodeShard(checks: Checks, field: string, shard: Shard__Output | Holdout__Output): Shard {
  return {
    region: checks.text(`${field}.region`, shard.region, { min: 1, max: config.regionCharactersMax }),
    uri: checks.text(`${field}.uri`, shard.uri, { min: 1, max: config.uriCharactersMax }),
    samples: checks.integer(`${field}.samples`, shard.samples, { min: 1 }),
  }
}

function decodeSync(checks: Checks, wire: JobSpec__Output): JobSpec['sync'] {
  const sync = wire.sync ?? { strategy: '', interval: 0, mode: '', delayCompensation: 0 }
  const strategies: readonly Strategy[] = ['asgd', 'asgd-ga', 'model-averaging']
  const strategy = checks.oneOf('spec.sync.strategy', sync.strategy || jobDefaults.strategy, strategies)
  const defaults = jobDefaults.sync[strategy]
  return {
    strategy,
    interval: sync.interval === 0 ? defaults.interval : sync.interval,
    mode: checks.oneOf('spec.sync.mode', sync.mode || defaults.mode, defaults.modes),
    delayCompensation: checks.number('spec.sync.delay_compensation', sync.delayCompensation, { min: 0 }),
  }
}

function decodeTraining(checks: Checks, wire: JobSpec__Output): JobSpec['training'] {
  const field = 'spec.training'
  if (wire.training === null) {
    checks.note(field, 'is missing; say at least how many epochs')
    return { ...jobDefaults.training, epochs: 1, seed: 0, target: null }
  }
  const { epochs, seed, workerMode, leaseSamples, target, stallTimeoutSeconds, restartsMax } = wire.training
  const defaults = jobDefaults.training
  return {
    epochs: checks.integer(`${field}.epochs`, epochs, { min: 1 }),
    seed: checks.integer(`${field}.seed`, seed, { min: 0 }),
    workerMode: checks.oneOf(`${field}.worker_mode`, workerMode || defaults.workerMode, [
      'asynchronous',
      'synchronous',
    ]),
    leaseSamples: leaseSamples === 0 ? defaults.leaseSamples : leaseSamples,
    target:
      target === null
        ? null
        : {
            metric: checks.text(`${field}.target.metric`, target.metric, {
              min: 1,
              max: config.metricNameCharactersMax,
            }),
            atLeast: checks.number(`${field}.target.at_least`, target.atLeast, { min: Number.NEGATIVE_INFINITY }),
          },
    stallTimeoutSeconds: stallTimeoutSeconds === 0 ? defaults.stallTimeoutSeconds : stallTimeoutSeconds,
    restartsMax: restartsMax === 0 ? defaults.restartsMax : restartsMax,
  }
}

function decodeResources(checks: Checks, wire: JobSpec__Output): JobSpec['resources'] {
  const field = 'spec.resources'
  const given = wire.resources ?? { deviceModels: [], workersMaxPerRegion: 0, samplesPerSecond: {} }
  checks.list(`${field}.samples_per_second`, Object.keys(given.samplesPerSecond), config.deviceModelsMax)
  for (const [model, value] of Object.entries(given.samplesPerSecond))
    if (!(value > 0 && Number.isFinite(value)))
      checks.note(`${field}.samples_per_second.${model}`, `is ${value}; give a number above 0`)
  return {
    deviceModels: checks
      .list(`${field}.device_models`, given.deviceModels, config.deviceModelsMax)
      .map((model, i) => checks.text(`${field}.device_models[${i}]`, model, { min: 1, max: 63 })),
    workersMaxPerRegion: given.workersMaxPerRegion,
    samplesPerSecond: given.samplesPerSecond,
  }
}

export function encodeJobSpec(spec: JobSpec): WireJobSpec {
  return {
    name: spec.name,
    function: { ...spec.function, arguments: [...spec.function.arguments] },
    shards: spec.shards.map((shard) => ({ ...shard })),
    holdout: spec.holdout,
    sync: spec.sync,
    training: spec.training,
    resources: { ...spec.resources, deviceModels: [...spec.resources.deviceModels] },
    policy: spec.policy,
  }
}
