import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aJob as aJobOf, anAgent, anInstance as anInstanceOf, aPlan, aUsage } from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { resumableMs } from '#control-plane/model/resumption.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import { memoryStore, openStore } from './open-store.ts'
import type { Change, Commit, Store } from './store.ts'

let folder = ''
const opened: Store[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-store-'))
})
afterEach(async () => {
  for (const store of opened.splice(0)) store.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(options: Parameters<typeof openStore>[1] = {}): Promise<Store> {
  const store = await openStore(folder, options)
  opened.push(store)
  return store
}

const aJob = (fields: Partial<Job> = {}): Job =>
  aJobOf({ requestId: `request-of-${fields.id ?? 'j-1'}`, createdAtMs: 1000, ...fields })

const anInstance = (fields: Partial<Instance> = {}): Instance =>
  anInstanceOf({ id: 'j-1/onprem/lab/worker-0', region: 'onprem/lab', state: 'planned', ...fields })

const aLedgerEntry = (fields: Partial<LedgerEntry> = {}): LedgerEntry => ({
  ...aUsage({ id: 'usage-1', instanceId: 'j-1/onprem/lab/worker-0', region: 'onprem/lab', quantity: 10, toMs: 10_000 }),
  unitPriceUsd: 3.6,
  unitPrice: 3.6,
  currency: 'USD',
  amountUsd: 0.01,
  catalogHash: 'c',
  ...fields,
})

const createJob = (fields: Partial<Job> = {}): Change => ({
  kind: 'create-job',
  job: aJob(fields),
  fingerprint: 'f',
})

async function commitNow(store: Store, ...changes: Change[]): Promise<void> {
  expect(await store.commit(changes, store.view().revision)).toMatchObject({ kind: 'committed' })
}

describe('what was acknowledged survives', () => {
  test('a reopened store holds the same view', async () => {
    const store = await open()
    await commitNow(store, createJob(), { kind: 'agent', agent: anAgent('onprem/lab', { cpu: 2 }) })
    await commitNow(store, { kind: 'instance', instance: anInstance() })
    await commitNow(store, { kind: 'throughput', key: 'd/cpu', samplesPerSecond: 12.5 })
    await commitNow(store, {
      kind: 'model-size',
      bundleDigest: 'd',
      size: { updateBytes: 400, samplesPerStep: 32 },
    })
    await commitNow(store, {
      kind: 'link',
      from: 'aws/us-east-1',
      to: 'onprem/lab',
      measurement: { mbitPerSecond: 80, roundTripMs: 30, atMs: 5 },
    })
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry() })
    const before = store.view()
    expect(before.measuredLinks.get('aws/us-east-1 onprem/lab')).toEqual({
      mbitPerSecond: 80,
      roundTripMs: 30,
      atMs: 5,
    })
    store.close()
    expect((await open()).view()).toEqual(before)
  })

  test('what a job has cost is at hand while it has not ended, each entry once', async () => {
    const store = await open()
    await commitNow(store, createJob())
    const paid = (): number | undefined => store.view().paidUsd.get('j-1')
    expect(paid()).toBeUndefined()
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry() })
    const before = store.view()
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry() })
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry({ id: 'usage-2', amountUsd: 0.03 }) })
    expect(paid()).toBeCloseTo(0.04)
    expect(before.paidUsd.get('j-1')).toBeCloseTo(0.01)
    await commitNow(store, { kind: 'job', job: aJob({ state: 'failed' }) })
    expect(paid()).toBeUndefined()
    await commitNow(store, { kind: 'job', job: aJob({ state: 'pending' }) })
    expect(paid()).toBeCloseTo(0.04)
  })

  test('which ended jobs are kept is known again, and a resumed one has its instances back', async () => {
    const plan = aPlan({ a: 1 })
    const store = await open()
    const failed = (n: number, endedAtMs: number): Job =>
      aJob({ id: `j-${n}`, requestId: `r-${n}`, state: 'failed', plan, endedAtMs })
    for (const job of [failed(1, 10), failed(2, 20), { ...failed(3, 30), state: 'succeeded' as const }]) {
      await commitNow(store, createJob({ id: job.id, requestId: job.requestId }))
      await commitNow(store, { kind: 'instance', instance: anInstance({ id: `${job.id}/a/ps`, jobId: job.id }) })
      await commitNow(store, { kind: 'job', job })
    }
    expect(store.view()).toMatchObject({ jobs: [], instances: [] })
    expect(store.view().kept.map(({ id, regions }) => [id, ...regions])).toEqual([
      ['j-1', 'a'],
      ['j-2', 'a'],
    ])
    await commitNow(
      store,
      { kind: 'job', job: { ...failed(1, 10), state: 'pending', endedAtMs: null } },
      { kind: 'instance', instance: anInstance({ id: 'j-1/a/ps', jobId: 'j-1', isReleased: true }) },
    )
    const before = store.view()
    expect(before.kept.map(({ id }) => id)).toEqual(['j-2'])
    expect(before.instances.map(({ id }) => id)).toEqual(['j-1/a/ps'])
    store.close()
    const reopened = await open()
    expect(reopened.view()).toEqual(before)
    // One that ends when another's time is over takes it along.
    await commitNow(reopened, { kind: 'job', job: failed(1, 21 + resumableMs) })
    expect(reopened.view().kept.map(({ id }) => id)).toEqual(['j-1'])
  })

  test('a loss of NaN comes back as NaN', async () => {
    const store = await open()
    const progress = {
      region: 'onprem/lab',
      phase: 'training' as const,
      epoch: 0,
      samplesDone: 0,
      samplesTotal: 10,
      steps: 0,
      loss: Number.NaN,
      workers: 1,
      rounds: 0,
      wanBytesSent: 0,
      modelHash: '',
      samplesPerSecond: Number.POSITIVE_INFINITY,
      leasesReturned: 0,
      sync: null,
    }
    await commitNow(store, createJob(), { kind: 'instance', instance: anInstance({ progress }) })
    store.close()
    expect((await open()).view().instances[0]?.progress).toEqual(progress)
  })

  test('a transaction that was open at the crash is gone, what came before is there', async () => {
    const store = await open()
    await commitNow(store, createJob())
    store.close()
    const raw = new DatabaseSync(join(folder, 'cloudless.db'))
    raw.exec(`BEGIN; UPDATE jobs SET state = 'failed'; UPDATE counters SET value = 99`)
    raw.close()
    const reopened = await open()
    expect(reopened.view().revision).toBe(1)
    expect(reopened.view().jobs[0]?.state).toBe('pending')
  })
})

describe('optimistic commits', () => {
  test('a job that changed since the snapshot refuses the whole commit', async () => {
    const store = await open()
    await commitNow(store, createJob(), createJob({ id: 'j-2' }))
    const seen = store.view().revision
    await commitNow(store, { kind: 'job', job: aJob({ reason: 'first' }) })
    const outcome = await store.commit(
      [
        { kind: 'job', job: aJob({ id: 'j-2', reason: 'second' }) },
        { kind: 'job', job: aJob({ reason: 'second' }) },
      ],
      seen,
    )
    expect(outcome).toEqual({ kind: 'conflict', object: 'job j-1' })
    expect(store.view().jobs.map((job) => job.reason)).toEqual(['first', ''])
    expect((await store.job('j-2'))?.job.reason).toBe('')
  })

  test('changes to other objects do not conflict', async () => {
    const store = await open()
    await commitNow(store, createJob(), { kind: 'instance', instance: anInstance() })
    const seen = store.view().revision
    await commitNow(store, { kind: 'instance', instance: anInstance({ state: 'running' }) })
    expect(await store.commit([{ kind: 'job', job: aJob({ state: 'starting' }) }], seen)).toMatchObject({
      kind: 'committed',
    })
  })

  test('a request id is taken once', async () => {
    const store = await open()
    await commitNow(store, createJob({ requestId: 'r' }))
    const outcome = await store.commit([createJob({ id: 'j-2', requestId: 'r' })], store.view().revision)
    expect(outcome).toEqual({ kind: 'conflict', object: 'request r' })
    expect(await store.jobByRequest('r')).toEqual({ id: 'j-1', fingerprint: 'f' })
  })

  test('a journal moves on only from where it stands', async () => {
    const store = await open()
    await commitNow(store, createJob())
    const batch: Change[] = [
      { kind: 'journal', agentId: 'a', fromSeq: 0, toSeq: 3 },
      { kind: 'ledger', entry: aLedgerEntry() },
    ]
    await commitNow(store, ...batch)
    expect(await store.commit(batch, store.view().revision)).toEqual({ kind: 'conflict', object: 'journal of agent a' })
    expect(await store.journalSeq('a')).toBe(3)
    expect((await store.job('j-1'))?.costUsd).toBe(0.01)
  })
})

describe('the view', () => {
  test('an ended job leaves it with its instances, and can still be read', async () => {
    const store = await open()
    await commitNow(store, createJob(), { kind: 'instance', instance: anInstance() })
    await commitNow(store, { kind: 'job', job: aJob({ state: 'succeeded' }) })
    expect(store.view()).toMatchObject({ jobs: [], instances: [] })
    expect((await store.job('j-1'))?.instances).toHaveLength(1)
    expect((await store.instance('j-1/onprem/lab/worker-0'))?.jobId).toBe('j-1')
  })

  test('a view that was given out does not change', async () => {
    const store = await open()
    await commitNow(store, createJob({ id: 'j-2' }))
    const before = store.view()
    await commitNow(store, createJob({ id: 'j-1' }))
    expect(before.jobs.map((job) => job.id)).toEqual(['j-2'])
    expect(store.view().jobs.map((job) => job.id)).toEqual(['j-1', 'j-2'])
  })

  test('a commit names the jobs and regions it touched', async () => {
    const store = await open()
    const commits: Commit[] = []
    const stop = store.onCommit((commit) => commits.push(commit))
    await commitNow(store, createJob(), { kind: 'instance', instance: anInstance() })
    await commitNow(store, { kind: 'job', job: aJob({ state: 'failed' }) })
    stop()
    await commitNow(store, createJob({ id: 'j-9' }))
    expect(commits).toEqual([
      { revision: 1, jobIds: new Set(['j-1']), regions: new Set(['onprem/lab']) },
      { revision: 2, jobIds: new Set(['j-1']), regions: new Set(['onprem/lab']) },
    ])
  })

  test('a watcher sees a job touched by its instances and its ledger', async () => {
    const store = await open()
    await commitNow(store, createJob())
    await commitNow(store, { kind: 'instance', instance: anInstance() })
    expect((await store.job('j-1'))?.touched).toBe(2)
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry() })
    const record = await store.job('j-1')
    expect(record).toMatchObject({ touched: 3, costUsd: 0.01 })
    expect(record?.job.revision).toBe(1)
  })
})

describe('lists', () => {
  test('jobs come newest first, page by page, and only in the states asked for', async () => {
    const store = await open()
    for (const n of [1, 2, 3, 4])
      await commitNow(
        store,
        createJob({ id: `j-${n}`, createdAtMs: n < 4 ? 1000 : 2000, state: n === 2 ? 'failed' : 'pending' }),
      )
    const first = await store.listJobs(2, null, [])
    expect(first.map(({ job }) => job.id)).toEqual(['j-4', 'j-3'])
    const rest = await store.listJobs(5, { createdAtMs: 1000, id: 'j-3' }, [])
    expect(rest.map(({ job }) => job.id)).toEqual(['j-2', 'j-1'])
    expect((await store.listJobs(5, null, ['failed'])).map(({ job }) => job.id)).toEqual(['j-2'])
  })

  test('a ledger entry counts once, whatever its second copy says', async () => {
    const store = await open()
    await commitNow(store, createJob(), { kind: 'ledger', entry: aLedgerEntry() })
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry({ amountUsd: 5 }) })
    await commitNow(store, { kind: 'ledger', entry: aLedgerEntry({ id: 'usage-0' }) })
    expect((await store.listLedger('j-1', 10, null)).map(({ id }) => id)).toEqual(['usage-0', 'usage-1'])
    expect(await store.listLedger('j-1', 10, { fromMs: 0, id: 'usage-1' })).toEqual([])
    expect((await store.job('j-1'))?.costUsd).toBe(0.02)
  })
})

describe('what goes wrong', () => {
  test('a second control plane on the same folder is told so', async () => {
    await open()
    await expect(openStore(folder)).rejects.toMatchObject({ kind: 'unavailable', reason: 'DATABASE_LOCKED' })
  })

  test('a database of a newer program is left alone', async () => {
    ;(await open()).close()
    const raw = new DatabaseSync(join(folder, 'cloudless.db'))
    raw.exec('PRAGMA user_version = 99')
    raw.close()
    await expect(openStore(folder)).rejects.toMatchObject({
      reason: 'NEWER_DATABASE',
      message: expect.stringContaining('schema version 99'),
    })
  })

  test('a database that is not ours is left alone', async () => {
    const raw = new DatabaseSync(join(folder, 'cloudless.db'))
    raw.exec('CREATE TABLE theirs (x)')
    raw.close()
    await expect(openStore(folder)).rejects.toMatchObject({ reason: 'NOT_OUR_DATABASE' })
  })

  test('a full disk refuses the commit whole, and the store goes on', async () => {
    const store = await open({ databaseBytesMax: 240 * 1024 })
    await commitNow(store, createJob())
    const big = createJob({ id: 'j-2', reason: 'x'.repeat(300_000) })
    const before = store.view()
    await expect(store.commit([createJob({ id: 'j-3' }), big], before.revision)).rejects.toMatchObject({
      kind: 'exhausted',
      reason: 'DISK_FULL',
    })
    expect(store.view()).toBe(before)
    expect(await store.job('j-3')).toBeNull()
    await commitNow(store, createJob({ id: 'j-4' }))
  })

  test('a closed store says so', async () => {
    const store = memoryStore()
    store.close()
    await expect(store.job('j-1')).rejects.toMatchObject({ reason: 'STORE_CLOSED' })
  })
})
