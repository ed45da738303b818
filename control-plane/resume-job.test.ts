// A job's second life, through the real control plane and an agent whose every word the test chooses.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DesiredState } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { ObservedInstance } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import { aShard, aSpec } from './model/builders.ts'
import type { Job } from './model/job.ts'
import { resumableMs } from './model/resumption.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { encodeJobSpec } from './wire/job-spec.ts'

const bundle = Buffer.from('a bundle')
const digest = createHash('sha256').update(bundle).digest('hex')
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const steps = { region: 'a', phase: 'PARTITION_PHASE_TRAINING' as const, samplesDone: 40, steps: 5, rounds: 2 }

let rig: Rig
let agent: ScriptedAgent
let id = ''

beforeEach(async () => {
  rig = startRig()
  agent = new ScriptedAgent(rig)
  const upload = overTheWire<never>('UploadBundleRequest', { digest, totalBytes: bundle.length, data: bundle })
  await rig.jobs.uploadBundle(
    (async function* () {
      await Promise.resolve()
      yield upload
    })(),
    aCall(),
  )
  const spec = aSpec({ shards: [aShard('a', 100)] })
  const request = {
    requestId: uuid(1),
    spec: encodeJobSpec({ ...spec, function: { ...spec.function, bundleDigest: digest } }),
  }
  id = (await rig.jobs.createJob(overTheWire('CreateJobRequest', request), aCall())).job!.id!
  await rig.clock.advance(1_000)
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

const jobOf = async (): Promise<Job> => (await rig.store.job(id))!.job
const resume = (n: number, over: { id?: string; validateOnly?: boolean } = {}) =>
  rig.jobs.resumeJob(overTheWire('ResumeJobRequest', { id, requestId: uuid(n), ...over }), aCall())
const desired = (): DesiredState => agent.last('desired')!
const wanted = () => (desired().instances ?? []).map((one) => `${one.id}#${Number(one.resumption)}`)

/** The agent says this of every instance, of the time of the given resumption. */
async function observe(state: string, resumption: number, attempt = 1, phase = steps.phase as string): Promise<void> {
  const instances = [`${id}/a/ps`, `${id}/a/worker-0`, `${id}/a/worker-1`].map((instance) => {
    const progress = instance.endsWith('ps') ? { progress: { ...steps, phase } } : {}
    return { id: instance, jobId: id, state, attempt, resumption, ...progress } as ObservedInstance
  })
  agent.say({ observed: { instances, desiredRevision: desired().revision ?? 0 } })
  await rig.clock.advance(500)
}

async function cancel(attempt = 1): Promise<void> {
  await rig.jobs.cancelJob({ id, reason: '' }, aCall())
  await rig.clock.advance(500)
  await observe('INSTANCE_STATE_STOPPED', (await jobOf()).resumption?.number ?? 0, attempt)
}

describe('ResumeJob', () => {
  test('the time between an end and the resumption after it is none of the job, nor of its cost report', async () => {
    await observe('INSTANCE_STATE_RUNNING', 0)
    await cancel()
    const { startedAtMs, endedAtMs } = await jobOf()
    const shown = await rig.jobs.getJob(overTheWire('GetJobRequest', { id }), aCall())
    expect(shown.job!.resumableUntilMs).toBe(endedAtMs! + resumableMs)
    await rig.clock.advance(50 * 3_600_000)
    const resumedAtMs = rig.clock.now()
    const { job } = await resume(2)
    expect(job!.resumableUntilMs).toBe(0)
    expect(job?.idle).toEqual([{ fromMs: endedAtMs, untilMs: resumedAtMs }])
    await rig.clock.advance(2_000)
    const { report } = await rig.costs.getJobCost(overTheWire('GetJobCostRequest', { jobId: id }), aCall())
    expect(report!.seconds).toBeCloseTo((endedAtMs! - startedAtMs!) / 1000 + 2)
    await cancel()
    await resume(3)
    expect((await jobOf()).resumption).toMatchObject({ number: 2, idle: [{ untilMs: resumedAtMs }, {}] })
  })

  test('a cancelled job is planned again, and its instances begin anew with what they had', async () => {
    await observe('INSTANCE_STATE_RUNNING', 0, 2)
    const before = await jobOf()
    await cancel(2)
    expect(await jobOf()).toMatchObject({ state: 'cancelled' })
    expect(desired()).toMatchObject({ instances: [], keptJobIds: [id] })
    expect((await resume(2)).job).toMatchObject({ id, state: 'JOB_STATE_PENDING', resumptions: 1, endedAtMs: 0 })
    await rig.clock.advance(500)
    expect(await jobOf()).toMatchObject({ state: 'starting', startedAtMs: before.startedAtMs, endedAtMs: null })
    expect((await jobOf()).addressBook.epoch).toBeGreaterThan(before.addressBook.epoch)
    expect(wanted()).toEqual([`${id}/a/ps#1`, `${id}/a/worker-0#1`, `${id}/a/worker-1#1`])
    expect(desired().keptJobIds).toEqual([])
    const server = await rig.store.instance(`${id}/a/ps`)
    expect(server).toMatchObject({ state: 'planned', attempt: 2, resumption: 1, isReleased: false, endpoint: '' })
    expect(server?.progress).toMatchObject({ phase: 'starting', samplesDone: 40, rounds: 2 })
  })

  test('a failed job too; what the agent still says of the time before does not end it again', async () => {
    await observe('INSTANCE_STATE_FAILED', 0, 3, 'PARTITION_PHASE_FAILED')
    expect(await jobOf()).toMatchObject({ state: 'failed' })
    await resume(2)
    await rig.clock.advance(500)
    await observe('INSTANCE_STATE_FAILED', 0, 3, 'PARTITION_PHASE_FAILED')
    expect(await jobOf()).toMatchObject({ state: 'starting' })
    await observe('INSTANCE_STATE_RUNNING', 1, 4)
    expect(await jobOf()).toMatchObject({ state: 'running' })
    expect(await rig.store.instance(`${id}/a/ps`)).toMatchObject({ state: 'running', attempt: 4 })
  })

  test('the same request again, while it runs and after it ended, changes nothing', async () => {
    await cancel()
    await resume(2)
    await rig.clock.advance(500)
    expect((await resume(2)).job).toMatchObject({ state: 'JOB_STATE_STARTING', resumptions: 1 })
    await cancel()
    expect((await resume(2)).job).toMatchObject({ state: 'JOB_STATE_CANCELLED', resumptions: 1 })
    expect((await resume(3)).job).toMatchObject({ state: 'JOB_STATE_PENDING', resumptions: 2 })
  })

  test('validate_only answers with the plan and changes nothing', async () => {
    await cancel()
    const { revision } = rig.store.view()
    const { job } = await resume(2, { validateOnly: true })
    expect(job).toMatchObject({ plan: { outcome: 'PLAN_OUTCOME_PLACED', partitions: [{ region: 'a' }] } })
    expect(rig.store.view().revision).toBe(revision)
    expect(await jobOf()).toMatchObject({ state: 'cancelled' })
  })

  test('what can not be resumed is refused, and told why', async () => {
    await expect(resume(2)).rejects.toMatchObject({
      reason: 'JOB_NOT_ENDED',
      message: expect.stringMatching(/is starting; it can be resumed once/),
    })
    await expect(resume(2, { id: 'j-none' })).rejects.toMatchObject({ kind: 'not-found' })
    const unnamed = overTheWire<never>('ResumeJobRequest', { id, requestId: 'x' })
    await expect(rig.jobs.resumeJob(unnamed, aCall())).rejects.toMatchObject({
      kind: 'invalid',
      violations: [{ field: 'request_id', description: expect.stringContaining('give a UUID') }],
    })
    const succeeded: Job = { ...(await jobOf()), state: 'succeeded', endedAtMs: rig.clock.now() }
    await rig.store.commit([{ kind: 'job', job: succeeded }], rig.store.view().revision)
    await expect(resume(2)).rejects.toMatchObject({ kind: 'conflict', reason: 'JOB_SUCCEEDED' })
  })

  test('a job whose checkpoints are no longer kept is refused', async () => {
    await cancel()
    const cancelled = await jobOf()
    const longAgo = { ...cancelled, endedAtMs: rig.clock.now() - resumableMs }
    await rig.store.commit([{ kind: 'job', job: longAgo }], rig.store.view().revision)
    await expect(resume(2)).rejects.toMatchObject({
      reason: 'CHECKPOINTS_EXPIRED',
      message: expect.stringContaining('7.0 days'),
    })
    await rig.clock.advance(2 * 3_600_000)
    expect(desired().keptJobIds).toEqual([])
  })

  test('a job that no region can take any more is refused with the regions words, and one that must wait waits', async () => {
    await cancel()
    const ended = await jobOf()
    const spec = { ...ended.spec, shards: [aShard('nowhere', 100)] }
    await rig.store.commit([{ kind: 'job', job: { ...ended, spec } }], rig.store.view().revision)
    await expect(resume(2)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining('nowhere') })
    await rig.store.commit([{ kind: 'job', job: ended }], rig.store.view().revision)
    agent.hangUp()
    await rig.clock.advance(60_000)
    await resume(3)
    await rig.clock.advance(500)
    expect(await jobOf()).toMatchObject({ state: 'pending', reason: expect.stringContaining('waiting') })
    // Meanwhile its region still keeps what it has.
    const again = new ScriptedAgent(rig, {
      incarnation: 2,
      devices: [{ id: 'x', model: 'other', units: 1, memoryBytes: 1 }],
    })
    await rig.clock.advance(500)
    expect(again.last('desired')).toMatchObject({ instances: [], keptJobIds: [id] })
  })

  test('its history says that it was resumed', async () => {
    await cancel()
    await resume(2)
    const events = await rig.store.listEvents(id, 10, 0)
    expect(events.at(-1)?.event).toMatchObject({
      kind: 'resumed',
      text: expect.stringContaining('cancelled by request'),
    })
  })
})
