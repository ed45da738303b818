// Functions that answer requests, between wire and model. Decoding refuses what is missing or too big to keep and fills in
// defaults; what the values mean is checked by the scheduler's `validateFunction`, on the result.
import type { Function as WireFunction } from '#proto/generated/cloudless/v1/Function.ts'
import type { FunctionInstance as WireFunctionInstance } from '#proto/generated/cloudless/v1/FunctionInstance.ts'
import type { FunctionState__Output } from '#proto/generated/cloudless/v1/FunctionState.ts'
import type {
  InferenceSpec as WireInferenceSpec,
  InferenceSpec__Output,
} from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { ServingStatus__Output } from '#proto/generated/cloudless/v1/ServingStatus.ts'
import type { Slo as WireSlo, Slo__Output } from '#proto/generated/cloudless/v1/Slo.ts'
import type { SloPer__Output } from '#proto/generated/cloudless/v1/SloPer.ts'
import type { GatewayEndpoint } from '#proto/generated/cloudless/v1/GatewayEndpoint.ts'
import type { ProfilePoint__Output } from '#proto/generated/cloudless/v1/ProfilePoint.ts'
import {
  autoscalerNames,
  type FunctionState,
  type Gateway,
  type InferenceFunction,
  type InferenceSpec,
  type ProfilePoint,
  type Serving,
  type Slo,
} from '#control-plane/model/inference.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { decodeGpuShare, encodeGpuShare } from './gpu-share.ts'

const wireState: Readonly<Record<FunctionState, FunctionState__Output>> = {
  deploying: 'FUNCTION_STATE_DEPLOYING',
  ready: 'FUNCTION_STATE_READY',
  failed: 'FUNCTION_STATE_FAILED',
  deleting: 'FUNCTION_STATE_DELETING',
  deleted: 'FUNCTION_STATE_DELETING',
}

export function decodeInferenceSpec(checks: Checks, wire: InferenceSpec__Output | null): InferenceSpec | null {
  if (wire === null) {
    checks.note('spec', 'is missing; give the function to deploy')
    return null
  }
  const { name, bundleDigest, handler, slo, gpuShare, owner } = wire
  const models = checks.list('spec.device_models', wire.deviceModels, config.deviceModelsMax)
  const regions = checks.list('spec.regions', wire.regions, config.functionRegionsMax)
  return {
    name: name.slice(0, config.textCharactersMax),
    bundleDigest: bundleDigest.slice(0, config.textCharactersMax),
    handler: checks.text('spec.handler', handler, config.textCharactersMax),
    environment: decodeTexts(checks, 'spec.environment', wire.environment, config.argumentCharactersMax),
    slo: slo === null ? null : decodeSlo(checks, slo),
    instancesMin: wire.instancesMin,
    instancesMax: wire.instancesMax === 0 ? Math.max(1, wire.instancesMin) : wire.instancesMax,
    batchMax: wire.batchMax === 0 ? 1 : wire.batchMax,
    gpuShare: gpuShare === null ? null : decodeGpuShare(checks, 'spec.gpu_share', gpuShare),
    deviceModels: models.map((model, i) => checks.name(`spec.device_models[${i}]`, model, config.textCharactersMax)),
    regions: regions.map((region, i) => checks.name(`spec.regions[${i}]`, region, config.regionCharactersMax)),
    owner: checks.text('spec.owner', owner, config.textCharactersMax),
    labels: decodeTexts(checks, 'spec.labels', wire.labels, config.labelCharactersMax),
    autoscaler: checks.oneOf('spec.autoscaler', wire.autoscaler === '' ? 'hybrid' : wire.autoscaler, autoscalerNames),
    timeoutMs: wire.timeoutMs === 0 ? config.requestTimeoutMs : wire.timeoutMs,
    queueMax: wire.queueMax,
    atMostOnce: wire.atMostOnce,
    profile: checks
      .list('spec.profile', wire.profile, config.profilePointsMax)
      .map((point, i) => decodePoint(checks, `spec.profile[${i}]`, point)),
    memoryBytes: checks.integer('spec.memory_bytes', wire.memoryBytes, { min: 0 }),
  }
}

function decodePoint(checks: Checks, field: string, wire: ProfilePoint__Output): ProfilePoint {
  const { deviceModel, batch, smMilli, quotaMilli, latencyMs } = wire
  return {
    deviceModel: checks.name(`${field}.device_model`, deviceModel, config.textCharactersMax),
    batch: checks.integer(`${field}.batch`, batch, { min: 1 }),
    smMilli: checks.integer(`${field}.sm_milli`, smMilli, { min: 1, max: 1000 }),
    quotaMilli: checks.integer(`${field}.quota_milli`, quotaMilli, { min: 1, max: 1000 }),
    latencyMs: checks.amount(`${field}.latency_ms`, latencyMs, config.latencyMsMax),
  }
}

const per: Partial<Record<SloPer__Output, Slo['per']>> = {
  SLO_PER_UNSPECIFIED: 'request',
  SLO_PER_REQUEST: 'request',
  SLO_PER_TOKEN: 'token',
}

const wirePer: Readonly<Record<Slo['per'], SloPer__Output>> = { request: 'SLO_PER_REQUEST', token: 'SLO_PER_TOKEN' }

export function decodeSlo(checks: Checks, wire: Slo__Output): Slo {
  const found = per[wire.per]
  // One that a newer client knows: it would be kept to as another one.
  if (found === undefined) checks.note('spec.slo.per', `is ${wire.per}; give SLO_PER_REQUEST or SLO_PER_TOKEN`)
  const { latencyMs, percentile } = wire
  return { latencyMs, percentile: percentile === 0 ? 99 : percentile, per: found ?? 'request' }
}

export function decodeTexts(
  checks: Checks,
  field: string,
  wire: Readonly<Record<string, string>>,
  charactersMax: number,
): Readonly<Record<string, string>> {
  const entries = checks.list(field, Object.entries(wire), config.environmentMax)
  for (const [name, value] of entries) {
    checks.name(field, name, config.labelCharactersMax)
    checks.text(`${field}.${name.slice(0, 80)}`, value, charactersMax)
  }
  return Object.fromEntries(entries)
}

export function encodeInferenceSpec(spec: InferenceSpec): WireInferenceSpec {
  const { gpuShare, slo, environment, labels, deviceModels, regions, profile, ...rest } = spec
  return {
    ...rest,
    environment: { ...environment },
    labels: { ...labels },
    deviceModels: [...deviceModels],
    regions: [...regions],
    profile: profile.map((point) => ({ ...point })),
    ...(slo === null ? {} : { slo: encodeSlo(slo) }),
    ...(gpuShare === null ? {} : { gpuShare: encodeGpuShare(gpuShare) }),
  }
}

export function encodeSlo(slo: Slo): WireSlo {
  return { ...slo, per: wirePer[slo.per] }
}

export type FunctionStatus = {
  readonly function: InferenceFunction
  readonly revision: number
  readonly costUsd: number
  readonly instances: readonly Instance[]
}

/** A region's gateway. */
export type Endpoint = Gateway & { readonly region: string }

/** `endpoints`: where it is asked, in ascending order of region. */
export function encodeFunction(status: FunctionStatus, endpoints: readonly Endpoint[]): WireFunction {
  const { function: of, revision, costUsd, instances } = status
  const { id, spec, state, reason, createdAtMs } = of
  return {
    id,
    spec: encodeInferenceSpec(spec),
    state: wireState[state],
    reason,
    instances: instances.map(encodeInstance),
    createdAtMs,
    revision,
    costUsd,
    endpoints: endpoints.map((each): GatewayEndpoint => ({ ...each })),
  }
}

function encodeInstance(instance: Instance): WireFunctionInstance {
  const { id, region, deviceId = '', deviceModel, attempt, state, reason, endpoint, serving } = instance
  return {
    id,
    region,
    deviceId,
    deviceModel,
    attempt,
    state: instance.isReleased ? 'stopping' : state,
    reason,
    // It ends what it has begun; nobody should begin anything with it.
    endpoint: instance.isReleased ? '' : endpoint,
    requestsPerSecond: serving?.requestsPerSecond ?? 0,
    latencyMs: serving?.latencyMs ?? 0,
    requests: serving?.requests ?? 0,
    overSlo: serving?.overSlo ?? 0,
  }
}

export function decodeServing(checks: Checks, field: string, wire: ServingStatus__Output): Serving {
  const count = (name: string, value: number): number => checks.integer(`${field}.${name}`, value, { min: 0 })
  return {
    isReady: wire.isReady,
    requests: count('requests', wire.requests),
    errors: count('errors', wire.errors),
    overSlo: count('over_slo', wire.overSlo),
    requestsPerSecond: checks.amount(`${field}.requests_per_second`, wire.requestsPerSecond),
    latencyMs: checks.amount(`${field}.latency_ms`, wire.latencyMs),
    queued: wire.queued,
    capacityPerSecond: checks.amount(`${field}.capacity_per_second`, wire.capacityPerSecond),
  }
}
