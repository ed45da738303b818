// PlanJob: what plan a job would get now, under what-ifs too, or what it got decided again. Nothing is stored.
import type { PlanJobRequest__Output } from '#proto/generated/cloudless/v1/PlanJobRequest.ts'
import type { PlanJobResponse } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import type { Job } from '#control-plane/model/job.ts'
import { planInput } from '#control-plane/scheduler/plan.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { notFound } from '#runtime/errors.ts'
import { answerPlan } from './answer-plan.ts'
import { apiConfig } from './config.ts'
import { decodeAndCheck, newJob, type CreateContext } from './create-job.ts'
import { replayPlan } from './replay-plan.ts'

export async function planJob(context: CreateContext, request: PlanJobRequest__Output): Promise<PlanJobResponse> {
  const checks = new Checks()
  const whatIfs = checks.list('what_if', request.whatIf, apiConfig.whatIfsMax)
  if ((request.spec === null) === (request.jobId === ''))
    checks.note('spec', 'or job_id is needed, and not both: give a spec to plan, or the id of a job')
  if (request.replay && request.jobId === '') checks.note('replay', 'is of a job that was planned; give its job_id')
  if (!request.replay && request.version !== 0) checks.note('version', 'goes with replay; leave it out, or set replay')
  checks.done()
  if (request.replay) return replayPlan(context, request, whatIfs)
  const { store, clock } = context
  const catalogue = context.catalogue()
  const job = request.jobId === '' ? proposed(context, request) : await stored(context, request.jobId)
  const snapshot = { ...store.view(), nowMs: clock.now(), catalogue }
  return answerPlan({ input: planInput(snapshot, job), catalogue }, whatIfs)
}

function proposed(context: CreateContext, { spec: wire }: PlanJobRequest__Output): Job {
  const checks = new Checks()
  const spec = decodeAndCheck(checks, context, wire)
  checks.done()
  return newJob(context, '', spec)
}

/** As if it came now. */
async function stored({ store, clock }: CreateContext, id: string): Promise<Job> {
  const record = await store.job(id)
  if (record === null) throw notFound('job', id)
  return { ...record.job, createdAtMs: clock.now() }
}
