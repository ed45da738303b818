// What the store adds up beside the ledger is what the ledger says, whatever is repeated and however it is ordered.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aJob, aSpec } from '#control-plane/model/builders.ts'
import { billingBinMs, hourMs, monthOf, type MeteredSpan } from '#control-plane/model/costs.ts'
import { anEntry, shuffled, someLedger } from '#test/some-ledger.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { memoryStore, openStore } from './open-store.ts'
import { migrations } from './sqlite/migrations.ts'
import type { CellQuery, Store } from './store.ts'

const jobs = ['j-1', 'j-2', 'j-3'].map((id, i) =>
  aJob({
    id,
    requestId: `r-${id}`,
    spec: aSpec({ name: `name-${i}`, owner: i === 0 ? 'ada' : 'bob', labels: { team: `t${i}`, "it's": 'so' } }),
  }),
)
const everything: CellQuery = {
  jobIds: null,
  fromMs: 0,
  toMs: Date.UTC(2100, 0),
  owner: null,
  labels: {},
  by: 'hour',
  limit: 1e6,
}
const months = [Date.UTC(2026, 10), Date.UTC(2026, 11)]

async function aStore(entries: readonly LedgerEntry[] = []): Promise<Store> {
  const store = memoryStore()
  await store.commit(
    jobs.map((job) => ({ kind: 'create-job', job, fingerprint: '' })),
    0,
  )
  await add(store, entries)
  return store
}

async function add(store: Store, entries: readonly LedgerEntry[]): Promise<void> {
  const changes = entries.map((entry) => ({ kind: 'ledger', entry }) as const)
  await store.commit(changes, store.view().revision)
}

/** By brute force over the milliseconds where spans begin or end. */
function spansOf(entries: readonly LedgerEntry[]): readonly MeteredSpan[] {
  const own = entries.filter(({ kind, fromMs, toMs }) => kind === 'device-seconds' && toMs > fromMs)
  const attempts = Map.groupBy(own, ({ instanceId, attempt }) => `${instanceId} ${attempt}`)
  return [...attempts.values()].flatMap((windows) => {
    const spans: MeteredSpan[] = []
    for (const { jobId, instanceId, region, attempt, fromMs, toMs } of windows.toSorted(
      (a, b) => a.fromMs - b.fromMs,
    )) {
      const last = spans.at(-1)
      if (last === undefined || fromMs > last.toMs) spans.push({ jobId, instanceId, region, attempt, fromMs, toMs })
      else spans[spans.length - 1] = { ...last, toMs: Math.max(last.toMs, toMs) }
    }
    return spans
  })
}

async function allSpans(store: Store): Promise<readonly MeteredSpan[]> {
  return (await Promise.all(jobs.map(({ id }) => store.listSpans(id, 1e6)))).flat()
}

const inOrder = (spans: readonly MeteredSpan[]): readonly string[] =>
  spans.map((span) => JSON.stringify(span, spanKeys)).sort()
const spanKeys = ['jobId', 'instanceId', 'region', 'attempt', 'fromMs', 'toMs']

describe('beside the ledger', () => {
  test('cells add up to the entries, hour by hour', async () => {
    await fc.assert(
      fc.asyncProperty(
        someLedger.chain((entries) => fc.tuple(fc.constant(entries), shuffled(entries))),
        async ([entries, noisy]) => {
          const store = await aStore(noisy)
          const cells = await store.listCells(everything)
          expect(sum(cells.map((cell) => cell.entries))).toBe(entries.length)
          for (const [key, own] of Map.groupBy(entries, keyOf)) {
            const held = cells.filter((cell) => keyOf({ ...cell, fromMs: cell.hourMs }) === key)
            expect(held).toHaveLength(1)
            expectSame(held[0]!.amountUsd, sum(own.map(({ amountUsd }) => amountUsd)))
            expectSame(held[0]!.quantity, sum(own.map(({ quantity }) => quantity)))
            expectSame(held[0]!.leftSeconds, sum(own.map(({ leftSeconds = 0 }) => leftSeconds)))
          }
          const days = await store.listCells({ ...everything, by: 'day' })
          expect(days.every((cell) => cell.hourMs % 86_400_000 === 0)).toBe(true)
          expect(sum(days.map((cell) => cell.entries))).toBe(entries.length)
          expectSame(sum(days.map(({ amountUsd }) => amountUsd)), sum(cells.map(({ amountUsd }) => amountUsd)))
          const paid = await Promise.all(jobs.map(async ({ id }) => (await store.job(id))!.costUsd))
          expectSame(sum(paid), sum(entries.map(({ amountUsd }) => amountUsd)))
          store.close()
        },
      ),
      { numRuns: 60 },
    )
  })

  test('spans are the windows without their seams, whatever came first', async () => {
    await fc.assert(
      fc.asyncProperty(
        someLedger.chain((entries) => fc.tuple(fc.constant(entries), shuffled(entries))),
        async ([entries, noisy]) => {
          const store = await aStore(noisy)
          expect(inOrder(await allSpans(store))).toEqual(inOrder(spansOf(entries)))
          store.close()
        },
      ),
      { numRuns: 60 },
    )
  })

  test('months and five-minute bins of a link hold every byte once', async () => {
    await fc.assert(
      fc.asyncProperty(
        someLedger.chain((entries) => fc.tuple(fc.constant(entries), shuffled(entries))),
        async ([entries, noisy]) => {
          const store = await aStore(noisy)
          for (const from of ['a', 'b']) {
            const own = entries.filter(({ kind, region }) => kind === 'wan-bytes' && region === from)
            const bins = await store.listLinkBins(from, 'c', 0, everything.toMs)
            expect(bins.every(({ atMs }) => atMs % billingBinMs === 0)).toBe(true)
            expectSame(sum(bins.map(({ bytes }) => bytes)), sum(own.map(({ quantity }) => quantity)))
            for (const monthMs of months) {
              const inMonth = own.filter(({ fromMs }) => monthOf(fromMs) === monthMs)
              const held = await store.linkMonth(from, 'c', monthMs)
              expectSame(held.bytes, sum(inMonth.map(({ quantity }) => quantity)))
              expectSame(held.amountUsd, sum(inMonth.map(({ amountUsd }) => amountUsd)))
            }
          }
          store.close()
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a window lies in the bins it crosses by its parts; a very long one in its last fifty hours', async () => {
    const day = Date.UTC(2026, 10, 3)
    const store = await aStore([
      anEntry({ id: '1', kind: 'wan-bytes', subject: 'c', fromMs: day - 60_000, toMs: day + 540_000, quantity: 1000 }),
      anEntry({ id: '2', kind: 'wan-bytes', subject: 'd', fromMs: 0, toMs: day, quantity: 600 }),
      anEntry({ id: '3', kind: 'wan-bytes', subject: 'a', fromMs: 0, toMs: day, quantity: 600 }),
    ])
    expect(await store.listLinkBins('a', 'c', 0, everything.toMs)).toEqual([
      { atMs: day - billingBinMs, bytes: 100 },
      { atMs: day, bytes: 500 },
      { atMs: day + billingBinMs, bytes: 400 },
    ])
    const long = await store.listLinkBins('a', 'd', 0, everything.toMs)
    expect(long).toHaveLength(600)
    expect(long[0]).toEqual({ atMs: day - 50 * hourMs, bytes: 1 })
    // What stays in its region went over no link.
    expect(await store.listLinkBins('a', 'a', 0, everything.toMs)).toEqual([])
    store.close()
  })

  test('cells are found by job, time, owner and labels, all at once', async () => {
    const at = Date.UTC(2026, 10, 3, 5, 30)
    const entries = jobs.flatMap(({ id }, i) =>
      [0, 1].map((hour) =>
        anEntry({ id: `${id}/${hour}`, jobId: id, fromMs: at + hour * hourMs, amountUsd: 10 * i + hour }),
      ),
    )
    const store = await aStore(entries)
    const found = async (query: Partial<CellQuery>): Promise<readonly number[]> =>
      (await store.listCells({ ...everything, ...query })).map(({ amountUsd }) => amountUsd)
    expect(await found({})).toEqual([0, 1, 10, 11, 20, 21])
    expect(await found({ jobIds: ['j-2', 'j-9'] })).toEqual([10, 11])
    expect(await found({ owner: 'bob', fromMs: at + 1 })).toEqual([11, 21])
    expect(await found({ toMs: at - (at % hourMs) + hourMs, labels: { "it's": 'so' } })).toEqual([0, 10, 20])
    expect(await found({ labels: { team: 't2', "it's": 'so' } })).toEqual([20, 21])
    expect(await found({ labels: { team: 't2', "it's": 'not' } })).toEqual([])
    expect(await found({ owner: '' })).toEqual([])
    expect(await found({ limit: 3 })).toHaveLength(3)
    expect(await store.jobFacts(['j-2', 'j-9'])).toEqual([
      { id: 'j-2', name: 'name-1', owner: 'bob', labels: { team: 't1', "it's": 'so' }, strategy: 'asgd-ga' },
    ])
    store.close()
  })
})

test('a database of version 4 has all that is kept beside its ledger', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudless-store-'))
  try {
    await fc.assert(
      fc.asyncProperty(someLedger, fc.uuid(), async (entries, name) => {
        // An older version never wrote a window over several bins, nor one of a share, so neither does this.
        const old = entries.map(({ leftSeconds: _, ...entry }) => {
          return { ...entry, toMs: Math.min(entry.toMs, entry.fromMs + 1) }
        })
        const path = join(folder, name)
        await mkdir(path)
        rawLedger(join(path, 'cloudless.db'), old)
        const migrated = await openStore(path)
        const fresh = await aStore(old)
        const [cells, expected] = await Promise.all([migrated.listCells(everything), fresh.listCells(everything)])
        expect(cells.map(({ amountUsd: _, quantity: __, ...rest }) => rest)).toEqual(
          expected.map(({ amountUsd: _, quantity: __, ...rest }) => rest),
        )
        cells.forEach((cell, i) => expectSame(cell.amountUsd, expected[i]!.amountUsd))
        const days = await migrated.listCells({ ...everything, by: 'day' })
        expect(days.map(({ entries: count }) => count)).toEqual(
          (await fresh.listCells({ ...everything, by: 'day' })).map(({ entries: count }) => count),
        )
        expect(inOrder(await allSpans(migrated))).toEqual(inOrder(await allSpans(fresh)))
        for (const from of ['a', 'b'])
          for (const monthMs of months) {
            const [held, wanted] = await Promise.all([
              migrated.linkMonth(from, 'c', monthMs),
              fresh.linkMonth(from, 'c', monthMs),
            ])
            expectSame(held.bytes, wanted.bytes)
            expectSame(held.amountUsd, wanted.amountUsd)
            const bins = await migrated.listLinkBins(from, 'c', monthMs, everything.toMs)
            const wantedBins = await fresh.listLinkBins(from, 'c', monthMs, everything.toMs)
            expect(bins.map(({ atMs }) => atMs)).toEqual(wantedBins.map(({ atMs }) => atMs))
          }
        migrated.close()
        fresh.close()
      }),
      { numRuns: 10 },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Makes the database one of version 4 that holds this ledger. */
function rawLedger(path: string, entries: readonly LedgerEntry[]): void {
  const database = new DatabaseSync(path)
  for (const { version, statements } of migrations.filter((each) => each.version <= 4)) {
    database.exec(statements)
    database.exec(`PRAGMA application_id = 1129071692; PRAGMA user_version = ${version}`)
  }
  const insertJob = database.prepare(
    `INSERT INTO jobs (id, request_id, fingerprint, state, is_ended, created_at_ms, revision, touched, body)
     VALUES (?, ?, '', ?, 0, 0, 1, 1, ?)`,
  )
  for (const job of jobs) insertJob.run(job.id, job.requestId, job.state, JSON.stringify(job))
  const insert = database.prepare('INSERT INTO ledger (id, job_id, from_ms, amount_usd, body) VALUES (?, ?, ?, ?, ?)')
  for (const entry of entries) insert.run(entry.id, entry.jobId, entry.fromMs, entry.amountUsd, JSON.stringify(entry))
  database.close()
}

function keyOf(
  each: Omit<LedgerEntry, 'id' | 'instanceId' | 'toMs' | 'unitPriceUsd' | 'unitPrice' | 'currency'>,
): string {
  const { jobId, fromMs, region, kind, subject, attempt, purpose, catalogHash } = each
  return JSON.stringify([jobId, Math.floor(fromMs / hourMs), region, kind, subject, attempt, purpose, catalogHash])
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function expectSame(value: number, expected: number): void {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(expected), 1e-300))
}
