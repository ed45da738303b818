import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aJob, aPlan, aRound } from '#control-plane/model/builders.ts'
import type { Evaluation, Round } from '#control-plane/model/history.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import { storeConfig } from './config.ts'
import { memoryStore, openStore } from './open-store.ts'
import { migrations } from './sqlite/migrations.ts'
import type { Change, Store } from './store.ts'

let store: Store

beforeEach(async () => {
  store = memoryStore()
  await commit({ kind: 'create-job', job: aJob(), fingerprint: 'f' })
})
afterEach(() => store.close())

async function commit(...changes: Change[]): Promise<void> {
  expect(await store.commit(changes, store.view().revision)).toMatchObject({ kind: 'committed' })
}

const rounds = (...list: Round[]): Change[] => list.map((round): Change => ({ kind: 'round', round }))

function anEvaluation(atMs: number, fields: Partial<Evaluation> = {}): Change {
  const evaluation = {
    jobId: 'j-1',
    region: 'a',
    epoch: 1,
    metrics: { accuracy: 0.5 },
    isFinal: false,
    atMs,
    ...fields,
  }
  return { kind: 'evaluation', evaluation }
}

describe('rounds', () => {
  test('every field comes back, once, by region and number', async () => {
    const list = [
      aRound({ region: 'b', number: 1, absent: { c: 'silent' }, excludedDataShare: 0.25, loss: Number.NaN }),
      aRound({ number: 2, replicaHash: 'ab' }),
      aRound({ number: 10 }),
    ]
    await commit(...rounds(...list))
    await commit(...rounds(...list, aRound({ number: 2, bytesSent: 99 })))
    const sorted = [list[1], list[2], list[0]]
    expect(await store.listRounds('j-1', 10, null, '')).toEqual(sorted)
    expect(await store.listRounds('j-1', 10, { region: 'a', number: 2 }, '')).toEqual([list[2], list[0]])
    expect(await store.listRounds('j-1', 1, null, 'b')).toEqual([list[0]])
    expect(await store.listRounds('j-2', 10, null, '')).toEqual([])
  })

  test('a job carries the totals of its regions', async () => {
    const last = aRound({ number: 2, absent: { b: 'cut off' }, excludedDataShare: 0.5 })
    await commit(...rounds(aRound({ number: 1 }), last, aRound({ region: 'b' })))
    const totals = (await store.job('j-1'))?.roundTotals
    expect(totals?.map(({ region }) => region)).toEqual(['a', 'b'])
    expect(totals?.[0]).toEqual({
      region: 'a',
      rounds: 2,
      bytesSent: 2_000,
      bytesReceived: 4_000,
      seconds: 1,
      exchangeSeconds: 0.5,
      stallSeconds: 0.2,
      steps: 16,
      samples: 512,
      incompleteRounds: 1,
      excludedDataShare: 0.25,
      last,
    })
  })

  test('however many there are, so many are kept, and totals stay right', async () => {
    const count = storeConfig.roundRecordsMax + storeConfig.keepRounds.records + 50
    await commit(...rounds(...Array.from({ length: count }, (_, i) => aRound({ number: i + 1, bytesSent: i }))))
    const kept = await store.listRounds('j-1', count, null, 'a')
    expect(kept.length).toBeLessThanOrEqual(storeConfig.roundRecordsMax)
    expect(kept.length).toBeGreaterThan(storeConfig.keepRounds.records / 2)
    const sum = (value: (round: Round) => number): number => kept.reduce((total, round) => total + value(round), 0)
    const totals = (await store.roundTotals('j-1'))[0]
    expect(sum(({ rounds: each }) => each)).toBe(count)
    expect(totals?.rounds).toBe(count)
    expect(sum(({ bytesSent }) => bytesSent)).toBe(totals?.bytesSent)
    // Told again after a restart of its parameter server: known, although its record was merged into another.
    await commit(...rounds(aRound({ number: 3 }), aRound({ number: count })))
    expect((await store.roundTotals('j-1'))[0]?.rounds).toBe(count)
    expect(await store.listRounds('j-1', count, null, 'a')).toEqual(kept)
  })
})

describe('evaluations and events', () => {
  test('evaluations come oldest first, each once, page by page', async () => {
    await commit(anEvaluation(20), anEvaluation(10), anEvaluation(20, { isFinal: true }), anEvaluation(20))
    const all = await store.listEvaluations('j-1', 10, null)
    expect(all.map(({ atMs, isFinal }) => [atMs, isFinal])).toEqual([
      [10, false],
      [20, false],
      [20, true],
    ])
    expect(await store.listEvaluations('j-1', 10, { atMs: 20, region: 'a', isFinal: false })).toEqual([all[2]])
  })

  test('of very many evaluations the finals stay', async () => {
    const count = storeConfig.evaluationsMax + 1
    await commit(anEvaluation(0, { isFinal: true }), ...Array.from({ length: count }, (_, i) => anEvaluation(i + 1)))
    const kept = await store.listEvaluations('j-1', count, null)
    expect(kept.length).toBeLessThan(storeConfig.evaluationsMax)
    expect(kept.length).toBeGreaterThanOrEqual(storeConfig.evaluationsMax / 2)
    expect(kept[0]?.isFinal).toBe(true)
  })

  test('events come in order, and the oldest of very many go', async () => {
    const event = { jobId: 'j-1', instanceId: 'i', attempt: 1, kind: 'started', text: '', atMs: 5 }
    const events = Array.from({ length: storeConfig.eventsMax + 3 }, (_, i): Change => ({
      kind: 'event',
      event: { ...event, text: String(i) },
    }))
    await commit(...events)
    const kept = await store.listEvents('j-1', events.length, 0)
    expect(kept).toHaveLength(storeConfig.eventsMax)
    expect(kept[0]?.event.text).toBe('3')
    expect((await store.listEvents('j-1', 1, kept[0]!.number))[0]?.event.text).toBe('4')
  })
})

test('of very many plans the first stays and the newest, with their inputs', async () => {
  const count = storeConfig.plansMax + 5
  await commit(
    ...Array.from({ length: count }, (_, n): Change => ({
      kind: 'plan',
      jobId: 'j-1',
      plan: aPlan({ a: 1 }, { version: n + 1 }),
      input: n === 0 ? null : anInput,
    })),
  )
  const kept = await store.listPlans('j-1', 1_000, 0)
  expect(kept.map(({ plan }) => plan.version)).toEqual([1, ...Array.from({ length: count - 5 }, (_, n) => n + 6)])
  expect(kept.slice(0, 2).map(({ input }) => input)).toEqual([null, anInput])
  expect((await store.listPlans('j-1', 1, kept[0]!.number))[0]?.plan.version).toBe(6)
})

const anInput: PlanInput = {
  spec: aJob().spec,
  decidedAtMs: 5,
  catalogVersion: 'test',
  catalogHash: 'hash',
  capacity: [],
  samplesPerSecond: { cpu: 3 },
  modelSize: null,
  measuredLinks: [],
}

describe('a database of the version before', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudless-history-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('its rounds get the fields that they lacked, and their totals', async () => {
    const old = new DatabaseSync(join(folder, 'cloudless.db'))
    old.exec(migrations[0]!.statements)
    old.exec('PRAGMA application_id = 1129071692; PRAGMA user_version = 1')
    old
      .prepare(
        `INSERT INTO jobs (id, request_id, fingerprint, state, is_ended, created_at_ms, revision, touched, body)
         VALUES ('j-1', 'r', 'f', 'pending', 0, 0, 1, 1, ?)`,
      )
      .run(JSON.stringify(aJob()))
    const insert = old.prepare(`INSERT INTO rounds (job_id, region, number, body) VALUES ('j-1', 'a', ?, ?)`)
    for (const number of [1, 2]) {
      const { jobId, region, members, bytesSent, bytesReceived, seconds, atMs, replicaHash } = aRound({ number })
      const body = { jobId, region, number, members, bytesSent, bytesReceived, seconds, atMs, replicaHash }
      insert.run(number, JSON.stringify(body))
    }
    old.close()
    const opened = await openStore(folder)
    try {
      const list = await opened.listRounds('j-1', 10, null, '')
      expect(Object.keys(list[1]!).sort()).toEqual(Object.keys(aRound()).sort())
      expect(list[1]).toMatchObject({
        number: 2,
        firstNumber: 2,
        rounds: 1,
        bytesSent: 1_000,
        absent: {},
        loss: Number.NaN,
      })
      expect((await opened.roundTotals('j-1'))[0]).toMatchObject({ rounds: 2, bytesSent: 2_000, last: { number: 2 } })
    } finally {
      opened.close()
    }
  })
})
