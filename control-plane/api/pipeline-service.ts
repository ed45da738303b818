// PipelineService: what a person does with pipelines. They have no instances, so all that is told beside the spec is worked out of the
// functions as they are now.
import type { ListPipelinesRequest__Output } from '#proto/generated/cloudless/v1/ListPipelinesRequest.ts'
import type { ListPipelinesResponse } from '#proto/generated/cloudless/v1/ListPipelinesResponse.ts'
import type { Pipeline as WirePipeline } from '#proto/generated/cloudless/v1/Pipeline.ts'
import type { PipelineServiceHandlers } from '#proto/generated/cloudless/v1/PipelineService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { functionsByName, standingOfPipeline, stageBudgets, type Pipeline } from '#control-plane/model/pipeline.ts'
import { encodePipeline } from '#control-plane/wire/pipeline.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import type { DeployContext } from './deploy-function.ts'
import { deployPipeline } from './deploy-pipeline.ts'
import { endpointsIn } from './function-service.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'

export function pipelineService(context: DeployContext): Implementation<PipelineServiceHandlers> {
  return {
    deployPipeline: async (request) => {
      const { pipeline, isChanged } = await deployPipeline(context, request)
      return { pipeline: encoded(context, pipeline), isChanged }
    },
    getPipeline: ({ name }) => Promise.resolve({ pipeline: encoded(context, pipelineNamed(context, name)) }),
    listPipelines: (request) => Promise.resolve(listPipelines(context, request)),
    deletePipeline: async ({ name }) => {
      await deletePipeline(context, name)
      return {}
    },
  }
}

function pipelineNamed({ store }: DeployContext, name: string): Pipeline {
  const found = store.view().pipelines.find(({ spec }) => spec.name === name)
  if (found === undefined) throw notFound('pipeline', name)
  return found
}

function encoded({ store, gatewayOf, pipelinesOf }: DeployContext, pipeline: Pipeline): WirePipeline {
  const functions = functionsByName(store.view().functions)
  const standing = standingOfPipeline(pipeline, functions)
  const budgetsMs = stageBudgets(pipeline.spec, functions)
  const endpoints = endpointsIn(gatewayOf, standing.regions)
  const measured = standing.regions.flatMap((region) =>
    pipelinesOf(region).flatMap((each) => (each.id === pipeline.id ? [{ ...each, region }] : [])),
  )
  return encodePipeline({ pipeline, standing, budgetsMs, endpoints, measured })
}

function listPipelines(context: DeployContext, request: ListPipelinesRequest__Output): ListPipelinesResponse {
  const limit = pageSize(request.pageSize)
  const after = decodePageToken(request.pageToken, 'pipelines')?.id ?? ''
  const found = context.store
    .view()
    .pipelines.filter(({ spec }) => spec.name > after)
    .toSorted((a, b) => (a.spec.name < b.spec.name ? -1 : 1))
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1)?.spec.name : undefined
  return {
    pipelines: page.map((each) => encoded(context, each)),
    nextPageToken: last === undefined ? '' : encodePageToken({ at: 0, id: last }, 'pipelines'),
  }
}

/** Its functions stay. */
async function deletePipeline(context: DeployContext, name: string): Promise<void> {
  const { store, clock } = context
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const pipeline = { ...pipelineNamed(context, name), endedAtMs: clock.now() }
    if ((await store.commit([{ kind: 'pipeline', pipeline }], revision)).kind === 'committed') return
  }
  throw new CloudlessError('unavailable', 'BUSY', `pipeline ${name} kept changing; delete it again`)
}
