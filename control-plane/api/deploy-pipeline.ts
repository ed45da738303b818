// DeployPipeline: makes a pipeline or changes it to this spec; the same spec again changes nothing. Every wrong field is named at once;
// validate_only stores nothing.
import type { DeployPipelineRequest__Output } from '#proto/generated/cloudless/v1/DeployPipelineRequest.ts'
import { functionsByName, type Pipeline, type PipelineSpec } from '#control-plane/model/pipeline.ts'
import { validatePipeline } from '#control-plane/scheduler/validate-pipeline.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { decodePipelineSpec } from '#control-plane/wire/pipeline.ts'
import { encode } from '#runtime/encoding.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { newId } from './new-id.ts'
import type { DeployContext } from './deploy-function.ts'

export type DeployedPipeline = { readonly pipeline: Pipeline; readonly isChanged: boolean }

export async function deployPipeline(
  context: DeployContext,
  request: DeployPipelineRequest__Output,
): Promise<DeployedPipeline> {
  const { store, clock, random } = context
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    // Once more after each conflict: functions may have come or gone.
    const spec = decode(store, request)
    const { revision, pipelines } = store.view()
    const known = pipelines.find((each) => each.spec.name === spec.name)
    const made: Pipeline =
      known === undefined
        ? { id: newId('p', random), spec, createdAtMs: clock.now(), endedAtMs: null, revision: 0 }
        : { ...known, spec }
    const isChanged = known === undefined || encode(known.spec) !== encode(spec)
    if (request.validateOnly || !isChanged) return { pipeline: made, isChanged }
    if (known === undefined) refuseWhenFull(store)
    const kind = known === undefined ? 'create-pipeline' : 'pipeline'
    if ((await store.commit([{ kind, pipeline: made }], revision)).kind === 'committed')
      return { pipeline: store.view().pipelines.find(({ id }) => id === made.id) ?? made, isChanged }
  }
  throw new CloudlessError('unavailable', 'BUSY', `pipeline ${request.spec?.name} kept changing; deploy it again`)
}

function decode(store: Store, request: DeployPipelineRequest__Output): PipelineSpec {
  const checks = new Checks()
  const spec = decodePipelineSpec(checks, request.spec)
  if (spec !== null) {
    const functions = functionsByName(store.view().functions)
    for (const { field, description } of validatePipeline(spec, functions, 'spec')) checks.note(field, description)
  }
  checks.done()
  return spec!
}

function refuseWhenFull(store: Store): void {
  const known = store.view().pipelines.length
  if (known < apiConfig.pipelinesMax) return
  const text = `there are ${known} pipelines, the most that are taken; delete some`
  throw new CloudlessError('exhausted', 'TOO_MANY_PIPELINES', text)
}
