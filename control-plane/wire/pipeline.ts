// Pipelines between wire and model. Decoding refuses what is missing or too big to keep; what the values mean is checked by the
// scheduler's `validatePipeline`, on the result.
import type { Pipeline as WirePipeline } from '#proto/generated/cloudless/v1/Pipeline.ts'
import type {
  PipelineSpec as WirePipelineSpec,
  PipelineSpec__Output,
} from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import type { PipelineStage__Output } from '#proto/generated/cloudless/v1/PipelineStage.ts'
import type { PipelineMeasure__Output } from '#proto/generated/cloudless/v1/PipelineMeasure.ts'
import type {
  Pipeline,
  PipelineMeasure,
  PipelineSpec,
  PipelineStage,
  PipelineStanding,
} from '#control-plane/model/pipeline.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { decodeSlo, decodeTexts, encodeSlo, type Endpoint } from './inference.ts'

export function decodePipelineSpec(checks: Checks, wire: PipelineSpec__Output | null): PipelineSpec | null {
  if (wire === null) {
    checks.note('spec', 'is missing; give the pipeline to deploy')
    return null
  }
  const stages = checks.list('spec.stages', wire.stages, config.stagesMax)
  return {
    name: wire.name.slice(0, config.textCharactersMax),
    stages: stages.map((stage, i) => decodeStage(checks, `spec.stages[${i}]`, stage)),
    slo: wire.slo === null ? null : decodeSlo(checks, wire.slo),
    timeoutMs: wire.timeoutMs === 0 ? config.requestTimeoutMs : wire.timeoutMs,
    owner: checks.text('spec.owner', wire.owner, config.textCharactersMax),
    labels: decodeTexts(checks, 'spec.labels', wire.labels, config.labelCharactersMax),
  }
}

function decodeStage(checks: Checks, field: string, wire: PipelineStage__Output): PipelineStage {
  return {
    name: wire.name.slice(0, config.textCharactersMax),
    function: wire.function.slice(0, config.textCharactersMax),
    after: checks
      .list(`${field}.after`, wire.after, config.stagesMax)
      .map((name) => name.slice(0, config.textCharactersMax)),
    inputs: decodeTexts(checks, `${field}.inputs`, wire.inputs, config.textCharactersMax),
  }
}

export function encodePipelineSpec({ name, stages, slo, timeoutMs, owner, labels }: PipelineSpec): WirePipelineSpec {
  return {
    name,
    stages: stages.map(({ after, inputs, ...stage }) => ({ ...stage, after: [...after], inputs: { ...inputs } })),
    ...(slo === null ? {} : { slo: encodeSlo(slo) }),
    timeoutMs,
    owner,
    labels: { ...labels },
  }
}

export type PipelineStatus = {
  readonly pipeline: Pipeline
  readonly standing: PipelineStanding
  /** By stage. */
  readonly budgetsMs: ReadonlyMap<string, number>
  /** Where it is asked, in ascending order of region. */
  readonly endpoints: readonly Endpoint[]
  /** In ascending order of region. */
  readonly measured: readonly (PipelineMeasure & { readonly region: string })[]
}

export function encodePipeline({ pipeline, standing, budgetsMs, endpoints, measured }: PipelineStatus): WirePipeline {
  const { id, spec, createdAtMs, revision } = pipeline
  return {
    id,
    spec: encodePipelineSpec(spec),
    state: standing.state === 'ready' ? 'PIPELINE_STATE_READY' : 'PIPELINE_STATE_DEPLOYING',
    reason: standing.reason,
    budgets: [...budgetsMs].map(([stage, budgetMs]) => ({ stage, budgetMs })),
    createdAtMs,
    revision,
    endpoints: endpoints.map((each) => ({ ...each })),
    measured: measured.map(({ stages, ...each }) => ({ ...each, stages: stages.map((stage) => ({ ...stage })) })),
  }
}

/** The region is the agent's, whatever it says. */
export function decodePipelineMeasure(checks: Checks, field: string, wire: PipelineMeasure__Output): PipelineMeasure {
  const amount = (name: string, value: number): number => checks.amount(`${field}.${name}`, value)
  const count = (name: string, value: number): number => checks.integer(`${field}.${name}`, value, { min: 0 })
  return {
    id: checks.name(`${field}.id`, wire.id, config.idCharactersMax),
    arrived: count('arrived', wire.arrived),
    answered: count('answered', wire.answered),
    failed: count('failed', wire.failed),
    refused: count('refused', wire.refused),
    overSlo: count('over_slo', wire.overSlo),
    requestsPerSecond: amount('requests_per_second', wire.requestsPerSecond),
    p50Ms: amount('p50_ms', wire.p50Ms),
    p99Ms: amount('p99_ms', wire.p99Ms),
    burnFiveMinutes: amount('burn_five_minutes', wire.burnFiveMinutes),
    burnOneHour: amount('burn_one_hour', wire.burnOneHour),
    stages: checks.list(`${field}.stages`, wire.stages, config.stagesMax).map((stage, i) => ({
      stage: checks.name(`${field}.stages[${i}].stage`, stage.stage, config.textCharactersMax),
      answered: count(`stages[${i}].answered`, stage.answered),
      failed: count(`stages[${i}].failed`, stage.failed),
      p50Ms: amount(`stages[${i}].p50_ms`, stage.p50Ms),
      p99Ms: amount(`stages[${i}].p99_ms`, stage.p99Ms),
    })),
  }
}
