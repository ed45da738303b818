import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CreateJobRequest } from '#proto/generated/cloudless/v1/CreateJobRequest.ts'
import type { Job as WireJob } from '#proto/generated/cloudless/v1/Job.ts'
import { aShard, aSpec, anInstance, someProgress } from './model/builders.ts'
import type { JobSpec } from './model/job.ts'
import { encodeJobSpec } from './wire/job-spec.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

let rig: Rig
let digest = ''
const bundle = Buffer.from('a bundle')

beforeEach(async () => {
  rig = startRig()
  digest = createHash('sha256').update(bundle).digest('hex')
  await upload(bundle, digest)
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function upload(data: Buffer, named: string, totalBytes = data.length) {
  const messages = (async function* () {
    await Promise.resolve()
    yield overTheWire<never>('UploadBundleRequest', { digest: named, totalBytes, data: data.subarray(0, 3) })
    yield overTheWire<never>('UploadBundleRequest', { data: data.subarray(3) })
  })()
  return rig.jobs.uploadBundle(messages, aCall())
}

function goodSpec(fields: Partial<JobSpec> = {}): JobSpec {
  const spec = aSpec({ shards: [aShard('a', 100)], ...fields })
  return { ...spec, function: { ...spec.function, bundleDigest: digest } }
}

async function create(fields: CreateJobRequest = {}): Promise<WireJob> {
  const request = { requestId: uuid(1), spec: encodeJobSpec(goodSpec()), ...fields }
  const { job } = await rig.jobs.createJob(overTheWire('CreateJobRequest', request), aCall())
  return job!
}

async function refusalOf(promise: Promise<unknown>): Promise<CloudlessError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CloudlessError)
  return error as CloudlessError
}

describe('UploadBundle', () => {
  test('the same bundle twice is stored once', async () => {
    expect(await upload(bundle, digest)).toEqual({ digest, alreadyPresent: true })
  })

  test.each([
    ['a wrong digest', 'b'.repeat(64), 8, 'DIGEST_MISMATCH'],
    ['no digest', '', 8, 'INVALID_FIELD'],
    ['more bytes than announced', 'b'.repeat(64), 4, 'LENGTH_MISMATCH'],
    ['more bytes than are taken', 'b'.repeat(64), 2 ** 30, 'FILE_TOO_LARGE'],
  ])('%s is refused', async (_case, named, totalBytes, reason) => {
    expect(await refusalOf(upload(bundle, named, totalBytes))).toMatchObject({ reason })
  })
})

describe('CreateJob', () => {
  test('the same request gives the same job, before and after it ran', async () => {
    const first = await create()
    expect(first).toMatchObject({ state: 'JOB_STATE_PENDING', spec: { name: 'digits' } })
    expect((await create()).id).toBe(first.id)
    expect((await create({ requestId: uuid(1).toUpperCase() })).id).toBe(first.id)
    expect((await create({ requestId: uuid(2) })).id).not.toBe(first.id)
  })

  test('two requests with one id at once make one job', async () => {
    const [a, b] = await Promise.all([create(), create()])
    expect(a.id).toBe(b.id)
  })

  test('one id for another spec is refused by name', async () => {
    const { id } = await create()
    const error = await refusalOf(create({ spec: encodeJobSpec(goodSpec({ name: 'other' })) }))
    expect(error).toMatchObject({ kind: 'already-exists', reason: 'REQUEST_ID_REUSED', metadata: { job_id: id } })
  })

  test('validate_only answers with the plan and stores nothing', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    expect(agent.isOpen).toBe(true)
    const job = await create({ validateOnly: true })
    expect(job).toMatchObject({ id: '', plan: { outcome: 'PLAN_OUTCOME_PLACED', partitions: [{ region: 'a' }] } })
    expect(rig.store.view().jobs).toEqual([])
  })

  test('a bundle that was never uploaded is named, and how to upload it', async () => {
    const spec = encodeJobSpec({ ...goodSpec(), function: { ...goodSpec().function, bundleDigest: 'c'.repeat(64) } })
    const error = await refusalOf(create({ spec }))
    expect(error.violations[0]?.field).toBe('spec.function.bundle_digest')
    expect(error.message).toContain('cloudless submit')
  })

  test('every wrong field is named at once', async () => {
    const spec = goodSpec({
      name: 'No Name',
      shards: [aShard('nowhere', -5, { uri: 'http://x' })],
      policy: 'cheapest',
      resources: { ...aSpec().resources, samplesPerSecond: { cpu: -1 } },
    })
    const error = await refusalOf(create({ spec: encodeJobSpec(spec), requestId: 'mine' }))
    expect(error.kind).toBe('invalid')
    expect(error.violations.map(({ field }) => field)).toEqual(
      expect.arrayContaining([
        'request_id',
        'spec.name',
        'spec.shards[0].region',
        'spec.shards[0].uri',
        'spec.shards[0].samples',
        'spec.policy',
        'spec.resources.samples_per_second.cpu',
      ]),
    )
  })

  test.each([
    ['nothing', { spec: null }, 'spec'],
    ['no function', { spec: { ...encodeJobSpec(aSpec()), function: null } }, 'spec.function'],
    ['no training', { spec: { ...encodeJobSpec(aSpec()), training: null } }, 'spec.training'],
    [
      'an unknown strategy',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'gossip' } } },
      'spec.sync.strategy',
    ],
    [
      'a strategy of every object',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'constructor' } } },
      'spec.sync.strategy',
    ],
    [
      'a mode of another strategy',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'asgd', mode: 'asynchronous' } } },
      'spec.sync.mode',
    ],
    [
      'an option that says what would be so anyway, of another strategy',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'diloco', fragments: 1 } } },
      'spec.sync.fragments',
    ],
    [
      'a quorum of more regions than there are',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'diloco', quorum: 2 } } },
      'spec.sync.quorum',
    ],
    [
      'a rate that is no number',
      { spec: { ...encodeJobSpec(aSpec()), sync: { strategy: 'diloco', outerLearningRate: Number.NaN } } },
      'spec.sync.outer_learning_rate',
    ],
    ['an endless policy', { spec: { ...encodeJobSpec(aSpec()), policy: 'x'.repeat(5000) } }, 'spec.policy'],
    [
      'too many shards',
      { spec: encodeJobSpec(aSpec({ shards: Array.from({ length: 2000 }, () => aShard('a', 1)) })) },
      'spec.shards',
    ],
    [
      'an infinite target',
      {
        spec: encodeJobSpec(
          aSpec({
            holdout: aShard('a', 5),
            training: { ...aSpec().training, target: { metric: 'accuracy', atLeast: Number.NaN } },
          }),
        ),
      },
      'spec.training.target.at_least',
    ],
  ])('%s is refused by field', async (_case, fields, field) => {
    const error = await refusalOf(create(fields))
    expect(error.kind).toBe('invalid')
    expect(error.violations.map((violation) => violation.field)).toContain(field)
    const said = error.violations.map((violation) => `${violation.field}: ${violation.description}`)
    expect(said).toEqual([...new Set(said)])
  })

  test('what is left out takes its default', async () => {
    const { spec } = await create({
      spec: { ...encodeJobSpec(goodSpec()), sync: null, policy: '', training: { epochs: 2 } },
    })
    expect(spec).toMatchObject({
      policy: 'least-cost',
      objective: { kind: 'least-cost', slack: 0.05 },
      sync: { strategy: 'auto', interval: 0, codec: 'int8', fragments: 4, quorum: 0 },
    })
    expect(spec?.training).toMatchObject({ epochs: 2, workerMode: 'asynchronous', restartsMax: 3 })
  })
})

describe('ListJobs', () => {
  beforeEach(async () => {
    for (const n of [1, 2, 3]) {
      await create({ requestId: uuid(n) })
      await rig.clock.advance(10)
    }
  })
  const list = (fields: object) => rig.jobs.listJobs(overTheWire('ListJobsRequest', fields), aCall())

  test('pages are disjoint, complete and newest first', async () => {
    const first = await list({ pageSize: 2 })
    const second = await list({ pageSize: 2, pageToken: first.nextPageToken })
    const created = [...first.jobs!, ...second.jobs!].map((job) => Number(job.createdAtMs))
    expect(created).toHaveLength(3)
    expect(created).toEqual(created.toSorted((a, b) => b - a))
    expect(second.nextPageToken).toBe('')
  })

  test('a big page is coerced and none means the default', async () => {
    expect((await list({ pageSize: 1_000_000 })).jobs).toHaveLength(3)
    expect((await list({})).jobs).toHaveLength(3)
    expect((await list({ states: ['JOB_STATE_FAILED'] })).jobs).toHaveLength(0)
  })

  test('a negative size, a made-up token, another filter and an unknown state are refused', async () => {
    const { nextPageToken } = await list({ pageSize: 1 })
    const wrong = [
      { pageSize: -1 },
      { pageToken: 'abc' },
      { pageToken: 'x'.repeat(10_000) },
      { pageToken: Buffer.from('[1,2,3,4]').toString('base64url') },
      { pageToken: nextPageToken, states: ['JOB_STATE_PENDING'] },
      { states: [0] },
      { states: [77] },
    ]
    for (const fields of wrong) expect(await refusalOf(list(fields))).toMatchObject({ kind: 'invalid' })
  })
})

describe('GetJob and CancelJob', () => {
  const cancel = (id: string, reason = '') => rig.jobs.cancelJob({ id, reason }, aCall())

  test('a job that does not exist is not found', async () => {
    expect(await refusalOf(rig.jobs.getJob({ id: 'j-0' }, aCall()))).toMatchObject({ kind: 'not-found' })
    expect(await refusalOf(cancel('j-0'))).toMatchObject({ kind: 'not-found' })
  })

  test('cancelling twice answers with the job as it is', async () => {
    const { id } = await create()
    expect((await cancel(id!, 'a mistake')).job).toMatchObject({ state: 'JOB_STATE_CANCELLING' })
    await rig.clock.advance(200)
    const ended = await cancel(id!, 'again')
    expect(ended.job).toMatchObject({ state: 'JOB_STATE_CANCELLED', reason: 'cancelled: a mistake' })
  })

  test('progress is what the partitions report, the loss weighted by samples', async () => {
    const { id } = await create({ spec: encodeJobSpec(goodSpec({ shards: [aShard('a', 100), aShard('b', 100)] })) })
    const partition = (region: string, samplesDone: number, loss: number) => ({
      kind: 'instance' as const,
      instance: anInstance({
        id: `${id}/${region}/ps`,
        jobId: id!,
        region,
        role: 'parameter-server',
        progress: someProgress(region, { samplesDone, loss, steps: 4, rounds: 3, wanBytesSent: 10 }),
      }),
    })
    await rig.store.commit([partition('a', 30, 1), partition('b', 10, 5)], rig.store.view().revision)
    const { job } = await rig.jobs.getJob({ id: id! }, aCall())
    expect(job?.progress).toMatchObject({ fraction: 0.2, samplesDone: 40, loss: 2, rounds: 3, wanBytes: 20 })
  })
})

describe('WatchJob', () => {
  test('sends the job, each change after it, and ends with the job', async () => {
    const { id } = await create()
    await rig.clock.advance(100)
    const seen: WireJob[] = []
    const watching = (async () => {
      const request = { id: id!, startRevision: 0 }
      for await (const { job } of rig.jobs.watchJob(request, aCall())) seen.push(job!)
    })()
    await rig.clock.advance(500)
    expect(seen).toHaveLength(1)
    await rig.jobs.cancelJob({ id: id!, reason: '' }, aCall())
    await rig.clock.advance(1_000)
    await watching
    expect(seen.at(-1)?.state).toBe('JOB_STATE_CANCELLED')
    const revisions = seen.map((job) => Number(job.revision))
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b))
  })

  test('from the newest revision nothing comes until something changes, and an abort ends it', async () => {
    const { id } = await create()
    await rig.clock.advance(100)
    const revision = Number((await rig.jobs.getJob({ id: id! }, aCall())).job?.revision)
    const abort = new AbortController()
    const request = { id: id!, startRevision: revision }
    const watching = Array.fromAsync(rig.jobs.watchJob(request, aCall(abort.signal)))
    await rig.clock.advance(5_000)
    abort.abort()
    expect(await watching).toEqual([])
  })

  test('a job that does not exist is not found', async () => {
    const watching = Array.fromAsync(rig.jobs.watchJob({ id: 'j-0', startRevision: 0 }, aCall()))
    expect(await refusalOf(watching)).toMatchObject({ kind: 'not-found' })
  })
})

describe('StreamLogs and DownloadModel', () => {
  const logs = (jobId: string, fields: object, signal?: AbortSignal) =>
    rig.jobs.streamLogs(overTheWire('StreamLogsRequest', { jobId, ...fields }), aCall(signal))
  const text = (responses: readonly { data?: unknown }[]): string =>
    Buffer.concat(responses.map(({ data }) => data as Buffer)).toString()

  async function jobWithLog(content: string): Promise<{ jobId: string; instanceId: string }> {
    const { id } = await create()
    const instanceId = `${id}/a/worker-0`
    const instance = anInstance({ id: instanceId, jobId: id!, region: 'a' })
    await rig.store.commit([{ kind: 'instance', instance }], rig.store.view().revision)
    await rig.store.logs.append({ instanceId, offset: 0, data: Buffer.from(content) })
    return { jobId: id!, instanceId }
  }

  test.each([
    ['one\ntwo\nthree\n', 0, 'one\ntwo\nthree\n'],
    ['one\ntwo\nthree\n', 2, 'two\nthree\n'],
    ['one\ntwo\nthree', 2, 'two\nthree'],
    ['one\ntwo\n', 5, 'one\ntwo\n'],
    ['\n\n\n', 1, '\n'],
    ['', 3, ''],
  ])('of %j the last %d lines are %j', async (content, tailLines, expected) => {
    const { jobId, instanceId } = await jobWithLog(content)
    const responses = await Array.fromAsync(logs(jobId, { tailLines, instanceId }))
    expect(text(responses)).toBe(expected)
  })

  test('following brings what is written later and ends with the job', async () => {
    const { jobId, instanceId } = await jobWithLog('one\n')
    const following = Array.fromAsync(logs(jobId, { follow: true }))
    await rig.clock.advance(100)
    await rig.store.logs.append({ instanceId, offset: 4, data: Buffer.from('two\n') })
    await rig.clock.advance(100)
    const { job } = (await rig.store.job(jobId))!
    await rig.store.commit([{ kind: 'job', job: { ...job, state: 'failed' } }], rig.store.view().revision)
    await rig.store.logs.append({ instanceId, offset: 8, data: Buffer.from('last words\n') })
    await rig.clock.advance(5_000)
    const responses = await following
    expect(text(responses)).toBe('one\ntwo\nlast words\n')
    expect(responses[0]).toMatchObject({ instanceId, region: 'a', role: 'worker', offset: 0 })
  })

  test('an unknown job, an instance of another job and a missing model are refused', async () => {
    const { jobId } = await jobWithLog('x')
    expect(await refusalOf(Array.fromAsync(logs('j-0', {})))).toMatchObject({ kind: 'not-found' })
    const other = logs(jobId, { instanceId: 'j-0/a/ps' })
    expect(await refusalOf(Array.fromAsync(other))).toMatchObject({ kind: 'not-found' })
    const model = Array.fromAsync(rig.jobs.downloadModel({ jobId }, aCall()))
    expect(await refusalOf(model)).toMatchObject({ kind: 'conflict', reason: 'NO_MODEL' })
  })
})
