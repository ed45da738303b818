// A function file becomes an InferenceSpec for the wire, or one error that names every wrong field, its line and the fix.
import { dirname, resolve } from 'node:path'
import type { InferenceSpec } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { ProfilePoint } from '#proto/generated/cloudless/v1/ProfilePoint.ts'
import type { Slo } from '#proto/generated/cloudless/v1/Slo.ts'
import { limits } from './config.ts'
import { functionFileSchema, knownFunctionKeysAt, type FunctionFileContent } from './function-file-schema.ts'
import { gpuShareOf, type ProfiledShare } from './gpu-share-schema.ts'
import { decodeYaml, readYamlText, type YamlKind } from './yaml-file.ts'

export type FunctionFile = {
  readonly path: string
  /** Absolute path of what is packed. */
  readonly folder: string
  /** Complete but for the bundle's digest, and for the share where that is left to the profile. */
  readonly spec: InferenceSpec
  readonly profiledShare: ProfiledShare | null
  /** How long its batches take is left to the profile, too. */
  readonly isProfileAuto: boolean
}

const functionFileKind: YamlKind = {
  name: 'function file',
  reason: 'FUNCTION_FILE',
  bytesMax: limits.functionFileBytesMax,
  knownKeysAt: knownFunctionKeysAt,
}

export function readFunctionFile(path: string): FunctionFile {
  return decodeFunctionFile(readYamlText(path, functionFileKind), path)
}

/** Pure: `path` only gives the folder its meaning. */
export function decodeFunctionFile(text: string, path: string): FunctionFile {
  const { content } = decodeYaml(text, path, functionFileSchema, functionFileKind)
  const { slo, instances } = content
  const { given, profiledShare } = gpuShareOf(content.gpu_share)
  return {
    path,
    profiledShare,
    isProfileAuto: content.profile === 'auto',
    folder: resolve(dirname(resolve(path)), content.folder),
    spec: {
      name: content.name,
      handler: content.handler,
      environment: content.environment,
      ...(slo === undefined ? {} : { slo: sloOf(slo) }),
      instancesMin: instances.min,
      instancesMax: instances.max ?? Math.max(1, instances.min),
      batchMax: content.batch_max,
      ...given,
      deviceModels: content.device_models,
      regions: content.regions,
      autoscaler: content.autoscaler,
      ...(content.timeout_ms === undefined ? {} : { timeoutMs: content.timeout_ms }),
      ...(content.queue_max === undefined ? {} : { queueMax: content.queue_max }),
      atMostOnce: content.at_most_once,
      profile: content.profile === 'auto' ? [] : content.profile.map(pointOf),
      ...(content.memory_gib === undefined ? {} : { memoryBytes: Math.round(content.memory_gib * 2 ** 30) }),
      owner: content.owner,
      labels: content.labels,
    },
  }
}

function pointOf({ device_model: deviceModel, batch, sm, quota, latency_ms: latencyMs }: PointContent): ProfilePoint {
  return { deviceModel, batch, smMilli: thousandths(sm), quotaMilli: thousandths(quota), latencyMs }
}

function thousandths(part: number): number {
  return Math.round(part * 1000)
}

type PointContent = Exclude<FunctionFileContent['profile'], 'auto'>[number]

export function sloOf({ latency_ms: latencyMs, percentile, per }: NonNullable<FunctionFileContent['slo']>): Slo {
  return { latencyMs, percentile, per: per === 'token' ? 'SLO_PER_TOKEN' : 'SLO_PER_REQUEST' }
}
