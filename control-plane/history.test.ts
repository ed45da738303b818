// What agents report of a job's course, from the journal through the store to whoever lists it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JournalRecord } from '#proto/generated/cloudless/v1/JournalRecord.ts'
import type { Round } from '#proto/generated/cloudless/v1/Round.ts'
import { toChanges } from './actions-to-changes.ts'
import { aJob, aPlan, aRound, aShard, aSpec, someProgress } from './model/builders.ts'
import { noActions } from './model/actions.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { encodeRound } from './wire/round.ts'

let rig: Rig
beforeEach(async () => {
  rig = startRig()
  const job = aJob({ spec: aSpec({ shards: [aShard('a', 50), aShard('b', 50)] }) })
  await rig.store.commit([{ kind: 'create-job', job, fingerprint: '' }], 0)
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

let seq = 0
beforeEach(() => {
  seq = 0
})

async function journal(agent: ScriptedAgent, ...records: JournalRecord[]): Promise<void> {
  agent.say({ journal: { records: records.map((record) => ({ ...record, seq: ++seq })) } })
  await rig.clock.advance(200)
}

const wireRound = (fields: Partial<Round> = {}): JournalRecord => ({ round: { ...encodeRound(aRound()), ...fields } })
const listRounds = (fields: object) =>
  rig.jobs.listRounds(overTheWire('ListRoundsRequest', { jobId: 'j-1', ...fields }), aCall())

describe('rounds', () => {
  test('arrive with all that their region said, in the name of the agent that said it', async () => {
    const agent = new ScriptedAgent(rig)
    const said = aRound({ absent: { b: 'no word for 12 s' }, excludedDataShare: 0.5, members: ['a'], term: 4 })
    await journal(agent, wireRound({ ...encodeRound(said), region: 'b' }))
    const { rounds } = await listRounds({})
    expect(rounds).toEqual([encodeRound(said)])
    const { job } = await rig.jobs.getJob({ id: 'j-1' }, aCall())
    expect(job?.progress?.roundTotals).toMatchObject([{ region: 'a', rounds: 1, incompleteRounds: 1 }])
  })

  test('are listed page by page, of all regions or of one', async () => {
    const [a, b] = [new ScriptedAgent(rig), new ScriptedAgent(rig, { region: 'b', agentId: 'agent-2' })]
    for (const agent of [a, b]) {
      seq = 0
      await journal(agent, wireRound({ number: 1 }), wireRound({ number: 2 }), wireRound({ number: 3 }))
    }
    const seen: string[] = []
    let pageToken = ''
    do {
      const page = await listRounds({ pageSize: 2, pageToken })
      seen.push(...page.rounds!.map(({ region, number }) => `${region}${String(number)}`))
      pageToken = page.nextPageToken!
    } while (pageToken !== '')
    expect(seen).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
    expect((await listRounds({ region: 'b', pageSize: 2 })).rounds).toMatchObject([{ region: 'b' }, { region: 'b' }])
    const { nextPageToken } = await listRounds({ pageSize: 1 })
    await expect(listRounds({ region: 'b', pageToken: nextPageToken })).rejects.toMatchObject({ kind: 'invalid' })
    await expect(listRounds({ jobId: 'j-0' })).rejects.toMatchObject({ kind: 'not-found' })
  })

  test.each([
    ['a share above one', { excludedDataShare: 1.5 }],
    ['seconds that are no number', { seconds: Number.NaN }],
    ['a negative stall', { stallSeconds: -1 }],
    ['a hash that is none', { replicaHash: 'xyz' }],
    ['a number below zero', { number: -3 }],
    ['very many members', { members: Array.from({ length: 2_000 }, (_, i) => `r${i}`) }],
  ])('%s is passed over, and what follows is taken', async (_case, fields) => {
    const agent = new ScriptedAgent(rig)
    await journal(agent, wireRound(fields), wireRound({ number: 7 }))
    expect((await listRounds({})).rounds).toMatchObject([{ number: 7 }])
    expect(agent.last('journalAck')).toEqual({ seq: 2 })
  })
})

describe('evaluations and events', () => {
  test('are listed oldest first, page by page', async () => {
    const agent = new ScriptedAgent(rig)
    const evaluation = { jobId: 'j-1', epoch: 1, metrics: { accuracy: 0.5 }, isFinal: false, atMs: 10 }
    const event = { jobId: 'j-1', instanceId: 'i', attempt: 1, kind: 'exited', text: 'one', atMs: 10 }
    await journal(
      agent,
      { evaluation },
      { evaluation: { ...evaluation, isFinal: true } },
      { evaluation: { ...evaluation, atMs: 5 } },
      { event },
      { event: { ...event, text: 'two' } },
    )
    const evaluations = (fields: object) =>
      rig.jobs.listEvaluations(overTheWire('ListEvaluationsRequest', { jobId: 'j-1', pageSize: 2, ...fields }), aCall())
    const first = await evaluations({})
    const rest = await evaluations({ pageToken: first.nextPageToken })
    const all = [...first.evaluations!, ...rest.evaluations!]
    expect(all.map(({ atMs, isFinal }) => [atMs, isFinal])).toEqual([
      [5, false],
      [10, false],
      [10, true],
    ])
    const events = (fields: object) =>
      rig.jobs.listEvents(overTheWire('ListEventsRequest', { jobId: 'j-1', pageSize: 1, ...fields }), aCall())
    const one = await events({})
    expect(one.events).toMatchObject([{ text: 'one' }])
    expect((await events({ pageToken: one.nextPageToken })).events).toMatchObject([{ text: 'two' }])
  })

  test('that a job goes on without a region stands in its history', async () => {
    const peer = { region: 'b', endpoint: '', dataShare: 0.5, isPruned: false }
    const book = { epoch: 1, peers: [peer] }
    await rig.store.commit([{ kind: 'job', job: aJob({ addressBook: book }) }], rig.store.view().revision)
    const pruned = { epoch: 2, peers: [{ ...peer, isPruned: true }] }
    const decided = { ...noActions, jobs: [{ id: 'j-1', ifRevision: 1, change: { addressBook: pruned } }] }
    const changes = toChanges(rig.store, decided, 77)
    await rig.store.commit(changes, rig.store.view().revision)
    const text = 'region b was lost for too long; the job goes on without its 50.0 % of the data'
    expect(changes[1]).toMatchObject({ kind: 'event', event: { kind: 'pruned', text, atMs: 77 } })
    expect(toChanges(rig.store, decided, 78)).toHaveLength(1)
  })
})

test('the plans of a job stand in its history, with what each was decided on', async () => {
  const replan = async (version: number, cause: string): Promise<void> => {
    const plan = aPlan({ a: version }, { version, cause, plannedAtMs: 1_000 * version })
    const update = { id: 'j-1', ifRevision: 1, change: { plan } }
    const changes = toChanges(rig.store, { ...noActions, jobs: [update] }, 5)
    await rig.store.commit(changes, rig.store.view().revision)
  }
  await replan(1, '')
  await replan(2, 'units came free')
  const list = (fields: object) =>
    rig.jobs.listPlans(overTheWire('ListPlansRequest', { jobId: 'j-1', pageSize: 1, ...fields }), aCall())
  const first = await list({})
  expect(first.plans).toMatchObject([{ version: 1, cause: '' }])
  const second = await list({ pageToken: first.nextPageToken })
  expect(second).toMatchObject({ plans: [{ version: 2, cause: 'units came free' }], nextPageToken: '' })
  await expect(list({ jobId: 'j-none' })).rejects.toThrow('j-none')
  const { events } = await rig.jobs.listEvents(overTheWire('ListEventsRequest', { jobId: 'j-1' }), aCall())
  expect(events).toMatchObject([{ kind: 'replanned', text: 'plan 2: units came free', atMs: 2_000 }])
})

test('how a region synchronises is shown as it was reported', async () => {
  const sync = {
    planVersion: 3,
    interval: 24,
    codec: 'int8',
    fragments: 4,
    committedRound: 41,
    hub: 'b',
    term: 2,
    hears: ['b'],
    stepSeconds: 0.05,
    stallShare: 0.02,
    reason: 'one exchange takes 1.2 s at 80 Mbit/s',
    links: [{ fromRegion: 'b', mbitPerSecond: 80, roundTripMs: 150 }],
    lateCarried: 1,
    lateDropped: 0,
    refused: { 'another shape': 2 },
  }
  const instance = { id: 'j-1/a/ps', jobId: 'j-1', state: 'INSTANCE_STATE_RUNNING' as const, attempt: 1 }
  const agent = new ScriptedAgent(rig)
  const second = new ScriptedAgent(rig, { region: 'b', agentId: 'agent-2' })
  await rig.clock.advance(300)
  expect(second.isOpen).toBe(true)
  const progress = { ...someProgress('a'), phase: 'PARTITION_PHASE_TRAINING' as const, sync }
  agent.say({ observed: { instances: [{ ...instance, progress }] } })
  await rig.clock.advance(300)
  const { job } = await rig.jobs.getJob({ id: 'j-1' }, aCall())
  expect(job?.progress?.partitions).toMatchObject([{ region: 'a', sync }])
})
