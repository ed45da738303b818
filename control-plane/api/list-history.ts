// What happened to a job, page by page: rounds, evaluations, events. A token names the last row of its page, so rows that
// arrive meanwhile shift nothing.
import type { ListEvaluationsRequest__Output } from '#proto/generated/cloudless/v1/ListEvaluationsRequest.ts'
import type { ListEvaluationsResponse } from '#proto/generated/cloudless/v1/ListEvaluationsResponse.ts'
import type { ListFunctionEventsRequest__Output } from '#proto/generated/cloudless/v1/ListFunctionEventsRequest.ts'
import type { ListFunctionEventsResponse } from '#proto/generated/cloudless/v1/ListFunctionEventsResponse.ts'
import type { ListEventsRequest__Output } from '#proto/generated/cloudless/v1/ListEventsRequest.ts'
import type { ListEventsResponse } from '#proto/generated/cloudless/v1/ListEventsResponse.ts'
import type { ListRoundsRequest__Output } from '#proto/generated/cloudless/v1/ListRoundsRequest.ts'
import type { ListRoundsResponse } from '#proto/generated/cloudless/v1/ListRoundsResponse.ts'
import type { ListPlansRequest__Output } from '#proto/generated/cloudless/v1/ListPlansRequest.ts'
import type { ListPlansResponse } from '#proto/generated/cloudless/v1/ListPlansResponse.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { wireConfig } from '#control-plane/wire/config.ts'
import { encodePlan } from '#control-plane/wire/job.ts'
import { encodeRound } from '#control-plane/wire/round.ts'
import { notFound } from '#runtime/errors.ts'
import { decodePageToken, encodePageToken, pageSize, type Cursor } from './page-token.ts'

export async function listRounds(store: Store, request: ListRoundsRequest__Output): Promise<ListRoundsResponse> {
  const { jobId, region } = request
  const checks = new Checks()
  checks.text('region', region, wireConfig.regionCharactersMax)
  checks.done()
  const { page, nextPageToken } = await onePage(store, request, ['rounds', jobId, region], {
    read: (limit, after) =>
      store.listRounds(jobId, limit, after === null ? null : { region: after.id, number: after.at }, region),
    cursorOf: (round) => ({ at: round.number, id: round.region }),
  })
  return { rounds: page.map(encodeRound), nextPageToken }
}

export async function listEvaluations(
  store: Store,
  request: ListEvaluationsRequest__Output,
): Promise<ListEvaluationsResponse> {
  const { jobId } = request
  // A region's name holds no space, so a mark behind one is the final evaluation's.
  const mark = ' final'
  const { page, nextPageToken } = await onePage(store, request, ['evaluations', jobId], {
    read: (limit, after) => {
      if (after === null) return store.listEvaluations(jobId, limit, null)
      const isFinal = after.id.endsWith(mark)
      const region = isFinal ? after.id.slice(0, -mark.length) : after.id
      return store.listEvaluations(jobId, limit, { atMs: after.at, region, isFinal })
    },
    cursorOf: ({ atMs, region, isFinal }) => ({ at: atMs, id: isFinal ? region + mark : region }),
  })
  return { evaluations: page.map((evaluation) => ({ ...evaluation })), nextPageToken }
}

export async function listEvents(store: Store, request: ListEventsRequest__Output): Promise<ListEventsResponse> {
  const { jobId } = request
  const { page, nextPageToken } = await onePage(store, request, ['events', jobId], {
    read: (limit, after) => store.listEvents(jobId, limit, after?.at ?? 0),
    cursorOf: ({ number }) => ({ at: number, id: '' }),
  })
  return { events: page.map(({ event }) => ({ ...event })), nextPageToken }
}

export async function listFunctionEvents(
  store: Store,
  request: ListFunctionEventsRequest__Output,
): Promise<ListFunctionEventsResponse> {
  const record = await store.functionNamed(request.name)
  if (record === null) throw notFound('function', request.name)
  const { id } = record.function
  const limit = pageSize(request.pageSize)
  const after = decodePageToken(request.pageToken, ['function events', id])
  const found = await store.listEvents(id, limit + 1, after?.at ?? 0)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  const nextPageToken = last === undefined ? '' : encodePageToken({ at: last.number, id: '' }, ['function events', id])
  return { events: page.map(({ event }) => ({ ...event })), nextPageToken }
}

export async function listPlans(store: Store, request: ListPlansRequest__Output): Promise<ListPlansResponse> {
  const { jobId } = request
  const { page, nextPageToken } = await onePage(store, request, ['plans', jobId], {
    read: (limit, after) => store.listPlans(jobId, limit, after?.at ?? 0),
    cursorOf: ({ number }) => ({ at: number, id: '' }),
  })
  return { plans: page.map(({ plan }) => encodePlan(plan)), nextPageToken }
}

type Rows<Row> = {
  readonly read: (limit: number, after: Cursor | null) => Promise<readonly Row[]>
  readonly cursorOf: (row: Row) => Cursor
}

async function onePage<Row>(
  store: Store,
  request: { readonly jobId: string; readonly pageSize: number; readonly pageToken: string },
  filter: unknown,
  { read, cursorOf }: Rows<Row>,
): Promise<{ readonly page: readonly Row[]; readonly nextPageToken: string }> {
  const limit = pageSize(request.pageSize)
  const after = decodePageToken(request.pageToken, filter)
  if ((await store.job(request.jobId)) === null) throw notFound('job', request.jobId)
  const found = await read(limit + 1, after)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  return { page, nextPageToken: last === undefined ? '' : encodePageToken(cursorOf(last), filter) }
}
