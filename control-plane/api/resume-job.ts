// ResumeJob: a job that failed or was cancelled goes on from what its regions kept. Nothing of it is made anew but its
// plan: id, ledger, rounds and evaluations stay. The same request id gives the same answer, however often it is sent.
import type { ResumeJobRequest__Output } from '#proto/generated/cloudless/v1/ResumeJobRequest.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { idleSpansMax, resumableMs, resumptionOf } from '#control-plane/model/resumption.ts'
import { hasEnded } from '#control-plane/model/snapshot.ts'
import { plan } from '#control-plane/scheduler/plan.ts'
import { validateJob } from '#control-plane/scheduler/validate-job.ts'
import type { Change, JobRecord } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import type { JobStatus } from '#control-plane/wire/job.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { checkMemory, checkRequestId, refuseWhenFull, type CreateContext } from './create-job.ts'
import { jobStatus } from './job-status.ts'

export async function resumeJob(context: CreateContext, request: ResumeJobRequest__Output): Promise<JobStatus> {
  const { store } = context
  const { id, validateOnly } = request
  const requestId = request.requestId.toLowerCase()
  const checks = new Checks()
  checkRequestId(checks, request)
  checks.done()
  for (let attempt = 0; attempt < apiConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const record = await store.job(id)
    if (record === null) throw notFound('job', id)
    if (requestId !== '' && record.job.resumption?.requestId === requestId) return jobStatus(record)
    await refuseUnlessResumable(context, record.job)
    const resumed = resume(record.job, requestId, context.clock.now())
    const next = planFor(context, resumed)
    if (validateOnly) return planOnly(record, resumed, next)
    refuseWhenFull(store)
    const outcome = await store.commit(changes(record, resumed), revision)
    if (outcome.kind === 'committed') return jobStatus((await store.job(id))!)
  }
  throw new CloudlessError('unavailable', 'BUSY', `job ${id} kept changing; resume it again`)
}

async function refuseUnlessResumable({ store, catalogue, clock }: CreateContext, job: Job): Promise<void> {
  const { id, state, endedAtMs, spec } = job
  if (state === 'succeeded') {
    const text = `job ${id} has succeeded; there is nothing to resume. Submit it again to train again`
    throw new CloudlessError('conflict', 'JOB_SUCCEEDED', text)
  }
  if (!endStates.has(state)) {
    const text = `job ${id} is ${state}; it can be resumed once it has failed or was cancelled`
    throw new CloudlessError('conflict', 'JOB_NOT_ENDED', text)
  }
  const agoMs = clock.now() - (endedAtMs ?? 0)
  if (agoMs >= resumableMs) {
    const days = (ms: number): string => (ms / 86_400_000).toFixed(1)
    const text = `job ${id} ended ${days(agoMs)} days ago, and its regions kept its checkpoints for ${days(resumableMs)}; submit it again`
    throw new CloudlessError('conflict', 'CHECKPOINTS_EXPIRED', text)
  }
  const checks = new Checks()
  // What has changed since is the catalogue, and the time.
  for (const { field, description } of validateJob(spec, catalogue(), clock.now(), 'spec'))
    checks.note(field, description)
  checkMemory(checks, { store, catalogue }, spec)
  const digest = spec.function.bundleDigest
  if ((await store.blob(digest))?.kind !== 'bundle')
    checks.note('spec.function.bundle_digest', `the bundle ${digest} is no longer stored here; submit the job again`)
  checks.done()
}

function resume(job: Job, requestId: string, nowMs: number): Job {
  const number = resumptionOf(job) + 1
  // A clock that was set back makes no negative pause.
  const span = { fromMs: Math.min(job.endedAtMs ?? nowMs, nowMs), untilMs: nowMs }
  const idle = [...(job.resumption?.idle ?? []), span].slice(-idleSpansMax)
  return {
    ...job,
    state: 'pending',
    reason: `resumed after it ${job.state === 'failed' ? 'failed' : 'was cancelled'}; waiting to be planned`,
    plan: null,
    endedAtMs: null,
    // The one of before may differ from what training ends with now.
    modelDigest: null,
    resumption: { number, requestId, atMs: nowMs, idle },
  }
}

/** A plan that waits is good enough: the job then waits like any other. */
function planFor({ store, catalogue, clock }: CreateContext, job: Job): Plan {
  const next = plan({ ...store.view(), nowMs: clock.now(), catalogue: catalogue() }, job)
  if (next.outcome !== 'impossible') return next
  const why = next.reasons.filter(({ chosen }) => !chosen).map(({ text }) => text)
  throw new CloudlessError('conflict', 'CANNOT_BE_PLACED', `job ${job.id} can no longer be placed: ${why.join('; ')}`)
}

function planOnly(record: JobRecord, resumed: Job, next: Plan): JobStatus {
  const job: Job = { ...resumed, plan: next, reason: 'planned only; nothing was changed' }
  return jobStatus({ ...record, job })
}

/** Its instances stand in nobody's way until they begin anew. */
function changes({ instances, job: { reason, state } }: JobRecord, job: Job): readonly Change[] {
  const text = `resumed after it ${state === 'failed' ? `failed: ${reason}` : reason}`
  const event = { jobId: job.id, instanceId: '', attempt: 0, kind: 'resumed', text, atMs: job.resumption!.atMs }
  return [
    { kind: 'job', job },
    ...instances.map((instance): Change => {
      const ended = hasEnded(instance) ? instance.state : 'stopped'
      return { kind: 'instance', instance: { ...instance, state: ended, isReleased: true } }
    }),
    { kind: 'event', event },
  ]
}
