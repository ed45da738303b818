import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JournalRecord } from '#proto/generated/cloudless/v1/JournalRecord.ts'
import { aJob, anInstance, aSpec, aShard } from './model/builders.ts'
import type { Change } from './store/store.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

async function commit(...changes: Change[]): Promise<void> {
  expect(await rig.store.commit(changes, rig.store.view().revision)).toMatchObject({ kind: 'committed' })
  await rig.clock.advance(50)
}

const agentOf = (region: string) => rig.store.view().agents.find((agent) => agent.region === region)

describe('hello', () => {
  test('an agent is welcomed, stored and told what to run', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    expect(agent.last('welcome')).toEqual({ heartbeatMs: 2000, leaseMs: 10_000, journalSeq: 0 })
    expect(agent.last('desired')).toMatchObject({ instances: [] })
    expect(agentOf('a')).toMatchObject({ agentId: 'agent-1', isConnected: true, devices: [{ units: 2 }] })
  })

  test.each([
    ['an unknown region', { region: 'nowhere' }, 'not-found', 'region nowhere does not exist'],
    ['another protocol', { protocolVersion: 7 }, 'conflict', 'speaks protocol 7, this control plane speaks 1'],
    ['an empty id', { agentId: '' }, 'invalid', 'hello.agent_id'],
    ['no incarnation', { incarnation: 0 }, 'invalid', 'hello.incarnation'],
    ['a device of nothing', { devices: [{ id: 'x', model: 'cpu', units: 0 }] }, 'invalid', 'hello.devices[0].units'],
    [
      'one device twice',
      { devices: [1, 2].map(() => ({ id: 'x', model: 'cpu', units: 1 })) },
      'invalid',
      'two devices have the same id',
    ],
  ])('%s is refused', async (_case, hello, kind, text) => {
    const agent = new ScriptedAgent(rig, hello)
    await rig.clock.advance(100)
    expect(agent.error).toMatchObject({ kind, message: expect.stringContaining(text) })
    expect(rig.store.view().agents).toEqual([])
  })

  test('a stream that says nothing is ended', async () => {
    const requests = (async function* () {
      await rig.clock.sleep(60_000)
      yield overTheWire<never>('ConnectRequest', {})
    })()
    const error = Array.fromAsync(rig.fleet.connect(requests, aCall())).catch((reason: unknown) => reason)
    await rig.clock.advance(11_000)
    expect(await error).toMatchObject({ kind: 'deadline', reason: 'NO_HELLO' })
  })
})

describe('the lease of a region', () => {
  test('a second agent is refused while it lives, and taken once it ran out', async () => {
    const first = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    const second = new ScriptedAgent(rig, { agentId: 'agent-2' })
    await rig.clock.advance(100)
    expect(second.error).toMatchObject({ kind: 'already-exists', reason: 'REGION_HELD' })
    expect(first.isOpen).toBe(true)
    first.hangUp()
    await rig.clock.advance(11_000)
    expect(agentOf('a')).toMatchObject({ agentId: 'agent-1', isConnected: false })
    const third = new ScriptedAgent(rig, { agentId: 'agent-2' })
    await rig.clock.advance(100)
    expect(third.isOpen).toBe(true)
    expect(agentOf('a')).toMatchObject({ agentId: 'agent-2', isConnected: true })
  })

  test('the same agent started again takes over, and its older stream is closed', async () => {
    const before = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    const after = new ScriptedAgent(rig, { incarnation: 2 })
    await rig.clock.advance(100)
    expect(before.error).toMatchObject({ reason: 'SUPERSEDED' })
    expect(after.isOpen).toBe(true)
    const late = new ScriptedAgent(rig, { incarnation: 1 })
    await rig.clock.advance(100)
    expect(late.error).toMatchObject({ reason: 'OLD_INCARNATION' })
  })

  test('heartbeats keep it, silence loses it, and a word brings it back', async () => {
    const agent = new ScriptedAgent(rig)
    for (let i = 0; i < 10; i++) {
      await rig.clock.advance(2_000)
      agent.say({ observed: {} })
    }
    await rig.clock.advance(100)
    expect(agentOf('a')?.isConnected).toBe(true)
    await rig.clock.advance(12_000)
    expect(agentOf('a')?.isConnected).toBe(false)
    agent.say({ observed: {} })
    await rig.clock.advance(100)
    expect(agentOf('a')?.isConnected).toBe(true)
  })

  test('after a restart of the control plane others wait for one lease time', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    await rig.controlPlane.stop()
    await rig.clock.advance(1)
    expect(agent.error).toMatchObject({ kind: 'unavailable' })
    const { store, clock } = rig
    rig = startRig({ store, clock })
    const stranger = new ScriptedAgent(rig, { agentId: 'agent-2' })
    await clock.advance(100)
    expect(stranger.error).toMatchObject({ reason: 'REGION_HELD' })
    await clock.advance(12_000)
    expect(agentOf('a')?.isConnected).toBe(false)
  })
})

describe('observed state', () => {
  const instance = anInstance({ id: 'j-1/a/worker-0', region: 'a', state: 'planned', attempt: 0 })
  const observed = { id: instance.id, jobId: 'j-1', state: 'INSTANCE_STATE_RUNNING', attempt: 1 } as const

  beforeEach(async () => {
    const job = aJob({ state: 'running' })
    await commit({ kind: 'create-job', job, fingerprint: '' }, { kind: 'instance', instance })
  })

  test('may name the devices anew: what is to be taken away is known without another connection', async () => {
    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(100)
    const device = {
      id: 'cpu-0',
      model: 'cpu',
      units: 2,
      memoryBytes: 1,
      market: 'spot',
      zone: 'a-1',
      instanceType: 't',
    }
    for (const endsAtMs of [120_000, 0]) {
      agent.say({ observed: { instances: [], desiredRevision: 0, devices: [{ ...device, endsAtMs }] } })
      await rig.clock.advance(100)
      const endsAtMsKnown = endsAtMs === 0 ? null : endsAtMs
      expect(agentOf('a')).toMatchObject({ devices: [{ ...device, endsAtMs: endsAtMsKnown }], isConnected: true })
    }
    // Heartbeats that name none leave them as they are.
    agent.say({ observed: { instances: [], desiredRevision: 0 } })
    await rig.clock.advance(60_000)
    expect(agentOf('a')).toMatchObject({ devices: [{ zone: 'a-1' }] })
    expect(agent.error).toBeNull()
  })

  test('goes into the store when it differs, and only then', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ observed: { instances: [{ ...observed, firstStepAtMs: 5000 }] } })
    await rig.clock.advance(100)
    expect(rig.store.activeInstance(instance.id)).toMatchObject({ state: 'running', attempt: 1 })
    expect(rig.store.activeJob('j-1')?.firstStepAtMs).toBe(5000)
    const before = rig.store.activeInstance(instance.id)
    agent.say({ observed: { instances: [observed] } })
    await rig.clock.advance(100)
    expect(rig.store.activeInstance(instance.id)).toBe(before)
  })

  test('of another region is left out', async () => {
    const agent = new ScriptedAgent(rig, { region: 'b' })
    agent.say({ observed: { instances: [observed] } })
    await rig.clock.advance(100)
    expect(rig.store.activeInstance(instance.id)?.state).toBe('planned')
    expect(agent.isOpen).toBe(true)
  })

  test('a released instance that its agent no longer knows is gone', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ observed: { instances: [observed] } })
    await rig.clock.advance(100)
    await commit({ kind: 'instance', instance: { ...rig.store.activeInstance(instance.id)!, isReleased: true } })
    expect(agent.last('desired')?.instances).toEqual([])
    agent.say({ observed: { instances: [], desiredRevision: 1 } })
    await rig.clock.advance(100)
    expect(rig.store.activeInstance(instance.id)?.state).toBe('running')
    agent.say({ observed: { instances: [], desiredRevision: Number(agent.last('desired')?.revision) } })
    await rig.clock.advance(100)
    expect(rig.store.activeInstance(instance.id)?.state).toBe('stopped')
  })

  test('a state of a newer version ends the stream with the field', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ observed: { instances: [{ ...observed, state: 0 }] } })
    await rig.clock.advance(100)
    expect(agent.error).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('observed.instances[0].state'),
    })
  })
})

describe('the journal', () => {
  const usage = (seq: number, fields: object = {}): JournalRecord => ({
    seq,
    usage: {
      id: `u-${seq}`,
      jobId: 'j-1',
      instanceId: 'j-1/a/worker-0',
      kind: 'USAGE_KIND_DEVICE_SECONDS',
      subject: 'cpu',
      quantity: 10,
      fromMs: 1,
      toMs: 10_001,
      ...fields,
    },
  })
  const cost = async (): Promise<number | undefined> => (await rig.store.job('j-1'))?.costUsd

  beforeEach(() => commit({ kind: 'create-job', job: aJob(), fingerprint: '' }))

  test('a record counts once, however often and wherever it is sent', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ journal: { records: [usage(1), usage(2)] } })
    agent.say({ journal: { records: [usage(1), usage(2)] } })
    agent.say({ journal: { records: [usage(2), usage(3)] } })
    await rig.clock.advance(100)
    expect(agent.last('journalAck')).toEqual({ seq: 3 })
    expect(await cost()).toBeCloseTo(0.03)
    const again = new ScriptedAgent(rig, { incarnation: 2 })
    again.say({ journal: { records: [usage(1), usage(2), usage(3), usage(4)] } })
    await rig.clock.advance(100)
    expect(again.last('welcome')).toMatchObject({ journalSeq: 3 })
    expect(await cost()).toBeCloseTo(0.04)
  })

  test('what it fetched from an object store is paid by the region that it left; it can say so of nothing else', async () => {
    const agent = new ScriptedAgent(rig)
    const fetched = { kind: 'USAGE_KIND_WAN_BYTES', subject: 'a', purpose: 'data', fromRegion: 'b' }
    const wrong = [
      { ...fetched, kind: 'USAGE_KIND_DEVICE_SECONDS' },
      { ...fetched, subject: 'c' },
    ]
    agent.say({ journal: { records: [usage(1, fetched), ...wrong.map((each, i) => usage(2 + i, each))] } })
    await rig.clock.advance(100)
    expect(agent.last('journalAck')).toEqual({ seq: 3 })
    expect(await rig.store.listLedger('j-1', 10, null)).toMatchObject([
      { id: expect.stringContaining('b:u-1'), region: 'b', subject: 'a', purpose: 'data', quantity: 10 },
    ])
  })

  test('what it says of a job that has ended still counts', async () => {
    await commit({ kind: 'job', job: aJob({ state: 'failed' }) })
    const agent = new ScriptedAgent(rig)
    const evaluation = { jobId: 'j-1', epoch: 1, metrics: { accuracy: 0.9 }, isFinal: true, atMs: 7 }
    agent.say({ journal: { records: [usage(1), { seq: 2, evaluation }] } })
    await rig.clock.advance(100)
    expect(await cost()).toBeCloseTo(0.01)
    expect((await rig.store.job('j-1'))?.job).toMatchObject({ state: 'failed', evaluation: { accuracy: 0.9 } })
  })

  test('a record that cannot be right is passed over, and those behind it count', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({
      journal: {
        records: [
          usage(1, { quantity: -5 }),
          usage(2, { jobId: 'j-unknown' }),
          usage(3, { kind: 0 }),
          { seq: 4 },
          usage(5),
        ],
      },
    })
    await rig.clock.advance(100)
    expect(agent.last('journalAck')).toEqual({ seq: 5 })
    expect((await rig.store.listLedger('j-1', 10, null)).map(({ id }) => id)).toEqual(['a:u-5@1'])
  })

  test('records out of order end the stream', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ journal: { records: [usage(2), usage(1)] } })
    await rig.clock.advance(100)
    expect(agent.error).toMatchObject({ kind: 'invalid' })
    expect(await cost()).toBe(0)
  })
})

describe('logs and files', () => {
  const instance = anInstance({ id: 'j-1/a/worker-0', region: 'a' })
  const spec = aSpec({ shards: [aShard('a', 10)] })
  beforeEach(() => commit({ kind: 'create-job', job: aJob({ spec }), fingerprint: '' }, { kind: 'instance', instance }))

  test('a log chunk is kept and acknowledged; one of an unknown instance is only acknowledged', async () => {
    const agent = new ScriptedAgent(rig)
    agent.say({ log: { instanceId: instance.id, offset: 0, data: Buffer.from('hello\n') } })
    await rig.clock.advance(100)
    expect(agent.last('logAck')).toEqual({ instanceId: instance.id, offset: 6 })
    agent.say({ log: { instanceId: 'j-9/a/worker-0', offset: 10, data: Buffer.from('abc') } })
    await rig.clock.advance(100)
    expect(agent.last('logAck')).toEqual({ instanceId: 'j-9/a/worker-0', offset: 13 })
  })

  test('a model is taken once its digest is right', async () => {
    const data = Buffer.from('model')
    const digest = createHash('sha256').update(data).digest('hex')
    const upload = (fields: object) =>
      rig.fleet.uploadModel(
        (async function* () {
          await Promise.resolve()
          yield overTheWire<never>('UploadModelRequest', {
            jobId: 'j-1',
            digest,
            totalBytes: 5,
            data,
            ...fields,
          })
        })(),
        aCall(),
      )
    await expect(upload({ digest: 'c'.repeat(64) })).rejects.toMatchObject({ reason: 'DIGEST_MISMATCH' })
    await expect(upload({ jobId: 'j-9' })).rejects.toMatchObject({ kind: 'not-found' })
    await expect(upload({ totalBytes: 2 ** 40 })).rejects.toMatchObject({ kind: 'exhausted' })
    expect(rig.store.activeJob('j-1')?.modelDigest).toBeNull()
    expect(await upload({})).toEqual({ digest })
    expect(await upload({})).toEqual({ digest })
    expect(rig.store.activeJob('j-1')?.modelDigest).toBe(digest)
  })

  test('a bundle that is not there is not found, and a digest is checked', async () => {
    const fetch = (digest: string) => Array.fromAsync(rig.fleet.fetchBundle({ digest }, aCall()))
    await expect(fetch('d'.repeat(64))).rejects.toMatchObject({ kind: 'not-found' })
    await expect(fetch('../../etc/passwd')).rejects.toMatchObject({ kind: 'invalid' })
  })
})
