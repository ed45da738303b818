// CreateJob: every wrong field is named at once; the same request id gives the same job; validate_only plans and stores
// nothing.
import { createHash } from 'node:crypto'
import type { CreateJobRequest__Output } from '#proto/generated/cloudless/v1/CreateJobRequest.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { emptyAddressBook } from '#control-plane/model/address-book.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import { plan } from '#control-plane/scheduler/plan.ts'
import { memoryFault } from '#control-plane/scheduler/share-memory.ts'
import { validateJob } from '#control-plane/scheduler/validate-job.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Checks, quote } from '#control-plane/wire/checks.ts'
import { decodeJobSpec } from '#control-plane/wire/job-spec.ts'
import type { JobStatus } from '#control-plane/wire/job.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { checkDatasets, type DatasetContext } from './check-datasets.ts'
import { apiConfig } from './config.ts'
import { jobProgress, jobStatus } from './job-status.ts'

export type CreateContext = DatasetContext & {
  readonly store: Store
  readonly catalogue: () => Catalogue
  readonly clock: Clock
  readonly random: Random
}

export async function createJob(context: CreateContext, request: CreateJobRequest__Output): Promise<JobStatus> {
  const spec = await decode(context, request)
  const job = newJob(context, request.requestId, spec)
  if (request.validateOnly) return planOnly(context, job)
  const fingerprint = createHash('sha256').update(JSON.stringify(spec)).digest('hex')
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const known = await existing(context.store, request.requestId, fingerprint)
    if (known !== null) return known
    refuseWhenFull(context.store)
    const id = newJobId(context.random)
    const outcome = await context.store.commit(
      [{ kind: 'create-job', job: { ...job, id }, fingerprint }],
      context.store.view().revision,
    )
    if (outcome.kind === 'committed') return jobStatus((await context.store.job(id))!)
  }
  throw new CloudlessError('unavailable', 'BUSY', 'the job could not be stored now; send the request again')
}

async function decode(context: CreateContext, request: CreateJobRequest__Output): Promise<JobSpec> {
  const checks = new Checks()
  checkRequestId(checks, request)
  const spec = decodeAndCheck(checks, context, request.spec)
  const digest = spec.function.bundleDigest
  if (!request.validateOnly && checks.violations.length === 0 && (await context.store.blob(digest))?.kind !== 'bundle')
    checks.note(
      'spec.function.bundle_digest',
      `no bundle ${digest} is stored here; upload it first, as \`cloudless submit\` does`,
    )
  // A request that is sent again gets its job, whatever has become of the data.
  const isKnown = (await context.store.jobByRequest(request.requestId.toLowerCase())) !== null
  if (checks.violations.length === 0 && !isKnown) await checkDatasets(checks, spec, context)
  checks.done()
  return spec
}

/** Everything that is wrong with it is noted; throws where there is none. */
export function decodeAndCheck(
  checks: Checks,
  { store, catalogue, clock }: Pick<CreateContext, 'store' | 'catalogue' | 'clock'>,
  wire: CreateJobRequest__Output['spec'],
): JobSpec {
  const spec = decodeJobSpec(checks, wire)
  if (spec === null) return refuse(checks)
  for (const { field, description } of validateJob(spec, catalogue(), clock.now(), 'spec'))
    checks.note(field, description)
  checkMemory(checks, { store, catalogue }, spec)
  return spec
}

/** Of a share: whether any GPU could hold it, whoever has one. */
export function checkMemory(
  checks: Checks,
  { store, catalogue }: Pick<CreateContext, 'store' | 'catalogue'>,
  { resources: { gpuShare, deviceModels } }: JobSpec,
): void {
  if (gpuShare === undefined) return
  // Where its data is, and may go, is for the plan.
  const fault = memoryFault({ share: gpuShare, deviceModels, regions: [] }, catalogue(), store.view().agents)
  if (fault !== null) checks.note('spec.resources.gpu_share.memory_bytes', fault)
}

/** Nothing is stored of what is only validated, so it needs no id. */
export function checkRequestId(
  checks: Checks,
  { requestId, validateOnly }: { readonly requestId: string; readonly validateOnly: boolean },
): void {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(requestId)
  if (isUuid || (validateOnly && requestId === '')) return
  checks.note('request_id', `is ${quote(requestId)}; give a UUID, the same one when you send this request again`)
}

function refuse(checks: Checks): never {
  checks.done()
  throw new CloudlessError('internal', 'INTERNAL', 'a missing job was not noted')
}

export function newJob({ clock }: CreateContext, requestId: string, spec: JobSpec): Job {
  return {
    id: '',
    requestId: requestId.toLowerCase(),
    spec,
    state: 'pending',
    reason: 'accepted; waiting to be planned',
    plan: null,
    addressBook: emptyAddressBook,
    revision: 0,
    createdAtMs: clock.now(),
    startedAtMs: null,
    firstStepAtMs: null,
    endedAtMs: null,
    evaluation: {},
    modelDigest: null,
  }
}

function planOnly({ store, catalogue, clock }: CreateContext, job: Job): JobStatus {
  const view = store.view()
  const planned: Job = {
    ...job,
    plan: plan({ ...view, nowMs: clock.now(), catalogue: catalogue() }, job),
    reason: 'planned only; nothing was stored',
  }
  return { job: planned, revision: 0, costUsd: 0, progress: jobProgress(planned, [], []) }
}

async function existing(store: Store, requestId: string, fingerprint: string): Promise<JobStatus | null> {
  const known = await store.jobByRequest(requestId.toLowerCase())
  if (known === null) return null
  if (known.fingerprint !== fingerprint)
    throw new CloudlessError(
      'already-exists',
      'REQUEST_ID_REUSED',
      `request_id ${requestId} made job ${known.id} from another spec; give a new UUID for a new job`,
      { metadata: { job_id: known.id } },
    )
  return jobStatus((await store.job(known.id))!)
}

export function refuseWhenFull(store: Store): void {
  const active = store.view().jobs.length
  if (active < apiConfig.activeJobsMax) return
  const text = `${active} jobs have not ended, the most that are taken; cancel some or wait`
  throw new CloudlessError('exhausted', 'TOO_MANY_JOBS', text)
}

/** Short enough to type, without letters that look alike: 31^8 ids. */
function newJobId(random: Random): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz'
  return `j-${Array.from({ length: 8 }, () => letters[random.integer(letters.length)]).join('')}`
}
