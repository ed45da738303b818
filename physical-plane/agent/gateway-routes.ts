// What the region's gateway answers for: functions and pipelines as the control plane wishes, with the instances that answer now. Pure.
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { PipelineSpec__Output } from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import type { Slo__Output } from '#proto/generated/cloudless/v1/Slo.ts'
import type { RoutedPipeline } from '#physical-plane/serving/gateway/infer.ts'
import type { RoutedFunction, RoutedInstance, RoutedSlo, Routes } from '#physical-plane/serving/gateway/routes.ts'
import type { Desired } from './desired.ts'

/** A request that says nothing may take so long. */
const timeoutMsDefault = 30_000

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export type Answering = RoutedInstance & { readonly functionId: string; readonly spec: InferenceSpec__Output | null }

/** `answering`: instances that are ready, and not about to be stopped. */
export function routesOf(
  { functions, pipelines }: Pick<Desired, 'functions' | 'pipelines'>,
  answering: readonly Answering[],
  absenceOf: (functionId: string) => string = () => '',
): Omit<Routes, 'revision'> {
  const names = new Set<string>()
  const isNew = ({ name }: { readonly name: string }): boolean => {
    if (!dnsLabel.test(name) || names.has(name)) return false
    names.add(name)
    return true
  }
  // A control plane that does not say yet what a region answers for asks for instances all the same.
  const known = new Set(functions.map(({ id }) => id))
  const other = answering.flatMap(({ functionId, spec }) => {
    if (known.has(functionId) || spec === null) return []
    known.add(functionId)
    return [{ id: functionId, spec }]
  })
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1)
  return {
    functions: [...functions, ...other]
      .toSorted(byId)
      .map(({ id, spec }) => routedFunction(id, spec, answering, absenceOf))
      .filter(isNew),
    pipelines: pipelines
      .toSorted(byId)
      .map(({ id, spec }) => routedPipeline(id, spec))
      .filter(isNew),
  }
}

function routedFunction(
  id: string,
  spec: InferenceSpec__Output,
  answering: readonly Answering[],
  absenceOf: (functionId: string) => string,
): RoutedFunction {
  const { name, slo, timeoutMs, queueMax, atMostOnce, batchMax, profile } = spec
  const instances = answering
    .filter(({ functionId }) => functionId === id)
    .map(({ id: instanceId, attempt, http, grpc, shape }) => ({ id: instanceId, attempt, http, grpc, shape }))
  const absence = instances.length > 0 ? '' : absenceOf(id)
  return {
    id,
    name,
    slo: slo === null ? null : routedSlo(slo),
    timeoutMs: timeoutMs > 0 ? timeoutMs : timeoutMsDefault,
    queueMax,
    atMostOnce,
    batchMax: Math.max(1, batchMax),
    instances,
    ...(absence === '' ? {} : { absence }),
    profile: profile.map((point) => ({ ...point })),
  }
}

function routedSlo({ latencyMs, percentile, per }: Slo__Output): RoutedSlo {
  return { latencyMs, percentile, ...(per === 'SLO_PER_TOKEN' ? { per: 'token' } : {}) }
}

function routedPipeline(id: string, { name, stages, slo, timeoutMs }: PipelineSpec__Output): RoutedPipeline {
  return {
    id,
    name,
    stages: stages.map((stage) => ({
      name: stage.name,
      function: stage.function,
      after: [...stage.after],
      inputs: { ...stage.inputs },
    })),
    slo: slo === null ? null : { latencyMs: slo.latencyMs, percentile: slo.percentile },
    timeoutMs: timeoutMs > 0 ? timeoutMs : timeoutMsDefault,
  }
}
