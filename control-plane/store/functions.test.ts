import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aFunction, aJob, anInferenceSpec, anInstance, aUsage } from '#control-plane/model/builders.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import { openStore } from './open-store.ts'
import type { Change, CommitOutcome, Store } from './store.ts'

let folder = ''
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-store-'))
  store = await openStore(folder)
})
afterEach(async () => {
  store.close()
  await rm(folder, { recursive: true, force: true })
})

async function reopen(): Promise<void> {
  store.close()
  store = await openStore(folder)
}

const create = (fields: Partial<InferenceFunction> = {}): Change => ({
  kind: 'create-function',
  function: aFunction(fields),
})
const instance = (fields: Partial<Instance> = {}): Change => ({
  kind: 'instance',
  instance: anInstance({ id: 'f-1/a/0', jobId: 'f-1', region: 'a', role: 'inference', functionVersion: 1, ...fields }),
})
const paid = (id: string, jobId: string, amountUsd: number): Change => {
  const usage = aUsage({ id, jobId, instanceId: `${jobId}/a/0`, region: 'a', quantity: 10, toMs: 10_000 })
  const price = { unitPriceUsd: 3.6, unitPrice: 3.6, currency: 'USD', amountUsd, catalogHash: 'c' }
  const entry: LedgerEntry = { ...usage, ...price }
  return { kind: 'ledger', entry }
}

function commit(...changes: Change[]): Promise<CommitOutcome> {
  return store.commit(changes, store.revision())
}

test('a function, its instances and its costs survive', async () => {
  await commit(create())
  await commit(instance(), paid('u-1', 'f-1', 0.25))
  const before = store.view()
  await reopen()
  expect(store.view().functions).toEqual(before.functions)
  expect(store.view().instancesByJob?.get('f-1')).toHaveLength(1)
  expect(await store.function('f-1')).toMatchObject({ costUsd: 0.25, touched: 2, instances: [{ id: 'f-1/a/0' }] })
  expect(await store.functionNamed('classify')).toMatchObject({ function: { id: 'f-1' } })
})

test('a name is taken until its function is deleted', async () => {
  await commit(create())
  expect(await commit(create({ id: 'f-2' }))).toEqual({ kind: 'conflict', object: 'function classify' })
  await commit({ kind: 'function', function: aFunction({ state: 'deleted', endedAtMs: 5 }) })
  expect(store.view().functions).toEqual([])
  expect(await commit(create({ id: 'f-2' }))).toMatchObject({ kind: 'committed' })
  expect((await store.functionNamed('classify'))?.function.id).toBe('f-2')
  expect((await store.function('f-1'))?.function.state).toBe('deleted')
})

test('a change that was decided on an older function is refused', async () => {
  await commit(create())
  const seen = store.revision()
  await commit({ kind: 'function', function: aFunction({ reason: 'first' }) })
  const second = await store.commit([{ kind: 'function', function: aFunction({ reason: 'second' }) }], seen)
  expect(second).toEqual({ kind: 'conflict', object: 'function f-1' })
})

test('instances that ended and went are at hand no more, and what they cost stays', async () => {
  await commit(create())
  await commit(instance(), instance({ id: 'f-1/a/1' }))
  await commit(instance({ isReleased: true }), paid('u-1', 'f-1', 0.5))
  expect(store.activeInstance('f-1/a/0')).not.toBeNull()
  await commit(instance({ isReleased: true, state: 'stopped' }))
  expect(store.activeInstance('f-1/a/0')).toBeNull()
  expect((await store.function('f-1'))?.instances.map(({ id }) => id)).toEqual(['f-1/a/1'])
  await reopen()
  expect(
    store
      .view()
      .instancesByJob?.get('f-1')
      ?.map(({ id }) => id),
  ).toEqual(['f-1/a/1'])
  expect(await store.instance('f-1/a/0')).toMatchObject({ state: 'stopped' })
  expect((await store.function('f-1'))?.costUsd).toBe(0.5)
})

test('functions are listed by name, page by page', async () => {
  for (const name of ['c', 'a', 'b']) await commit(create({ id: `f-${name}`, spec: anInferenceSpec({ name }) }))
  const names = async (limit: number, after: string): Promise<readonly string[]> =>
    (await store.listFunctions(limit, after)).map((record) => record.function.spec.name)
  expect(await names(2, '')).toEqual(['a', 'b'])
  expect(await names(2, 'b')).toEqual(['c'])
})

test('the ledger’s sums tell functions by owner and label beside jobs', async () => {
  const job = aJob({ requestId: 'r', createdAtMs: 1 })
  await commit({ kind: 'create-job', job: { ...job, spec: { ...job.spec, owner: 'ann' } }, fingerprint: 'f' })
  await commit(create({ spec: anInferenceSpec({ owner: 'ann', labels: { team: 'vision' } }) }))
  await commit(paid('u-1', 'f-1', 1), paid('u-2', 'j-1', 2))
  const query = { jobIds: null, fromMs: 0, toMs: 1e9, owner: null, labels: {}, by: 'hour', limit: 100 } as const
  const usd = async (more: object): Promise<number> =>
    (await store.listCells({ ...query, ...more })).reduce((sum, cell) => sum + cell.amountUsd, 0)
  expect(await usd({ owner: 'ann' })).toBe(3)
  expect(await usd({ labels: { team: 'vision' } })).toBe(1)
  expect(await store.jobFacts(['f-1', 'j-1'])).toMatchObject([
    { id: 'f-1', name: 'classify', owner: 'ann', strategy: '' },
    { id: 'j-1', owner: 'ann' },
  ])
})
