// FunctionService: what a person does with functions that answer requests.
import type { Function as WireFunction } from '#proto/generated/cloudless/v1/Function.ts'
import type { FunctionServiceHandlers } from '#proto/generated/cloudless/v1/FunctionService.ts'
import type { ListFunctionsRequest__Output } from '#proto/generated/cloudless/v1/ListFunctionsRequest.ts'
import type { ListFunctionsResponse } from '#proto/generated/cloudless/v1/ListFunctionsResponse.ts'
import type { StreamFunctionLogsRequest__Output } from '#proto/generated/cloudless/v1/StreamFunctionLogsRequest.ts'
import type { StreamFunctionLogsResponse } from '#proto/generated/cloudless/v1/StreamFunctionLogsResponse.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { FunctionRecord, Store } from '#control-plane/store/store.ts'
import { encodeFunction, type Endpoint, type FunctionStatus } from '#control-plane/wire/inference.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { deployFunction, type DeployContext } from './deploy-function.ts'
import { listFunctionEvents } from './list-history.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'
import { news } from './stream-logs.ts'
import { Changes } from './watch.ts'

export function functionService(context: DeployContext): Implementation<FunctionServiceHandlers> {
  const { store } = context
  return {
    deployFunction: async (request) => {
      const { status, isChanged } = await deployFunction(context, request)
      return { function: encoded(context, status), isChanged }
    },
    getFunction: async ({ name }) => ({ function: encoded(context, functionStatus(await functionOf(store, name))) }),
    listFunctions: (request) => listFunctions(context, request),
    deleteFunction: async ({ name }) => {
      await deleteFunction(store, name)
      return {}
    },
    listFunctionEvents: (request) => listFunctionEvents(store, request),
    streamFunctionLogs: (request, { signal }) => streamFunctionLogs(store, request, signal),
  }
}

export function functionStatus({ function: of, touched, costUsd, instances }: FunctionRecord): FunctionStatus {
  return { function: of, revision: touched, costUsd, instances }
}

/** It is asked where it is placed, also while it has no instance there. */
function encoded({ gatewayOf }: DeployContext, status: FunctionStatus): WireFunction {
  const { function: of, instances } = status
  const regions = [...of.places, ...instances.flatMap(({ region, isReleased }) => (isReleased ? [] : [region]))]
  return encodeFunction(status, endpointsIn(gatewayOf, regions))
}

/** In ascending order of region, each once. */
export function endpointsIn(gatewayOf: DeployContext['gatewayOf'], regions: readonly string[]): readonly Endpoint[] {
  return [...new Set(regions)].sort().flatMap((region) => {
    const gateway = gatewayOf(region)
    return gateway === null ? [] : [{ region, ...gateway }]
  })
}

async function functionOf(store: Store, name: string): Promise<FunctionRecord> {
  const record = await store.functionNamed(name)
  if (record === null) throw notFound('function', name)
  return record
}

async function listFunctions(
  context: DeployContext,
  request: ListFunctionsRequest__Output,
): Promise<ListFunctionsResponse> {
  const limit = pageSize(request.pageSize)
  const after = decodePageToken(request.pageToken, 'functions')?.id ?? ''
  const found = await context.store.listFunctions(limit + 1, after)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1)?.function.spec.name : undefined
  return {
    functions: page.map((record) => encoded(context, functionStatus(record))),
    nextPageToken: last === undefined ? '' : encodePageToken({ at: 0, id: last }, 'functions'),
  }
}

async function deleteFunction(store: Store, name: string): Promise<void> {
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const { function: before } = await functionOf(store, name)
    if (before.state === 'deleting') return
    const reason = 'deleted by request'
    const change = { kind: 'function', function: { ...before, state: 'deleting', reason } } as const
    if ((await store.commit([change], revision)).kind === 'committed') return
  }
  throw new CloudlessError('unavailable', 'BUSY', `function ${name} kept changing; delete it again`)
}

/** With `follow` until the function is deleted; instances that begin meanwhile are told of too. */
async function* streamFunctionLogs(
  store: Store,
  { name, instanceId, follow }: StreamFunctionLogsRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<StreamFunctionLogsResponse, void> {
  const { id } = (await functionOf(store, name)).function
  const changes = Changes.ofJob(store, id, true)
  const offsets = new Map<string, number>()
  try {
    for (;;) {
      const record = await store.function(id)
      if (record === null) throw notFound('function', name)
      for (const instance of await wanted(store, record, instanceId))
        for await (const { data } of news(store.logs, instance, offsets, 0))
          yield { instanceId: instance.id, data: data! }
      if (!follow || signal.aborted || record.function.endedAtMs !== null) return
      await changes.next(signal)
    }
  } finally {
    changes.stop()
  }
}

/** One that has gone may be asked for by name. */
async function wanted(store: Store, { function: of, instances }: FunctionRecord, instanceId: string) {
  if (instanceId === '') return instances
  const found = instances.find(({ id }) => id === instanceId) ?? (await store.instance(instanceId))
  if (found?.jobId !== of.id) throw notFound('instance', `${instanceId} of function ${of.spec.name}`)
  return [found]
}
