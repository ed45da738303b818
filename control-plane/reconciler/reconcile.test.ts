// A job's stories, told by an agent that reports one thing at a time, and what must hold at every point of any story.
import { describe, expect, test } from 'vitest'
import { applyActions, isEmpty } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anAllocation,
  anInstance,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
  someProgress,
} from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Instance, PartitionPhase, Snapshot } from '#control-plane/model/snapshot.ts'
import { desiredByRegion, desiredFor } from './desired.ts'
import { reconcile } from './reconcile.ts'

const regions = ['a', 'b', 'c']
const holdout = aShard('a', 10)
const spec = aSpec({ shards: [aShard('a', 300), aShard('b', 200), aShard('c', 100)], holdout })

function placedPlan(of: readonly string[] = regions, units = 2): Plan {
  const allocations = [anAllocation(units, { usdPerUnitHour: 0.04 })]
  const partitions = of.map((region, i) => aPartition(region, units, { samples: 100 * (of.length - i), allocations }))
  return aPlan({}, { partitions, bottleneckRegion: 'a' })
}

const refused = (outcome: 'waiting' | 'impossible'): Plan => ({
  ...placedPlan([]),
  outcome,
  reasons: [
    { region: 'a', chosen: false, rule: 'ready', text: 'a has 2 cpu free', figures: {} },
    { region: 'b', chosen: false, rule: 'no-free-units', text: 'b has 0 of 2 cpu free', figures: {} },
  ],
})

const nowMs = 10_000_000

function world(job: Partial<Job> = {}): Snapshot {
  return aSnapshot({
    nowMs,
    catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 }, c: { cpu: 1 } }),
    agents: regions.map((region) => anAgent(region, { cpu: 4 }, { lastHeartbeatAtMs: nowMs })),
    jobs: [aJob({ spec, plan: placedPlan(), ...job })],
  })
}

/** Applies what reconcile says, and checks that it has then nothing more to say. */
function settled(snapshot: Snapshot): Snapshot {
  const next = applyActions(snapshot, reconcile(snapshot))
  expect(reconcile(next)).toEqual({ jobs: [], newInstances: [], releasedInstanceIds: [] })
  return next
}

function seeing(snapshot: Snapshot, id: string | RegExp, change: Partial<Instance>): Snapshot {
  const matches = (instance: Instance): boolean => (typeof id === 'string' ? instance.id === id : id.test(instance.id))
  const instances = snapshot.instances.map((instance) => (matches(instance) ? { ...instance, ...change } : instance))
  return { ...snapshot, instances }
}

function inPhase(snapshot: Snapshot, phase: PartitionPhase, where: readonly string[] = regions): Snapshot {
  return where.reduce(
    (now, region) =>
      seeing(now, `j-1/${region}/ps`, {
        state: 'running',
        endpoint: `${region}:1`,
        progress: someProgress(region, { phase }),
      }),
    snapshot,
  )
}

function withJob(snapshot: Snapshot, change: Partial<Job>): Snapshot {
  return { ...snapshot, jobs: snapshot.jobs.map((job) => ({ ...job, ...change })) }
}

function losing(snapshot: Snapshot, unseenMs: number, where: readonly string[]): Snapshot {
  const lost = { isConnected: false, lastHeartbeatAtMs: nowMs - unseenMs }
  const agents = snapshot.agents.map((agent) => (where.includes(agent.region) ? { ...agent, ...lost } : agent))
  return withJob({ ...snapshot, agents }, { startedAtMs: nowMs - 10 * unseenMs })
}

const started = settled(world())
const training = settled(inPhase(seeing(started, /./, { state: 'running', attempt: 1 }), 'training'))
const stateOf = (snapshot: Snapshot): string => snapshot.jobs[0]?.state ?? 'gone'
const reasonOf = (snapshot: Snapshot): string => snapshot.jobs[0]!.reason
/** How a job left the snapshot. */
const endOf = (snapshot: Snapshot): object => {
  settled(snapshot)
  const { state, reason, endedAtMs } = reconcile(snapshot).jobs[0]!.change
  return { state, reason, endedAtMs }
}

describe('starting', () => {
  test('a placed job gets one parameter server per region and one worker per unit', () => {
    const actions = reconcile(world())
    expect(actions.newInstances.map(({ id }) => id)).toEqual(
      regions.flatMap((region) => ['ps', 'worker-0', 'worker-1'].map((name) => `j-1/${region}/${name}`)),
    )
    expect(actions.newInstances[0]).toMatchObject({
      role: 'parameter-server',
      units: 0,
      state: 'planned',
      jobId: 'j-1',
    })
    expect(actions.newInstances[1]).toMatchObject({
      role: 'worker',
      units: 1,
      deviceModel: 'cpu',
      usdPerUnitHour: 0.04,
    })
    expect(actions.jobs).toMatchObject([
      { id: 'j-1', ifRevision: 1, change: { state: 'starting', startedAtMs: nowMs } },
    ])
  })

  test('the address book names the hub of the plan, and a later plan another one', () => {
    const exchange = { interval: 16, codec: 'int8', fragments: 4 }
    const withHub = (snapshot: Snapshot, hub: string): Snapshot => ({
      ...snapshot,
      jobs: snapshot.jobs.map((job) => ({ ...job, plan: { ...job.plan!, exchange: { ...exchange, hub } } })),
    })
    const first = settled(withHub(world(), 'b'))
    expect(first.jobs[0]!.addressBook).toMatchObject({ epoch: 1, hub: 'b' })
    const second = settled(withHub(first, 'c'))
    expect(second.jobs[0]!.addressBook).toMatchObject({ epoch: 2, hub: 'c' })
    expect(started.jobs[0]!.addressBook.hub).toBeUndefined()
  })

  test('the first address book knows all regions and no endpoint', () => {
    expect(started.jobs[0]!.addressBook).toMatchObject({
      epoch: 1,
      peers: [
        { region: 'a', endpoint: '', dataShare: 0.5, isPruned: false },
        { region: 'b', endpoint: '' },
        { region: 'c', endpoint: '' },
      ],
    })
  })

  test('a waiting job says which regions it waits for, and only those', () => {
    expect(reconcile(world({ plan: refused('waiting') })).jobs[0]!.change).toEqual({
      reason: 'waiting: b has 0 of 2 cpu free',
    })
    expect(isEmpty(reconcile(world({ plan: null })))).toBe(true)
  })

  test('an impossible job fails with the reason', () => {
    expect(endOf(world({ plan: refused('impossible') }))).toEqual({
      state: 'failed',
      reason: 'can not be placed: b has 0 of 2 cpu free',
      endedAtMs: nowMs,
    })
  })

  test('instances that exist already are not made twice', () => {
    const half = { ...world(), instances: started.instances.slice(0, 4) }
    expect(reconcile(half).newInstances).toHaveLength(5)
  })
})

describe('training', () => {
  test('starting, running, finishing, succeeded', () => {
    const partly = settled(inPhase(started, 'training', ['a', 'b']))
    expect([stateOf(partly), reasonOf(partly)]).toEqual(['starting', '2 of 3 partitions train; waiting for c'])
    expect([stateOf(training), reasonOf(training)]).toEqual(['running', 'training in a, b, c'])
    const oneDrains = settled(inPhase(training, 'draining', ['c']))
    expect(stateOf(oneDrains)).toBe('running')
    const draining = settled(inPhase(inPhase(training, 'evaluating', ['a']), 'draining', ['b', 'c']))
    expect(stateOf(draining)).toBe('finishing')
    const finished = settled(inPhase(draining, 'finished'))
    expect([stateOf(finished), reasonOf(finished)]).toEqual([
      'finishing',
      'all samples used, last evaluation; waiting for the model from a',
    ])
    expect(endOf(withJob(finished, { modelDigest: 'cd'.repeat(32) }))).toEqual({
      state: 'succeeded',
      reason: 'trained in a, b, c',
      endedAtMs: nowMs,
    })
  })

  test('a parameter server that ended well has finished, whatever it said last', () => {
    const exited = seeing(withJob(training, { modelDigest: 'cd' }), /ps$/, { state: 'completed' })
    expect(endOf(exited)).toMatchObject({ state: 'succeeded' })
  })

  test('an instance that waits or starts again is told of, with the end of its log', () => {
    const because = 'exit code 1 after 0.4 s, failure 1 of 3; last lines of its log:\nTraceback\nValueError'
    const failing = settled(seeing(training, 'j-1/b/worker-0', { state: 'backing-off', reason: because }))
    const short = 'exit code 1 after 0.4 s, failure 1 of 3; last lines of its log: ValueError'
    expect(reasonOf(failing)).toBe(`training in a, b, c; j-1/b/worker-0: ${short}`)
    const again = settled(seeing(failing, 'j-1/b/worker-0', { state: 'running', reason: '' }))
    expect(reasonOf(again)).toBe('training in a, b, c')
    const waiting = settled(seeing(started, /worker/, { state: 'starting', reason: 'waits for 1 units of cpu' }))
    expect(reasonOf(waiting).match(/waits for 1 units/g)).toHaveLength(3)
  })

  test('a parameter server that starts again does not take the job back', () => {
    expect(stateOf(settled(inPhase(training, 'starting', ['b'])))).toBe('running')
  })

  test('reaching the target drains every region', () => {
    const target = { ...spec, training: { ...spec.training, target: { metric: 'accuracy', atLeast: 0.85 } } }
    const below = settled(withJob(training, { spec: target, evaluation: { accuracy: 0.8499, loss: 9 } }))
    expect(stateOf(below)).toBe('running')
    const reached = settled(withJob(training, { spec: target, evaluation: { accuracy: 0.85 } }))
    expect(reasonOf(reached)).toBe('accuracy 0.85 reached the target 0.85; 0 of 3 partitions finished')
    const later = settled(withJob(reached, { evaluation: { accuracy: 0.84 } }))
    expect(stateOf(later)).toBe('finishing')
    expect(desiredFor(later, 'b').instances.every(({ drain }) => drain)).toBe(true)
  })

  test('NaN never reaches a target', () => {
    const target = { ...spec, training: { ...spec.training, target: { metric: 'accuracy', atLeast: 0 } } }
    expect(stateOf(settled(withJob(training, { spec: target, evaluation: { accuracy: Number.NaN } })))).toBe('running')
  })
})

describe('failing', () => {
  test('an instance that gave up fails the job, says why, and everything is released', () => {
    const broken = seeing(training, 'j-1/b/worker-1', {
      state: 'failed',
      attempt: 4,
      reason: 'ImportError: no module x',
    })
    expect(endOf(broken)).toMatchObject({
      state: 'failed',
      reason: 'worker j-1/b/worker-1 failed at attempt 4: ImportError: no module x',
    })
    expect(reconcile(broken).releasedInstanceIds).toHaveLength(9)
  })

  test('a worker that fails after the model has arrived fails nothing', () => {
    const finished = withJob(inPhase(training, 'finished'), { modelDigest: 'cd' })
    expect(endOf(seeing(finished, 'j-1/b/worker-1', { state: 'failed' }))).toMatchObject({ state: 'succeeded' })
  })

  test('an instance that backs off fails nothing', () => {
    expect(stateOf(settled(seeing(training, 'j-1/b/ps', { state: 'backing-off', attempt: 2 })))).toBe('running')
  })
})

describe('cancelling', () => {
  test('everything is released at once; the job ends when it is down', () => {
    const cancelling = settled(withJob(training, { state: 'cancelling', reason: 'cancelled by ann' }))
    expect(cancelling.instances.every(({ isReleased }) => isReleased)).toBe(true)
    expect(desiredFor(cancelling, 'a').instances).toEqual([])
    expect(stateOf(cancelling)).toBe('cancelling')
    const partly = settled(seeing(cancelling, /^j-1\/[ab]\//, { state: 'stopped' }))
    expect(stateOf(partly)).toBe('cancelling')
    // The reason is that of whoever cancelled, so only the state changes.
    expect(endOf(seeing(partly, /./, { state: 'stopped' }))).toEqual({ state: 'cancelled', endedAtMs: nowMs })
  })

  test('a pending job ends at once, and a region that is away is not waited for', () => {
    expect(endOf(world({ state: 'cancelling', plan: null }))).toMatchObject({ state: 'cancelled' })
    expect(endOf(losing(withJob(training, { state: 'cancelling' }), 60_000, regions))).toMatchObject({
      state: 'cancelled',
    })
  })
})

describe('a lost region', () => {
  test('is waited for, and the reason says for how long', () => {
    const lost = settled(losing(training, 45_000, ['b']))
    expect([stateOf(lost), reasonOf(lost)]).toEqual(['running', 'training in a, b, c; region b unseen for 40 s'])
    expect(settled(losing(lost, 49_000, ['b'])).jobs[0]!.reason).toBe(reasonOf(lost))
  })

  test('is pruned after the grace time while the others go on, for good', () => {
    const pruned = settled(losing(training, 600_000, ['c']))
    const book = pruned.jobs[0]!.addressBook
    expect(book.epoch).toBe(training.jobs[0]!.addressBook.epoch + 1)
    expect(book.peers.map(({ isPruned }) => isPruned)).toEqual([false, false, true])
    expect(pruned.instances.filter(({ isReleased }) => isReleased).map(({ region }) => region)).toEqual(['c', 'c', 'c'])
    expect(reasonOf(pruned)).toBe('training in a, b; without c, which was lost with 16.7 % of the data')
    const back = settled({ ...pruned, agents: world().agents })
    expect(back.jobs[0]!.addressBook).toEqual(book)
    expect(desiredFor(back, 'c').instances).toEqual([])
    const finished = withJob(inPhase(pruned, 'finished', ['a', 'b']), { modelDigest: 'cd' })
    expect(endOf(finished)).toMatchObject({
      state: 'succeeded',
      reason: 'trained in a, b; without c, which was lost with 16.7 % of the data',
    })
  })

  test('the grace time is an argument', () => {
    const lost = losing(training, 45_000, ['c'])
    expect(reconcile(lost, { pruneAfterMs: 45_000 }).releasedInstanceIds).toHaveLength(3)
    expect(reconcile(lost, { pruneAfterMs: 45_001 }).releasedInstanceIds).toHaveLength(0)
  })

  test.each([
    [
      'when most regions are away, the control plane may be the one that is cut off',
      losing(training, 600_000, ['a', 'b']),
    ],
    ['when all are away', losing(training, 600_000, regions)],
    ['while another region has not begun', losing(inPhase(training, 'starting', ['b']), 600_000, ['c'])],
    ['once it has finished', losing(inPhase(training, 'finished', ['c']), 600_000, ['c'])],
  ])('is not pruned %s', (_, snapshot) => {
    expect(settled(snapshot).jobs[0]!.addressBook.peers.some(({ isPruned }) => isPruned)).toBe(false)
  })

  test('the model comes from the next region when the first is out of sight at the end', () => {
    const finished = settled(inPhase(training, 'finished'))
    const lost = settled(losing(finished, 30_000, ['a']))
    expect(reasonOf(lost)).toContain('waiting for the model from b')
    expect(desiredFor(lost, 'b').instances[0]!.uploadsModel).toBe(true)
  })
})

describe('address books and desired state', () => {
  test('the epoch grows with every new endpoint and only then', () => {
    expect(started.jobs[0]!.addressBook.epoch).toBe(1)
    const first = settled(seeing(started, 'j-1/a/ps', { endpoint: 'a:1' }))
    expect(first.jobs[0]!.addressBook.epoch).toBe(2)
    const moved = settled(seeing(first, 'j-1/a/ps', { endpoint: 'a:2', attempt: 2 }))
    expect(moved.jobs[0]!.addressBook).toMatchObject({ epoch: 3, peers: [{ endpoint: 'a:2' }, {}, {}] })
    expect(isEmpty(reconcile(seeing(moved, 'j-1/a/worker-0', { state: 'running' })))).toBe(true)
  })

  test('each region is told of its own instances and of all peers', () => {
    const desired = desiredFor(training, 'b')
    expect(desired.instances.map(({ instance }) => instance.id)).toEqual([
      'j-1/b/ps',
      'j-1/b/worker-0',
      'j-1/b/worker-1',
    ])
    expect(desired.instances[0]).toMatchObject({ workers: 2, drain: false, uploadsModel: false, spec })
    expect(desired.instances[0]!.dataShare).toBeCloseTo(1 / 3)
    expect(desired.addressBooks).toEqual([{ jobId: 'j-1', book: training.jobs[0]!.addressBook }])
    expect(desiredFor(training, 'a').instances[0]!.uploadsModel).toBe(true)
  })

  test('all regions at once is each region alone; a region with nothing gets an empty set', () => {
    const all = desiredByRegion({ ...training, agents: [...training.agents, anAgent('d', { cpu: 1 })] })
    expect([...all.keys()]).toEqual(['a', 'b', 'c', 'd'])
    for (const region of regions) expect(all.get(region)).toEqual(desiredFor(training, region))
    expect(all.get('d')).toEqual({ region: 'd', instances: [], addressBooks: [], keptJobIds: [] })
  })

  test('an instance of an ended job is not desired', () => {
    const orphan = anInstance({ id: 'j-0/a/worker-0', jobId: 'j-0', region: 'a' })
    expect(desiredFor({ ...world(), instances: [orphan] }, 'a').instances).toEqual([])
  })
})
