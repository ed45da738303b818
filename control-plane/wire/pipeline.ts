// Pipelines between wire and model. Decoding refuses what is missing or too big to keep; what the values mean is checked by the
// scheduler's `validatePipeline`, on the result.
import type { Pipeline as WirePipeline } from '#proto/generated/cloudless/v1/Pipeline.ts'
import type {
  PipelineSpec as WirePipelineSpec,
  PipelineSpec__Output,
} from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import type { PipelineStage__Output } from '#proto/generated/cloudless/v1/PipelineStage.ts'
import type { Pipeline, PipelineSpec, PipelineStage, PipelineStanding } from '#control-plane/model/pipeline.ts'
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

export function encodePipelineSpec({ name, stages, slo, owner, labels }: PipelineSpec): WirePipelineSpec {
  return {
    name,
    stages: stages.map(({ after, inputs, ...stage }) => ({ ...stage, after: [...after], inputs: { ...inputs } })),
    ...(slo === null ? {} : { slo: encodeSlo(slo) }),
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
}

export function encodePipeline({ pipeline, standing, budgetsMs, endpoints }: PipelineStatus): WirePipeline {
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
  }
}
