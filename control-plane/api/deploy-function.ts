// DeployFunction: makes a function or changes it to this spec; the same spec again changes nothing. Every wrong field is named
// at once; validate_only stores nothing.
import type { DeployFunctionRequest__Output } from '#proto/generated/cloudless/v1/DeployFunctionRequest.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { redeployed, type Gateway, type InferenceFunction, type InferenceSpec } from '#control-plane/model/inference.ts'
import { validateFunction } from '#control-plane/scheduler/validate-function.ts'
import { memoryFault } from '#control-plane/scheduler/share-memory.ts'
import type { PipelineMeasure } from '#control-plane/model/pipeline.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { decodeInferenceSpec, type FunctionStatus } from '#control-plane/wire/inference.ts'
import type { Clock } from '#runtime/clock.ts'
import { encode } from '#runtime/encoding.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { apiConfig } from './config.ts'
import { newId } from './new-id.ts'

export type DeployContext = {
  readonly store: Store
  readonly catalogue: () => Catalogue
  readonly clock: Clock
  readonly random: Random
  /** Where a region's functions are asked; null while nothing answers there. */
  readonly gatewayOf: (region: string) => Gateway | null
  /** What that gateway sees of pipelines. */
  readonly pipelinesOf: (region: string) => readonly PipelineMeasure[]
}

export type Deployed = { readonly status: FunctionStatus; readonly isChanged: boolean }

export async function deployFunction(
  context: DeployContext,
  request: DeployFunctionRequest__Output,
): Promise<Deployed> {
  const spec = await decode(context, request)
  const { store } = context
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const known = await store.functionNamed(spec.name)
    if (known === null) {
      const made = newFunction(context, spec)
      if (request.validateOnly) return { status: statusOf(made), isChanged: true }
      refuseWhenFull(store)
      if ((await store.commit([{ kind: 'create-function', function: made }], revision)).kind === 'committed')
        return { status: await stored(store, made.id), isChanged: true }
      continue
    }
    const before = known.function
    if (before.state === 'deleting') {
      const text = `function ${spec.name} is being deleted; deploy it again once its instances have ended`
      throw new CloudlessError('conflict', 'DELETING', text)
    }
    const after = redeployed(before, spec)
    const isChanged = encode(before.spec) !== encode(spec)
    const status = { function: after, revision: known.touched, costUsd: known.costUsd, instances: known.instances }
    if (request.validateOnly || !isChanged) return { status, isChanged }
    if ((await store.commit([{ kind: 'function', function: after }], revision)).kind === 'committed')
      return { status: await stored(store, after.id), isChanged }
  }
  throw new CloudlessError('unavailable', 'BUSY', `function ${spec.name} kept changing; deploy it again`)
}

async function decode(
  { store, catalogue }: DeployContext,
  request: DeployFunctionRequest__Output,
): Promise<InferenceSpec> {
  const checks = new Checks()
  const spec = decodeInferenceSpec(checks, request.spec)
  if (spec !== null) {
    for (const { field, description } of validateFunction(spec, catalogue(), 'spec')) checks.note(field, description)
    const { gpuShare: share, deviceModels, regions } = spec
    const fault =
      share === null ? null : memoryFault({ share, deviceModels, regions }, catalogue(), store.view().agents)
    if (fault !== null) checks.note('spec.gpu_share.memory_bytes', fault)
    if (store.view().pipelines.some((each) => each.spec.name === spec.name))
      checks.note('spec.name', `is ${spec.name}, the name of a pipeline; both are asked by it, so choose another one`)
  }
  checks.done()
  const digest = spec!.bundleDigest
  if (!request.validateOnly && (await store.blob(digest))?.kind !== 'bundle')
    checks.note(
      'spec.bundle_digest',
      `no bundle ${digest} is stored here; upload it first, as \`cloudless function deploy\` does`,
    )
  checks.done()
  return spec!
}

function refuseWhenFull(store: Store): void {
  const known = store.view().functions.length
  if (known < apiConfig.functionsMax) return
  const text = `there are ${known} functions, the most that are taken; delete some`
  throw new CloudlessError('exhausted', 'TOO_MANY_FUNCTIONS', text)
}

function newFunction({ clock, random }: DeployContext, spec: InferenceSpec): InferenceFunction {
  return {
    id: newId('f', random),
    spec,
    version: 1,
    older: [],
    state: 'deploying',
    reason: 'accepted; waiting for a place',
    places: [],
    wanted: {},
    failures: 0,
    retryAtMs: 0,
    nextInstance: 0,
    createdAtMs: clock.now(),
    endedAtMs: null,
    revision: 0,
  }
}

function statusOf(of: InferenceFunction): FunctionStatus {
  return { function: of, revision: 0, costUsd: 0, instances: [] }
}

async function stored(store: Store, id: string): Promise<FunctionStatus> {
  const { function: of, touched, costUsd, instances } = (await store.function(id))!
  return { function: of, revision: touched, costUsd, instances }
}
