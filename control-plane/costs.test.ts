import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GetCostsRequest } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import type { Usage } from '#proto/generated/cloudless/v1/Usage.ts'
import { aCatalogue, aForecast, aJob, anInstance, aPlan, aShard, aSpec } from './model/builders.ts'
import { hourMs } from './model/costs.ts'
import type { Job } from './model/job.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

const spec = aSpec({ shards: [aShard('a', 100), aShard('b', 50)], owner: 'ada', labels: { team: 'vision' } })
const plan = aPlan(
  { a: 1, b: 1 },
  {
    forecast: aForecast({ seconds: 100, computeUsd: 1, egressUsd: 0.1, totalUsd: 1.1 }),
    forecastUseEverything: aForecast({ seconds: 90, computeUsd: 2, egressUsd: 0.1, totalUsd: 2.1 }),
  },
)

async function put(...jobs: Partial<Job>[]): Promise<void> {
  const changes = jobs.map((job, i) => {
    const fields = { requestId: `r-${i}`, spec, state: 'succeeded' as const, startedAtMs: 0, endedAtMs: 60_000, ...job }
    return { kind: 'create-job', job: aJob(fields), fingerprint: '' } as const
  })
  await rig.store.commit(changes, rig.store.view().revision)
}

async function tell(...usages: Usage[]): Promise<void> {
  const agent = new ScriptedAgent(rig)
  const window = { jobId: 'j-1', instanceId: 'j-1/a/worker-0', subject: 'cpu', attempt: 1, purpose: 'train' }
  const records = usages.map((usage, i) => ({
    seq: i + 1,
    usage: { id: `u${i}`, kind: 1 as const, fromMs: 1, toMs: 9, ...window, ...usage },
  }))
  agent.say({ journal: { records } })
  await rig.clock.advance(100)
}

async function costs(request: GetCostsRequest = {}) {
  return (await rig.costs.getCosts(overTheWire('GetCostsRequest', request), aCall())).costs!
}

/** Sends a link's month through its tiers, in reports of any size, and gives what the ledger has for it. */
async function sentInTiers(gigabytes: readonly number[], perReport: number): Promise<{ usd: number; bill: number }> {
  const plain = aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 } })
  const tiers = [
    { upToGb: 4, usdPerGb: 0.1 },
    { upToGb: 20, usdPerGb: 0.05 },
    { upToGb: null, usdPerGb: 0.01 },
  ]
  const links = plain.links.map((link) => ({ ...link, egress: { kind: 'per-gb' as const, tiers } }))
  const catalogue = { ...plain, links }
  const own = startRig({ catalogue: () => catalogue })
  await own.store.commit([{ kind: 'create-job', job: aJob(), fingerprint: '' }], 0)
  const agent = new ScriptedAgent(own)
  const fromMs = own.clock.now()
  const records = gigabytes.map((size, i) => {
    const window = { fromMs: fromMs + i, toMs: fromMs + i + 1, instanceId: 'j-1/a/ps', jobId: 'j-1' }
    return { seq: i + 1, usage: { id: `w${i}`, kind: 2 as const, subject: 'b', quantity: size * 1e9, ...window } }
  })
  for (let i = 0; i < records.length; i += perReport) {
    agent.say({ journal: { records: records.slice(i, i + perReport) } })
    // Now and then a report is sent again.
    if (i % 2 === 0) agent.say({ journal: { records: records.slice(i, i + perReport) } })
    await own.clock.advance(i % 3 === 0 ? 100 : 1)
  }
  await own.clock.advance(1_000)
  const answer = (await own.costs.getCosts(overTheWire('GetCostsRequest', {}), aCall())).costs!
  await own.controlPlane.stop()
  own.store.close()
  return { usd: answer.total!.totalUsd as number, bill: (answer.linkMonths![0]?.billUsd ?? 0) as number }
}

test('the ledger of a link’s month is its bill through the tiers, however it was reported', async () => {
  const sizes = fc.array(fc.double({ min: 0.1, max: 6, noNaN: true }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (gigabytes, perReport) => {
      const total = gigabytes.reduce((sum, size) => sum + size, 0)
      const wanted =
        0.1 * Math.min(total, 4) + 0.05 * Math.max(0, Math.min(total, 20) - 4) + 0.01 * Math.max(0, total - 20)
      const { usd, bill } = await sentInTiers(gigabytes, perReport)
      expect(usd).toBeCloseTo(wanted, 9)
      expect(bill).toBeCloseTo(wanted, 9)
    }),
    { numRuns: 25 },
  )
})

describe('GetCosts', () => {
  test('adds up many jobs by what was asked for, and the groups are the total', async () => {
    await put({ id: 'j-1', plan }, { id: 'j-2', spec: { ...spec, owner: '', labels: {} } })
    await tell(
      { quantity: 3600 },
      { quantity: 360, purpose: 'redo' },
      { quantity: 900, jobId: 'j-2' },
      { kind: 2, subject: 'b', quantity: 1e9, purpose: 'sync' },
      { kind: 2, subject: 'b', quantity: 2e9, purpose: 'data' },
    )
    const all = await costs({ groupBy: ['owner', 'purpose'] })
    // The plan of j-1 has 1 USD an hour for a, the catalogue 3.6.
    const [compute, moved] = [1.1 + 0.9, 0.2]
    expect(all.total).toMatchObject({
      totalUsd: expect.closeTo(compute + moved + 0.1) as unknown,
      computeUsd: expect.closeTo(compute) as unknown,
      egressUsd: expect.closeTo(0.1) as unknown,
      movementUsd: expect.closeTo(moved) as unknown,
      redoUsd: expect.closeTo(0.1) as unknown,
      wanBytes: 3e9,
      entries: 5,
    })
    expect(all.groups!.map(({ key, amounts }) => [...key!, amounts?.totalUsd])).toEqual([
      ['ada', 'train', expect.closeTo(1)],
      ['', 'train', expect.closeTo(0.9)],
      ['ada', 'data', expect.closeTo(0.2)],
      ['ada', 'redo', expect.closeTo(0.1)],
      ['ada', 'sync', expect.closeTo(0.1)],
    ])
    expect(all).toMatchObject({ jobsTotal: 2, rate: { currency: 'USD', usd: 1 }, gapsTotal: 0 })
    expect(all.jobs!.map(({ jobId }) => jobId)).toEqual(['j-1', 'j-2'])
    expect(all.points!.at(-1)!.totalUsd).toBeCloseTo(2.3)
    expect(all.catalogues).toMatchObject([
      { hash: rig.catalogue.hash, version: 'test', usd: expect.closeTo(1.2) as unknown },
      // Nobody has kept the one that the plan of this test names.
      { hash: 'hash-of-test', version: '', usd: expect.closeTo(1.1) as unknown },
    ])
    expect(all.linkMonths).toMatchObject([
      { fromRegion: 'a', toRegion: 'b', month: '1970-01', priceKind: 'per-gb', bytes: 3e9, days: 1 },
    ])
    expect(all.linkMonths![0]!.billUsd).toBeCloseTo(all.linkMonths![0]!.ledgerUsd as number)
  })

  test('finds jobs by id, time, owner and label', async () => {
    await put({ id: 'j-1' }, { id: 'j-2', spec: { ...spec, owner: 'bob', labels: { team: 'text' } } })
    await tell(
      { quantity: 1000 },
      { quantity: 1000, jobId: 'j-2' },
      { quantity: 500, fromMs: hourMs, toMs: hourMs + 9 },
    )
    const total = async (request: GetCostsRequest) => (await costs({ toMs: 10 * hourMs, ...request })).total!.totalUsd
    expect(await total({})).toBeCloseTo(2.5)
    expect(await total({ jobIds: ['j-2'] })).toBeCloseTo(1)
    expect(await total({ owner: 'ada' })).toBeCloseTo(1.5)
    expect(await total({ owner: '' })).toBe(0)
    expect(await total({ labels: { team: 'text' } })).toBeCloseTo(1)
    expect(await total({ fromMs: hourMs + 5 })).toBeCloseTo(0.5)
    // Over months the sums are those of whole days; of few jobs that are named, of hours.
    expect(await total({ fromMs: hourMs + 5, toMs: 90 * 24 * hourMs })).toBeCloseTo(2.5)
    expect(await total({ fromMs: hourMs + 5, toMs: 90 * 24 * hourMs, jobIds: ['j-1', 'j-2'] })).toBeCloseTo(0.5)
    // A job in detail is told whole, whatever the time asked for.
    const { jobs } = await costs({ fromMs: hourMs, toMs: 2 * hourMs })
    expect(jobs!.map(({ jobId, amounts }) => [jobId, amounts?.totalUsd])).toEqual([['j-1', expect.closeTo(1.5)]])
  })

  test('compares with the forecast and with other ways', async () => {
    await put({ id: 'j-1', plan })
    await tell({ quantity: 3600 }, { kind: 2, subject: 'b', quantity: 1e9, purpose: 'sync' })
    const answer = await costs({ jobIds: ['j-1'] })
    const [job] = answer.jobs!
    expect(job).toMatchObject({ strategy: 'asgd-ga', seconds: 60, isFinal: true, planVersion: 1, owner: 'ada' })
    expect(job!.forecast).toMatchObject({ totalUsd: 1.1 })
    const ways = Object.fromEntries(job!.counterfactuals!.map((way) => [way.name, way]))
    expect(ways['use-everything']).toMatchObject({
      known: true,
      allowed: true,
      totalUsd: expect.closeTo(2.1) as unknown,
      seconds: 54,
    })
    expect(ways['use-everything']!.saving).toBeCloseTo(1 - 1.1 / 2.1)
    // Only a has an agent, and the data of b may not go there.
    expect(ways['single-region']).toMatchObject({ known: true, allowed: false, region: 'a' })
    expect(ways['asgd']).toMatchObject({ known: false, totalUsd: 0 })
    expect(ways['on-demand']).toBeUndefined()
    expect(answer.comparisons!.map(({ name, jobs, forbidden }) => [name, jobs, forbidden])).toEqual([
      ['single-region', 1, 1],
      ['use-everything', 1, 0],
    ])
  })

  test('shows when an instance ran and nobody told of it', async () => {
    await put({ id: 'j-1', plan, state: 'running', endedAtMs: null })
    const instance = anInstance({ id: 'j-1/a/worker-0', region: 'a', usdPerUnitHour: 3.6 })
    await rig.store.commit([{ kind: 'instance', instance }], rig.store.view().revision)
    const startMs = rig.clock.now()
    await tell(
      { quantity: 10, fromMs: startMs - 60_000, toMs: startMs - 50_000 },
      { quantity: 10, fromMs: startMs - 30_000, toMs: startMs - 20_000 },
    )
    const told = await costs({ jobIds: ['j-1'] })
    expect(told.gaps).toMatchObject([
      { fromMs: startMs - 50_000, toMs: startMs - 30_000, open: false, estimatedUsd: expect.closeTo(0.02) as unknown },
    ])
    expect(told.total!.computeUsd).toBeCloseTo(20 / 3600)
    await rig.clock.advance(120_000)
    const later = await costs({ jobIds: ['j-1'] })
    expect(later).toMatchObject({
      gapsTotal: 2,
      gaps: [{}, { fromMs: startMs - 20_000, toMs: rig.clock.now(), open: true }],
    })
    expect(later.total).toEqual(told.total)
  })

  test('counts a record once however often it comes, and what a new machine meters under the same names too', async () => {
    await put({ id: 'j-1' })
    const window = { jobId: 'j-1', instanceId: 'j-1/a/worker-0', kind: 1 as const, subject: 'cpu', quantity: 10 }
    const first = { seq: 1, usage: { ...window, id: 'j-1/a/worker-0/1/0', fromMs: 0, toMs: 10_000 } }
    const agent = new ScriptedAgent(rig)
    agent.say({ journal: { records: [first] } })
    agent.say({ journal: { records: [first] } })
    await rig.clock.advance(100)
    agent.hangUp()
    await rig.clock.advance(60_000)
    // Its disk is gone: another agent, which begins to count again.
    const other = new ScriptedAgent(rig, { agentId: 'agent-2', incarnation: 2 })
    const again = { seq: 1, usage: { ...first.usage, fromMs: 90_000, toMs: 100_000 } }
    other.say({ journal: { records: [again] } })
    other.say({ journal: { records: [again] } })
    await rig.clock.advance(100)
    expect(other.error).toBeNull()
    expect((await costs()).total).toMatchObject({ entries: 2, deviceSeconds: 20 })
  })

  test('tells what was used of GPUs that were shared, and what whole ones would have cost', async () => {
    const catalogue = aCatalogue({ a: { cpu: 3.6, t4: 3.6 } })
    await rig.controlPlane.stop()
    rig.store.close()
    rig = startRig({ catalogue: () => catalogue })
    const gpuShare = { requestMilli: 300, limitMilli: 900, memoryBytes: 0 }
    await put({ id: 'j-1', plan, spec: { ...spec, resources: { ...spec.resources, gpuShare } } })
    await tell(
      { subject: 't4', quantity: 4, fromMs: 0, toMs: 10_000 },
      { subject: 'cpu', quantity: 10, fromMs: 0, toMs: 10_000 },
    )
    const told = await costs({ jobIds: ['j-1'], groupBy: ['device'] })
    expect(told.groups).toMatchObject([
      { key: ['t4'], amounts: { deviceSeconds: 4, leftSeconds: 6, computeUsd: expect.closeTo(0.004) as unknown } },
      { key: ['cpu'], amounts: { deviceSeconds: 10, leftSeconds: 0 } },
    ])
    const whole = told.jobs![0]!.counterfactuals!.find(({ name }) => name === 'exclusive')!
    expect(Number(whole.computeUsd) - Number(told.total!.computeUsd)).toBeCloseTo(0.006)
    const request = overTheWire<Parameters<typeof rig.costs.listLedgerEntries>[0]>('ListLedgerEntriesRequest', {
      jobId: 'j-1',
    })
    const { entries } = await rig.costs.listLedgerEntries(request, aCall())
    expect(entries!.map(({ subject, leftSeconds }) => [subject, leftSeconds ?? 0])).toEqual([
      ['t4', 6],
      ['cpu', 0],
    ])
  })

  test('refuses what it can not answer, field by field', async () => {
    const request = { groupBy: ['colour', 'label:'], currency: 'XAU', fromMs: 5, toMs: 4, labels: { '': 'x' } }
    await expect(costs(request)).rejects.toMatchObject({
      kind: 'invalid',
      violations: [
        { field: 'to_ms' },
        { field: 'labels' },
        { field: 'group_by[0]', description: expect.stringContaining('region, kind') as unknown },
        { field: 'group_by[1]' },
        { field: 'currency', description: 'is "XAU", of which the catalogue states no rate; use one of USD' },
      ],
    })
    await expect(costs({ groupBy: ['region', 'kind', 'job', 'owner'] })).rejects.toMatchObject({ kind: 'invalid' })
    await expect(costs({ jobIds: ['j-9'] })).rejects.toMatchObject({ kind: 'not-found' })
  })

  test('of nothing is nothing', async () => {
    expect(await costs()).toMatchObject({ groups: [], jobs: [], points: [], comparisons: [], total: { totalUsd: 0 } })
  })
})
