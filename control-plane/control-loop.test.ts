import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObservedInstance } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { decideApart } from './decide-apart.ts'
import { measure } from './measure.ts'
import {
  aCatalogue,
  aJob,
  anInstance,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
  aSync,
  aSyncProgress,
  someProgress,
} from './model/builders.ts'
import { noActions } from './model/actions.ts'
import type { SyncProgress } from './model/snapshot.ts'
import { ScriptedAgent, startRig, type Rig } from './rig.ts'
import type { View } from './store/store.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

async function submit(id: string, regions: readonly string[]): Promise<void> {
  const spec = aSpec({ shards: regions.map((region) => aShard(region, 100)) })
  const job = aJob({ id, requestId: `request-${id}`, spec, createdAtMs: rig.clock.now() })
  const outcome = await rig.store.commit([{ kind: 'create-job', job, fingerprint: '' }], rig.store.view().revision)
  expect(outcome.kind).toBe('committed')
  await rig.clock.advance(200)
}

const stateOf = async (id: string): Promise<string | undefined> => (await rig.store.job(id))?.job.state

/** Says of everything that the agent was told to run that it stands like this. */
async function report(agent: ScriptedAgent, fields: Partial<ObservedInstance>, phase?: string): Promise<void> {
  const desired = agent.last('desired')
  const instances = (desired?.instances ?? []).map(({ id, jobId, role, region = '' }): ObservedInstance => {
    const isServer = role === 'INSTANCE_ROLE_PARAMETER_SERVER'
    const progress = { region, phase: phase as 'PARTITION_PHASE_TRAINING', samplesDone: 1, samplesTotal: 2, steps: 1 }
    const server = isServer && phase !== undefined ? { endpoint: `${region}:1`, progress } : {}
    return { id: id!, jobId: jobId!, attempt: 1, ...server, ...fields }
  })
  agent.say({ observed: { instances, desiredRevision: desired?.revision ?? 0 } })
  await rig.clock.advance(200)
}

describe('the life of a job', () => {
  test('it waits for an agent, starts, trains, finishes and succeeds, and its units are free again', async () => {
    await submit('j-1', ['a'])
    expect(await stateOf('j-1')).toBe('pending')
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(200)
    expect(await stateOf('j-1')).toBe('starting')
    expect(agent.last('desired')?.instances?.map(({ id }) => id)).toContain('j-1/a/ps')
    await report(agent, { state: 'INSTANCE_STATE_RUNNING' }, 'PARTITION_PHASE_TRAINING')
    expect(await stateOf('j-1')).toBe('running')
    expect(agent.last('desired')?.addressBooks).toMatchObject([{ jobId: 'j-1', peers: [{ endpoint: 'a:1' }] }])
    await report(agent, { state: 'INSTANCE_STATE_RUNNING' }, 'PARTITION_PHASE_DRAINING')
    expect(await stateOf('j-1')).toBe('finishing')
    expect(agent.last('desired')?.instances?.every(({ drain }) => drain)).toBe(true)
    const { job } = (await rig.store.job('j-1'))!
    await rig.store.commit([{ kind: 'job', job: { ...job, modelDigest: 'd'.repeat(64) } }], rig.store.view().revision)
    await report(agent, { state: 'INSTANCE_STATE_COMPLETED' }, 'PARTITION_PHASE_FINISHED')
    expect(await stateOf('j-1')).toBe('succeeded')
    expect(agent.last('desired')?.instances).toEqual([])
    await submit('j-2', ['a'])
    expect(await stateOf('j-2')).toBe('starting')
  })

  test('a restart of the control plane goes on where it stood', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    await submit('j-1', ['a'])
    await report(agent, { state: 'INSTANCE_STATE_RUNNING' }, 'PARTITION_PHASE_TRAINING')
    await rig.controlPlane.stop()
    const { store, clock } = rig
    rig = startRig({ store, clock })
    const again = new ScriptedAgent(rig)
    await clock.advance(200)
    expect(await stateOf('j-1')).toBe('running')
    expect(again.last('desired')?.instances?.map(({ id }) => id)).toContain('j-1/a/ps')
  })

  test('an agent is told again only when something changed for it', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    await submit('j-1', ['a'])
    const told = agent.heard.filter(({ desired }) => desired).length
    await report(agent, { state: 'INSTANCE_STATE_STARTING' })
    await rig.clock.advance(5_000)
    expect(agent.heard.filter(({ desired }) => desired)).toHaveLength(told)
  })

  test('a cancelled job ends when its agent has stopped everything', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    await submit('j-1', ['a'])
    await report(agent, { state: 'INSTANCE_STATE_RUNNING' }, 'PARTITION_PHASE_TRAINING')
    const { job } = (await rig.store.job('j-1'))!
    await rig.store.commit([{ kind: 'job', job: { ...job, state: 'cancelling' } }], rig.store.view().revision)
    await rig.clock.advance(100)
    expect(agent.last('desired')?.instances).toEqual([])
    expect(await stateOf('j-1')).toBe('cancelling')
    await report(agent, {})
    expect(await stateOf('j-1')).toBe('cancelled')
  })
})

describe('one broken job', () => {
  const jobs = ['j-1', 'j-2', 'j-3'].map((id) => aJob({ id }))
  const snapshot = aSnapshot({ catalogue: aCatalogue({ a: { cpu: 1 } }), jobs })
  const decide = (given: typeof snapshot) => {
    if (given.jobs.some(({ id }) => id === 'j-2')) throw new Error('no such shard')
    return {
      ...noActions,
      jobs: given.jobs.map(({ id, revision }) => ({ id, ifRevision: revision, change: { reason: 'seen' } })),
    }
  }

  test('is set aside with its error as the reason, and the others are decided', () => {
    const { actions, broken } = decideApart(snapshot, decide)
    expect([...broken.keys()]).toEqual(['j-2'])
    expect(actions.jobs.map(({ id, change }) => [id, change.reason])).toEqual([
      ['j-1', 'seen'],
      ['j-2', 'stuck on an internal error: no such shard'],
      ['j-3', 'seen'],
    ])
  })

  test('is not written again while the error stays the same', () => {
    const stuck = { ...jobs[1]!, reason: 'stuck on an internal error: no such shard' }
    const { actions } = decideApart({ ...snapshot, jobs: [jobs[0]!, stuck] }, decide)
    expect(actions.jobs.map(({ id }) => id)).toEqual(['j-1'])
  })
})

describe('measurements', () => {
  const digest = 'ab'.repeat(32)
  const peers = ['a', 'b'].map((region) => ({ region, endpoint: '', dataShare: 0.5, isPruned: false }))
  const job = aJob({ state: 'running', addressBook: { epoch: 1, peers } })
  const partition = (region: string, fields: object, workers: number) => [
    anInstance({
      id: `j-1/${region}/ps`,
      region,
      role: 'parameter-server',
      units: 0,
      progress: someProgress(region, {
        steps: 100,
        samplesDone: 3200,
        rounds: 10,
        wanBytesSent: 4000,
        workers,
        ...fields,
      }),
    }),
    ...Array.from({ length: workers }, (_, n) => anInstance({ id: `j-1/${region}/worker-${n}`, region })),
  ]
  const view = (fields: Partial<View>): View => {
    return {
      revision: 1,
      jobs: [job],
      functions: [],
      pipelines: [],
      instances: [],
      agents: [],
      throughput: new Map(),
      modelSizes: new Map(),
      measuredLinks: new Map(),
      paidUsd: new Map(),
      kept: [],
      ...fields,
    }
  }

  test('throughput is per unit over all regions, model size per update and step', () => {
    const instances = [...partition('a', { samplesPerSecond: 100 }, 1), ...partition('b', { samplesPerSecond: 500 }, 3)]
    expect(measure(view({ instances }), 5_000)).toEqual([
      { kind: 'throughput', key: `${digest}/cpu`, samplesPerSecond: 150 },
      { kind: 'model-size', bundleDigest: digest, size: { updateBytes: 400, samplesPerStep: 32 } },
    ])
  })

  test.each<[string, GivenSync, readonly string[], number]>([
    ['compressed updates', { strategy: 'asgd-ga', codec: 'fp16' }, ['a', 'b'], 800],
    ['gossip to one of two peers', { strategy: 'model-averaging', mode: 'asynchronous' }, ['a', 'b', 'c'], 400],
    ['updates to both peers', { strategy: 'asgd-ga' }, ['a', 'b', 'c'], 200],
    // Four models cross for three regions that take part.
    ['rounds over a hub', { strategy: 'model-averaging' }, ['a', 'b', 'c'], 300],
    // A round has one contribution: two thirds of one cross for it, and its result to two.
    ['rounds of whoever is there', { strategy: 'hierarchical', codec: 'fp32' }, ['a', 'b', 'c'], 450],
    ['rounds of one fragment each', { strategy: 'streaming-diloco', codec: 'fp32' }, ['a', 'b'], 1600],
  ])('the model behind %s is the whole one, as float32', (_, given, regions, updateBytes) => {
    const book = { epoch: 1, peers: regions.map((region) => ({ ...peers[0]!, region })) }
    const other = aJob({ state: 'running', addressBook: book, spec: aSpec({ sync: aSync(given) }) })
    const instances = regions.flatMap((region) => partition(region, {}, 1))
    const [change] = measure(view({ jobs: [other], instances }), 5_000)
    expect(change?.kind === 'model-size' ? change.size.updateBytes : 0).toBeCloseTo(updateBytes)
  })

  test('the codec of now counts, and significance says nothing of the size', () => {
    const found = (given: GivenSync, sync: Partial<SyncProgress> | null) => {
      const other = aJob({ state: 'running', addressBook: { epoch: 1, peers }, spec: aSpec({ sync: aSync(given) }) })
      return measure(view({ jobs: [other], instances: partition('a', { sync }, 1) }), 5_000)
    }
    const int8 = found({ strategy: 'auto' }, { codec: 'int8', fragments: 2 })
    expect(int8).toMatchObject([{ size: { updateBytes: expect.closeTo((400 * 2 * 4 * 256) / 260) } }])
    expect(found({ strategy: 'asp' }, null)).toEqual([])
  })

  test('of a mixture of models each worker says what it does, and of workers in step nothing is said', () => {
    const mixed = (workerMode: 'asynchronous' | 'synchronous') => {
      const workerSpeeds = { 'j-1/a/worker-0': 100, 'j-1/a/worker-1': 900 }
      const [server, cpu, t4] = partition('a', { samplesPerSecond: 1_000, workerSpeeds, rounds: 0 }, 2)
      const spec = aSpec({ training: { ...aSpec().training, workerMode } })
      const instances = [server!, cpu!, { ...t4!, deviceModel: 't4' }]
      return measure(view({ jobs: [aJob({ state: 'running', spec })], instances }), 5_000)
    }
    expect(mixed('asynchronous')).toEqual([
      { kind: 'throughput', key: `${digest}/cpu`, samplesPerSecond: 100 },
      { kind: 'throughput', key: `${digest}/t4`, samplesPerSecond: 900 },
    ])
    expect(mixed('synchronous')).toEqual([])
  })

  test('links are of the places where partitions run, and follow what is measured slowly', () => {
    const plan = aPlan({}, { partitions: [aPartition('a', 1), aPartition('b', 1, { place: 'c', moves: 1 })] })
    const moved = aJob({ state: 'running', plan, addressBook: { epoch: 1, peers } })
    const seen = (mbitPerSecond: number, wanBytesSent: number) => ({
      sync: aSyncProgress({ links: [{ fromRegion: 'b', mbitPerSecond, roundTripMs: 80 }] }),
      rounds: 2,
      wanBytesSent,
    })
    const taken = (mbitPerSecond: number, known: View['measuredLinks'] = new Map(), wanBytesSent = 8e6) =>
      measure(
        view({ jobs: [moved], instances: partition('a', seen(mbitPerSecond, wanBytesSent), 1), measuredLinks: known }),
        5_000,
      )
    const first = { mbitPerSecond: 40, roundTripMs: 80, atMs: 5_000 }
    expect(taken(40)).toEqual([{ kind: 'link', from: 'c', to: 'a', measurement: first }])
    const known = new Map([['c a', first]])
    expect(taken(60, known)).toMatchObject([{ measurement: { mbitPerSecond: 44, roundTripMs: 80 } }])
    expect(taken(42, known)).toEqual([])
    expect(taken(0)).toEqual([])
    // Small messages take as long as the way is, whatever the link carries.
    expect(taken(1, new Map(), 8e3)).toEqual([])
  })

  test('start-up, missing workers and small differences say nothing', () => {
    const young = partition('a', { samplesPerSecond: 100, steps: 5, rounds: 0 }, 1)
    const short = partition('b', { samplesPerSecond: 100, workers: 1, rounds: 0 }, 2)
    expect(measure(view({ instances: [...young, ...short] }), 5_000)).toEqual([])
    const known = new Map([[`${digest}/cpu`, 98]])
    const instances = partition('a', { samplesPerSecond: 100, rounds: 0 }, 1)
    expect(measure(view({ instances, throughput: known }), 5_000)).toEqual([])
  })
})
