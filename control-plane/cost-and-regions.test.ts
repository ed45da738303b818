import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aJob } from './model/builders.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

describe('RegionService', () => {
  test('shows every region of the catalogue, with its agent where there is one', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    const { regions, catalogVersion } = await rig.regions.listRegions({}, aCall())
    expect(catalogVersion).toBe('test')
    expect(regions).toMatchObject([
      { name: 'a', agentState: 'AGENT_STATE_CONNECTED', offers: [{ deviceModel: 'cpu', unitsTotal: 2, unitsFree: 2 }] },
      { name: 'b', agentState: 'AGENT_STATE_ABSENT', offers: [{ unitsTotal: 0, unitsFree: 0, usdPerUnitHour: 7.2 }] },
    ])
    agent.hangUp()
    await rig.clock.advance(12_000)
    const { region } = await rig.regions.getRegion({ name: 'a' }, aCall())
    expect(region).toMatchObject({ agentState: 'AGENT_STATE_LOST', offers: [{ unitsTotal: 2, unitsFree: 0 }] })
  })

  test('links are listed from one region or from all, and a region that is not there is named', async () => {
    expect((await rig.regions.listLinks({ fromRegion: '' }, aCall())).links).toHaveLength(2)
    expect((await rig.regions.listLinks({ fromRegion: 'b' }, aCall())).links).toMatchObject([{ toRegion: 'a' }])
    const measurement = { mbitPerSecond: 42, roundTripMs: 7, atMs: 1 }
    await rig.store.commit([{ kind: 'link', from: 'b', to: 'a', measurement }], rig.store.view().revision)
    expect((await rig.regions.listLinks({ fromRegion: 'b' }, aCall())).links).toMatchObject([
      { mbitPerSecond: 100, measuredMbitPerSecond: 42, measuredRoundTripMs: 7 },
    ])
    await expect(rig.regions.listLinks({ fromRegion: 'c' }, aCall())).rejects.toMatchObject({ kind: 'not-found' })
    await expect(rig.regions.getRegion({ name: 'c' }, aCall())).rejects.toMatchObject({ kind: 'not-found' })
  })
})

describe('CostService', () => {
  test('the report is the sum of the ledger, which is listed page by page', async () => {
    await rig.store.commit([{ kind: 'create-job', job: aJob({ state: 'running' }), fingerprint: '' }], 0)
    const agent = new ScriptedAgent(rig)
    const window = { jobId: 'j-1', instanceId: 'j-1/a/ps', toMs: 9 }
    agent.say({
      journal: {
        records: [
          { seq: 1, usage: { ...window, id: 'u1', kind: 1, subject: 'cpu', quantity: 1000, fromMs: 1 } },
          { seq: 2, usage: { ...window, id: 'u2', kind: 2, subject: 'b', quantity: 2e9, fromMs: 2 } },
        ],
      },
    })
    await rig.clock.advance(100)
    const { report } = await rig.costs.getJobCost({ jobId: 'j-1' }, aCall())
    expect(report).toMatchObject({ computeUsd: 1, egressUsd: 0.2, totalUsd: 1.2, isFinal: false })
    expect(report?.links).toMatchObject([{ fromRegion: 'a', toRegion: 'b', bytes: 2e9 }])
    const list = (fields: object) =>
      rig.costs.listLedgerEntries(
        overTheWire('ListLedgerEntriesRequest', { jobId: 'j-1', pageSize: 1, ...fields }),
        aCall(),
      )
    const first = await list({})
    const second = await list({ pageToken: first.nextPageToken })
    expect([...first.entries!, ...second.entries!].map(({ id }) => id)).toEqual(['a:u1@1', 'a:u2@2'])
    expect(second.nextPageToken).toBe('')
    await expect(list({ pageToken: first.nextPageToken, jobId: 'j-2' })).rejects.toMatchObject({ kind: 'invalid' })
    await expect(list({ jobId: 'j-2' })).rejects.toMatchObject({ kind: 'not-found' })
  })
})
