// JobService: what a person does with training jobs.
import type { DownloadModelResponse } from '#proto/generated/cloudless/v1/DownloadModelResponse.ts'
import type { JobServiceHandlers } from '#proto/generated/cloudless/v1/JobService.ts'
import type { ListJobsRequest__Output } from '#proto/generated/cloudless/v1/ListJobsRequest.ts'
import type { ListJobsResponse } from '#proto/generated/cloudless/v1/ListJobsResponse.ts'
import type { WatchJobRequest__Output } from '#proto/generated/cloudless/v1/WatchJobRequest.ts'
import type { WatchJobResponse } from '#proto/generated/cloudless/v1/WatchJobResponse.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { endStates } from '#control-plane/model/job.ts'
import { storeConfig } from '#control-plane/store/config.ts'
import { receiveBlob } from '#control-plane/store/receive-blob.ts'
import type { JobRecord, Store } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { fromWire, wireJobState } from '#control-plane/wire/enums.ts'
import { encodeJob } from '#control-plane/wire/job.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { createJob, type CreateContext } from './create-job.ts'
import { jobStatus } from './job-status.ts'
import { listEvaluations, listEvents, listPlans, listRounds } from './list-history.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'
import { planJob } from './plan-job.ts'
import { resumeJob } from './resume-job.ts'
import { streamLogs } from './stream-logs.ts'
import { Changes } from './watch.ts'

export function jobService(context: CreateContext): Implementation<JobServiceHandlers> {
  const { store, clock } = context
  return {
    uploadBundle: async (requests) => {
      const options = { kind: 'bundle', bytesMax: storeConfig.bundleBytesMax } as const
      const { blob, wasPresent } = await receiveBlob(store, clock, requests, options)
      return { digest: blob.digest, alreadyPresent: wasPresent }
    },
    createJob: async (request) => ({ job: encodeJob(await createJob(context, request)) }),
    planJob: (request) => planJob(context, request),
    getJob: async ({ id }) => ({ job: encodeJob(jobStatus(await jobOf(store, id))) }),
    listJobs: (request) => listJobs(store, request),
    watchJob: (request, { signal }) => watchJob(store, clock, request, signal),
    cancelJob: async ({ id, reason }) => ({ job: encodeJob(jobStatus(await cancelJob(store, id, reason))) }),
    resumeJob: async (request) => ({ job: encodeJob(await resumeJob(context, request)) }),
    streamLogs: (request, { signal }) => streamLogs(store, clock, request, signal),
    listRounds: (request) => listRounds(store, request),
    listEvaluations: (request) => listEvaluations(store, request),
    listEvents: (request) => listEvents(store, request),
    listPlans: (request) => listPlans(store, request),
    downloadModel: ({ jobId }) => downloadModel(store, jobId),
  }
}

async function jobOf(store: Store, id: string): Promise<JobRecord> {
  const record = await store.job(id)
  if (record === null) throw notFound('job', id)
  return record
}

async function listJobs(store: Store, request: ListJobsRequest__Output): Promise<ListJobsResponse> {
  const limit = pageSize(request.pageSize)
  const checks = new Checks()
  const states = request.states.flatMap((wire, i) => {
    const state = fromWire(wireJobState, wire)
    if (state === null) checks.note(`states[${i}]`, `is ${wire}; give a job state, or leave the list empty for all`)
    return state ?? []
  })
  checks.done()
  const filter = [...new Set(states)].sort()
  const cursor = decodePageToken(request.pageToken, filter)
  const after = cursor === null ? null : { createdAtMs: cursor.at, id: cursor.id }
  const found = await store.listJobs(limit + 1, after, filter)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1)?.job : undefined
  return {
    jobs: page.map((record) => encodeJob(jobStatus(record))),
    nextPageToken: last === undefined ? '' : encodePageToken({ at: last.createdAtMs, id: last.id }, filter),
  }
}

/**
 * Sends the job's newest state whenever it differs from what the client has, so a slow client misses states but never
 * the last one. No history is kept: any start revision can be served, also one from before a restart.
 */
async function* watchJob(
  store: Store,
  clock: Clock,
  { id, startRevision }: WatchJobRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<WatchJobResponse, void> {
  const changes = Changes.ofJob(store, id)
  // A revision of the future is from a database that was replaced by an older one.
  let seen = startRevision > store.view().revision ? 0 : startRevision
  try {
    while (!signal.aborted) {
      const record = await jobOf(store, id)
      const hasEnded = endStates.has(record.job.state)
      if (record.touched > seen || hasEnded) yield { job: encodeJob(jobStatus(record)) }
      if (hasEnded) return
      seen = record.touched
      await changes.next(signal)
      await clock.sleep(apiConfig.watchIntervalMs, signal)
    }
  } finally {
    changes.stop()
  }
}

async function cancelJob(store: Store, id: string, reason: string): Promise<JobRecord> {
  const checks = new Checks()
  checks.text('reason', reason, apiConfig.reasonCharactersMax)
  checks.done()
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const record = await jobOf(store, id)
    const { job } = record
    if (endStates.has(job.state) || job.state === 'cancelling') return record
    const why = reason === '' ? 'cancelled by request' : `cancelled: ${reason}`
    const outcome = await store.commit([{ kind: 'job', job: { ...job, state: 'cancelling', reason: why } }], revision)
    if (outcome.kind === 'committed') return jobOf(store, id)
  }
  throw new CloudlessError('unavailable', 'BUSY', `job ${id} kept changing; cancel it again`)
}

async function* downloadModel(store: Store, jobId: string): AsyncGenerator<DownloadModelResponse, void> {
  const { job } = await jobOf(store, jobId)
  const digest = job.modelDigest
  if (digest === null) {
    const text = `job ${jobId} is ${job.state} and has no model; it comes when the job succeeds`
    throw new CloudlessError('conflict', 'NO_MODEL', text)
  }
  const totalBytes = (await store.blobs.size(digest)) ?? 0
  let header = { totalBytes, digest }
  for await (const data of store.blobs.read(digest)) {
    yield { ...header, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
    header = { totalBytes: 0, digest: '' }
  }
}
