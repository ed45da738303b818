// A job whose data of one region is trained on in another one: the data comes first, then the partition.
import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
} from '#control-plane/model/builders.ts'
import { someProgress } from '#control-plane/model/builders.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { defaultPruneAfterMs } from './config.ts'
import { desiredFor } from './desired.ts'
import { reconcile } from './reconcile.ts'

const nowMs = 10_000_000
const lab = 'onprem/lab'
const server = `j-1/a/data-server/${lab}`
const stager = 'j-1/a/data-stager'

/** Data lies in a, b and onprem/lab; what lies in the lab is trained on in a. */
function placed(): Snapshot {
  const partitions = [aPartition('a', 2, { dataRegions: ['a', lab], samples: 400 }), aPartition('b', 1)]
  return settled(
    aSnapshot({
      nowMs,
      catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 }, [lab]: { cpu: 1 } }),
      agents: ['a', 'b', lab].map((region) => anAgent(region, { cpu: 4 }, { lastHeartbeatAtMs: nowMs })),
      jobs: [
        aJob({
          spec: aSpec({ shards: [aShard('a', 300), aShard('b', 100), aShard(lab, 100, { mayMoveTo: ['*'] })] }),
          plan: aPlan({}, { partitions }),
        }),
      ],
    }),
  )
}

function settled(snapshot: Snapshot): Snapshot {
  const next = applyActions(snapshot, reconcile(snapshot))
  expect(reconcile(next)).toEqual({ jobs: [], newInstances: [], releasedInstanceIds: [] })
  return next
}

function told(snapshot: Snapshot, id: string, change: Partial<Instance>): Snapshot {
  const instances = snapshot.instances.map((instance) => (instance.id === id ? { ...instance, ...change } : instance))
  return settled({ ...snapshot, instances })
}

const desired = (snapshot: Snapshot, region: string): readonly string[] =>
  desiredFor(snapshot, region).instances.map(({ instance }) => instance.id)
const reason = ({ jobs }: Snapshot): string => jobs[0]!.reason

describe('data that is moved', () => {
  test('is given and fetched first; nobody else begins, and nothing is paid for, before it is there', () => {
    const start = placed()
    expect(desired(start, lab)).toEqual([server])
    expect(desired(start, 'a')).toEqual([stager])
    expect(desired(start, 'b')).toEqual([])
    const [given] = desiredFor(start, 'a').instances
    expect(given).toMatchObject({ uploadsModel: false, partitions: [{ region: 'a', dataRegions: ['a', lab] }, {}] })
    expect(reason(start)).toContain('staging of onprem/lab in a')

    const listening = told(start, server, { state: 'running', endpoint: 'lab:1' })
    const { book } = desiredFor(listening, 'a').addressBooks[0]!
    expect(book.data).toEqual([{ region: lab, endpoint: 'lab:1' }])
    const underWay = told(listening, stager, { state: 'running', staging: { bytesDone: 3.2e9, bytesTotal: 8e9 } })
    expect(reason(underWay)).toContain('staging 3.2 of 8.0 GB of onprem/lab in a')
    expect(desired(underWay, 'b')).toEqual([])

    const there = told(underWay, stager, { state: 'completed' })
    expect(desired(there, 'a')).toEqual([stager, 'j-1/a/ps', 'j-1/a/worker-0', 'j-1/a/worker-1'])
    expect(desired(there, 'b')).toEqual(['j-1/b/ps', 'j-1/b/worker-0'])
    expect(reason(there)).not.toContain('staging')
    // A machine that is lost may need it again.
    expect(desired(there, lab)).toEqual([server])
  })

  test('is needed no more once its partition has used its samples', () => {
    const there = told(placed(), stager, { state: 'completed' })
    const draining = told(there, 'j-1/a/ps', { state: 'running', progress: someProgress('a', { phase: 'draining' }) })
    expect(desired(draining, lab)).toEqual([])
    expect(desired(draining, 'a')).toEqual(['j-1/a/ps', 'j-1/a/worker-0', 'j-1/a/worker-1'])
  })

  test('from a region that is lost is waited for; then the job fails with the reason', () => {
    const start = told(placed(), server, { state: 'running', endpoint: 'lab:1' })
    const without = (unseenMs: number): Snapshot => {
      const agents = start.agents.map((agent) => (agent.region === lab ? { ...agent, isConnected: false } : agent))
      const next = { ...start, nowMs: nowMs + unseenMs, agents }
      return applyActions(next, reconcile(next))
    }
    expect(reason(without(95_000))).toContain('staging of onprem/lab in a, region onprem/lab unseen for 90 s')
    const late = { ...start, nowMs: nowMs + defaultPruneAfterMs + 1 }
    const agents = late.agents.map((agent) => (agent.region === lab ? { ...agent, isConnected: false } : agent))
    const [update] = reconcile({ ...late, agents }).jobs
    expect(update!.change).toMatchObject({
      state: 'failed',
      reason: 'the data of onprem/lab can not be moved to a: region onprem/lab unseen for 600 s',
    })
  })

  test('that can not be moved fails the job with what its stager said', () => {
    const failed = placed()
    const instances = failed.instances.map((instance): Instance => {
      return instance.id === stager ? { ...instance, state: 'failed', attempt: 4, reason: 'no room' } : instance
    })
    const [update] = reconcile({ ...failed, instances }).jobs
    expect(update!.change).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('data-stager j-1/a/data-stager failed at attempt 4: no room'),
    })
  })

  test('from an object store needs nobody who gives it, and is fetched in its own region too', () => {
    const shards = [
      { ...aShard('a', 300), uri: 's3://bucket-1/a' },
      { ...aShard(lab, 100, { mayMoveTo: ['*'] }), uri: 's3://bucket-1/lab' },
    ]
    const start = settled({
      ...placed(),
      instances: [],
      jobs: [
        aJob({
          spec: aSpec({ shards }),
          plan: aPlan({}, { partitions: [aPartition('a', 1, { dataRegions: ['a', lab] })] }),
        }),
      ],
    })
    expect(desired(start, lab)).toEqual([])
    expect(desired(start, 'a')).toEqual([stager])
    // Nobody has to be there for it.
    const without = start.agents.map((agent) => (agent.region === lab ? { ...agent, isConnected: false } : agent))
    const late = { ...start, nowMs: nowMs + 2 * defaultPruneAfterMs, agents: without }
    expect(applyActions(late, reconcile(late)).jobs[0]).toMatchObject({ state: 'starting' })
    const there = told(start, stager, { state: 'completed' })
    expect(desired(there, 'a')).toEqual([stager, 'j-1/a/ps', 'j-1/a/worker-0'])
  })

  test('of a job that is cancelled holds it up no longer than its own instances', () => {
    const start = told(placed(), server, { state: 'running', endpoint: 'lab:1' })
    const cancelling = { ...start, jobs: start.jobs.map((job) => ({ ...job, state: 'cancelling' as const })) }
    const down = applyActions(cancelling, reconcile(cancelling))
    expect(down.jobs).toEqual([])
  })
})

describe('a partition that moves while the job trains', () => {
  test('waits for its data where it goes, and the others go on', () => {
    const first = aPlan({}, { partitions: [aPartition('a', 1), aPartition('b', 1)] })
    const snapshot = aSnapshot({
      nowMs,
      catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 }, c: { cpu: 1 } }),
      agents: ['a', 'b', 'c'].map((region) => anAgent(region, { cpu: 4 }, { lastHeartbeatAtMs: nowMs })),
      jobs: [aJob({ spec: aSpec({ shards: [aShard('a', 300), aShard('b', 100)] }), plan: first })],
    })
    const started = settled(snapshot)
    const running = settled({
      ...started,
      jobs: started.jobs.map((job) => ({ ...job, firstStepAtMs: nowMs })),
      instances: started.instances.map((instance) => ({ ...instance, state: 'running' as const })),
    })
    const moved = {
      ...first,
      version: 2,
      partitions: [aPartition('a', 1), aPartition('b', 1, { place: 'c', moves: 1 })],
    }
    const leaving = settled({ ...running, jobs: running.jobs.map((job) => ({ ...job, plan: moved })) })
    const gone = settled({
      ...leaving,
      instances: leaving.instances.map((one) => (one.isReleased ? { ...one, state: 'stopped' as const } : one)),
    })
    expect(desired(gone, 'b')).toEqual(['j-1/b@c.1/data-server/b'])
    expect(desired(gone, 'c')).toEqual(['j-1/b@c.1/data-stager'])
    expect(desired(gone, 'a')).toEqual(['j-1/a/ps', 'j-1/a/worker-0'])
    expect(desiredFor(gone, 'a').addressBooks[0]!.book.peers[1]).toMatchObject({ region: 'b', place: 'c' })
    const there = told(gone, 'j-1/b@c.1/data-stager', { state: 'completed' })
    expect(desired(there, 'c')).toEqual(['j-1/b@c.1/data-stager', 'j-1/b@c.1/ps', 'j-1/b@c.1/worker-0'])
    expect(there.instances.find(({ id }) => id === 'j-1/b@c.1/ps')).toMatchObject({ moves: 1, partition: 'b' })
  })

  test('takes its checkpoints along from where it has begun, until it has begun where it goes', () => {
    const first = aPlan({}, { partitions: [aPartition('a', 1), aPartition('b', 1)] })
    const shards = [aShard('a', 300), { ...aShard('b', 100), uri: 's3://bucket-1/b' }]
    const started = settled(
      aSnapshot({
        nowMs,
        catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 }, c: { cpu: 1 } }),
        agents: ['a', 'b', 'c'].map((region) => anAgent(region, { cpu: 4 }, { lastHeartbeatAtMs: nowMs })),
        jobs: [aJob({ spec: aSpec({ shards }), plan: first })],
      }),
    )
    const moved = {
      ...first,
      version: 2,
      partitions: [aPartition('a', 1), aPartition('b', 1, { place: 'c', moves: 1 })],
    }
    const leaving = settled({
      ...started,
      jobs: started.jobs.map((job) => ({ ...job, firstStepAtMs: nowMs, plan: moved })),
      instances: started.instances.map((one) => ({ ...one, state: 'running' as const, attempt: 1 })),
    })
    const gone = settled({
      ...leaving,
      instances: leaving.instances.map((one) => (one.isReleased ? { ...one, state: 'stopped' as const } : one)),
    })
    // The data needs nobody who gives it; the checkpoints do.
    expect(desiredFor(gone, 'b').instances).toMatchObject([
      { instance: { id: 'j-1/b@c.1/data-server/b' }, checkpointFrom: 'b' },
    ])
    expect(desiredFor(gone, 'c').instances).toMatchObject([{ instance: { role: 'data-stager' }, checkpointFrom: 'b' }])
    const there = told(gone, 'j-1/b@c.1/data-stager', { state: 'completed' })
    const froms = (snapshot: Snapshot): readonly string[] =>
      desiredFor(snapshot, 'c').instances.map(({ instance, checkpointFrom }) => `${instance.role} ${checkpointFrom}`)
    expect(froms(there)).toEqual(['data-stager b', 'parameter-server b', 'worker '])
    // From then on an older checkpoint would take back what it has told others.
    const begun = told(there, 'j-1/b@c.1/ps', { state: 'starting', attempt: 1 })
    expect(froms(begun)).toEqual(['data-stager ', 'parameter-server ', 'worker '])
  })
})
