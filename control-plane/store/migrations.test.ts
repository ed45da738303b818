// What older versions have written reads as if this one had.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  aForecast,
  aFunction,
  aJob,
  anAgent,
  anAllocation,
  anInferenceSpec,
  anInstance,
  aPartition,
  aPlan,
  aShard,
  aSpec,
  aUsage,
} from '#control-plane/model/builders.ts'
import { openStore } from './open-store.ts'
import { migrations } from './sqlite/migrations.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-store-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('jobs, plans, instances, agents and entries of version 3', async () => {
  const partitions = ['a', 'b'].map((region) => aPartition(region, 2, { allocations: [anAllocation(2)] }))
  const plan = aPlan(
    {},
    {
      partitions,
      reasons: [{ region: 'a', chosen: true, rule: 'r', text: 't', figures: {} }],
      forecast: aForecast({ seconds: 5, computeUsd: 1 }),
    },
  )
  const spec = aSpec({ shards: [aShard('a', 5), aShard('b', 6)] })
  const jobs = [aJob({ spec, plan, state: 'running' }), aJob({ id: 'j-2', requestId: 'r-2', spec })]
  const agent = anAgent('a', { cpu: 4, t4: 1 })
  const instance = anInstance({ id: 'j-1/a/worker-0', region: 'a' })
  const price = { unitPriceUsd: 3.6, unitPrice: 3.6, currency: 'USD', amountUsd: 0.01, catalogHash: 'c' }
  const entry = { ...aUsage({ attempt: 0, purpose: '' }), ...price }

  const old = new DatabaseSync(join(folder, 'cloudless.db'))
  for (const { version, statements } of migrations.filter((each) => each.version <= 3)) {
    old.exec(statements)
    old.exec(`PRAGMA application_id = 1129071692; PRAGMA user_version = ${version}`)
  }
  const insertJob = old.prepare(
    `INSERT INTO jobs (id, request_id, fingerprint, state, is_ended, created_at_ms, revision, touched, body)
     VALUES (?, ?, '', ?, 0, 0, 1, 1, ?)`,
  )
  for (const job of jobs) insertJob.run(job.id, job.requestId, job.state, without(job))
  old
    .prepare('INSERT INTO instances (id, job_id, revision, body) VALUES (?, ?, 1, ?)')
    .run(instance.id, 'j-1', without(instance))
  old.prepare('INSERT INTO agents (region, revision, body) VALUES (?, 1, ?)').run('a', without(agent, deviceKeys))
  old
    .prepare('INSERT INTO ledger (id, job_id, from_ms, amount_usd, body) VALUES (?, ?, 0, 0.01, ?)')
    .run(entry.id, 'j-1', without(entry, usageKeys))
  old.close()

  const store = await openStore(folder)
  const view = store.view()
  expect(view.jobs).toEqual(jobs)
  expect(view.instances).toEqual([instance])
  expect(view.agents).toEqual([agent])
  expect(await store.listLedger('j-1', 10, null)).toEqual([entry])
  store.close()
})

/** As version 3 wrote it. */
function without(value: object, keys: ReadonlySet<string> = newKeys): string {
  return JSON.stringify(value, (key, each: unknown) => (keys.has(key) ? undefined : each))
}

const newKeys = new Set([
  'objective',
  'budget',
  'owner',
  'labels',
  'markets',
  'bytes',
  'mayMoveTo',
  'version',
  'plannedAtMs',
  'cause',
  'exchange',
  'movements',
  'alternatives',
  'bound',
  'figures',
  'place',
  'moves',
  'dataRegions',
  'market',
  'zone',
  'instanceType',
  'lossesPerHour',
  'movementSeconds',
  'movementUsd',
  'storageUsd',
  'spotLossUsd',
  'partition',
])
const functionKeys = new Set(['autoscaler', 'timeoutMs', 'queueMax', 'atMostOnce', 'profile', 'memoryBytes'])
const deviceKeys = new Set(['market', 'zone', 'instanceType', 'endsAtMs'])
const usageKeys = new Set(['attempt', 'purpose', 'currency', 'unitPrice'])

test('a pipeline of version 11 has the time-out that all had', async () => {
  const old = new DatabaseSync(join(folder, 'cloudless.db'))
  for (const { version, statements } of migrations.filter((each) => each.version <= 11)) {
    old.exec(statements)
    old.exec(`PRAGMA application_id = 1129071692; PRAGMA user_version = ${version}`)
  }
  const spec = { name: 'look', stages: [], slo: null, owner: '', labels: {} }
  const pipeline = { id: 'p-1', spec, createdAtMs: 0, endedAtMs: null, revision: 1 }
  old
    .prepare(`INSERT INTO pipelines (id, name, is_ended, revision, body) VALUES ('p-1', 'look', 0, 1, ?)`)
    .run(JSON.stringify(pipeline))
  old.close()
  const store = await openStore(folder)
  try {
    expect(store.view().pipelines).toEqual([{ ...pipeline, spec: { ...spec, timeoutMs: 30_000 } }])
  } finally {
    store.close()
  }
})

test('functions of version 10', async () => {
  const older = { version: 1, spec: anInferenceSpec({ batchMax: 2 }) }
  const of = aFunction({ version: 2, older: [older], places: ['a'] })
  const old = new DatabaseSync(join(folder, 'cloudless.db'))
  for (const { version, statements } of migrations.filter((each) => each.version <= 10)) {
    old.exec(statements)
    old.exec(`PRAGMA application_id = 1129071692; PRAGMA user_version = ${version}`)
  }
  old
    .prepare(
      `INSERT INTO functions (id, name, is_ended, created_at_ms, revision, touched, body) VALUES (?, ?, 0, 0, 1, 1, ?)`,
    )
    .run(of.id, of.spec.name, without(of, functionKeys))
  old.close()
  const store = await openStore(folder)
  try {
    expect(store.view().functions).toEqual([of])
  } finally {
    store.close()
  }
})
