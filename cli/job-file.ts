// A job file becomes a JobSpec for the wire, or one error that names every wrong field, its line and the fix.
import { dirname, resolve } from 'node:path'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { optionNames, options } from '#proto/sync/options.ts'
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import { limits } from './config.ts'
import { gpuShareOf, type ProfiledShare } from './gpu-share-schema.ts'
import { jobFileSchema, knownKeysAt, type JobFileContent } from './job-file-schema.ts'
import { resolveFileUri } from './file-uri.ts'
import { decodeYaml, fieldName, readYamlText, shown, type LineOf, type YamlKind } from './yaml-file.ts'

export type JobFile = {
  readonly path: string
  /** Absolute path of the function's folder, to be packed. */
  readonly functionFolder: string
  /** Complete but for the bundle's digest, and for the share where that is left to the profile. */
  readonly spec: JobSpec
  readonly profiledShare: ProfiledShare | null
}

const jobFileKind: YamlKind = {
  name: 'job file',
  reason: 'JOB_FILE',
  bytesMax: limits.jobFileBytesMax,
  knownKeysAt,
}

export function readJobFile(path: string): JobFile {
  return decodeJobFile(readYamlText(path, jobFileKind), path)
}

/** Pure: `path` only gives relative names their meaning. */
export function decodeJobFile(text: string, path: string): JobFile {
  const { content, lineOf } = decodeYaml(text, path, jobFileSchema, jobFileKind)
  const violations = crossChecks(content, lineOf)
  const folder = dirname(resolve(path))
  const spec = toSpec(content, folder, violations, lineOf)
  if (violations.length > 0) throw invalid(violations, jobFileKind.reason)
  const { profiledShare } = gpuShareOf(content.resources.gpu_share)
  return { path, functionFolder: resolve(folder, content.function.folder), spec, profiledShare }
}

/** Rules between fields, which no field alone can break. */
function crossChecks({ sync, data }: JobFileContent, lineOf: LineOf): FieldViolation[] {
  const regions = new Set(data.shards.map(({ region }) => region)).size
  return resolveSync(givenSync(sync), { regions }).violations.map(({ field, description }) => ({
    field: `sync.${field}`,
    description: `${description}${lineOf(['sync', field], true)}`,
  }))
}

/** Only what the file says: the control plane fills in the defaults. */
function givenSync(sync: JobFileContent['sync']): GivenSync {
  const given = optionNames.flatMap((name) => {
    const value = sync[options[name].wireName]
    return value === undefined ? [] : [[name, value]]
  })
  return { strategy: String(sync['strategy']), ...Object.fromEntries(given) }
}

function toSpec(content: JobFileContent, folder: string, violations: FieldViolation[], lineOf: LineOf): JobSpec {
  const { sync, training, resources } = content
  const located = <T extends { uri: string }>(data: T, path: readonly PropertyKey[]): T => {
    const resolved = resolveFileUri(data.uri, folder)
    if (resolved.kind === 'resolved') return { ...data, uri: resolved.uri }
    const at = [...path, 'uri']
    violations.push({
      field: fieldName(at),
      description: `${shown(data.uri)}${lineOf(at, false)}: ${resolved.because}`,
    })
    return data
  }
  return {
    name: content.name,
    function: {
      entrypoint: content.function.entrypoint,
      arguments: content.function.arguments,
      environment: content.function.environment,
    },
    shards: content.data.shards.map((shard, index) => {
      const { bytes, may_move_to: mayMoveTo, ...data } = located(shard, ['data', 'shards', index])
      return { ...data, ...(bytes === undefined ? {} : { bytes }), ...(mayMoveTo.length === 0 ? {} : { mayMoveTo }) }
    }),
    ...(content.data.holdout === undefined ? {} : { holdout: located(content.data.holdout, ['data', 'holdout']) }),
    sync: givenSync(sync) as NonNullable<JobSpec['sync']>,
    training: {
      epochs: training.epochs,
      seed: training.seed,
      workerMode: training.worker_mode ?? '',
      leaseSamples: training.lease_samples ?? 0,
      ...(training.target === undefined
        ? {}
        : { target: { metric: training.target.metric, atLeast: training.target.at_least } }),
      stallTimeoutSeconds: training.stall_timeout ?? 0,
      restartsMax: training.restarts_max ?? 0,
    },
    resources: {
      deviceModels: resources.device_models,
      ...(resources.markets.length === 0 ? {} : { markets: resources.markets }),
      workersMaxPerRegion: resources.workers_max_per_region ?? 0,
      samplesPerSecond: resources.samples_per_second,
      ...gpuShareOf(resources.gpu_share).given,
    },
    policy: content.policy,
    objective: objectiveOf(content.objective),
    ...(content.budget === undefined ? {} : { budget: content.budget }),
    owner: content.owner,
    labels: content.labels,
  }
}

function objectiveOf(given: JobFileContent['objective']): NonNullable<JobSpec['objective']> {
  const { kind } = given
  if (kind === 'deadline') return { kind, deadlineMs: given.at }
  return kind === 'least-cost' && given.slack !== undefined ? { kind, slack: given.slack } : { kind }
}
