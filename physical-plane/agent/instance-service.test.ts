import { describe, expect, test } from 'vitest'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { silentLog } from '#runtime/log.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { AttachRequest__Output } from '#proto/generated/cloudless/v1/AttachRequest.ts'
import type { AttachResponse } from '#proto/generated/cloudless/v1/AttachResponse.ts'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { Round, Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { aParameterServer, aWorker, aWorld, type World } from './agent.fixture.ts'
import type { Agent } from './agent.ts'
import { agentConfig } from './config.ts'
import { InstanceDesk, type InstanceServiceDependencies } from './instance-service.ts'
import { Journal, memoryJournalStorage } from './journal.ts'

const server = 'j-1/lab/parameter-server'
const worker = 'j-1/lab/worker-0'

type Talk = {
  readonly up: AsyncQueue<AttachRequest__Output>
  readonly down: AttachResponse[]
  error: unknown
  hang: () => void
}

/** A parameter server's side of the stream. */
function attach(service: Agent['instanceService'], attempt = 1, protocolVersion = 1, instanceId = server): Talk {
  const up = new AsyncQueue<AttachRequest__Output>({ limit: 100 })
  const abort = new AbortController()
  const talk: Talk = { up, down: [], error: null, hang: () => abort.abort() }
  void up.push({ message: 'hello', hello: { instanceId, attempt, protocolVersion } })
  void (async () => {
    try {
      const call = { signal: abort.signal, deadlineAtMs: null, peer: 'unix' }
      for await (const response of service.attach(up, call)) talk.down.push(response)
    } catch (error) {
      talk.error = error
    }
  })()
  return talk
}

function aStatus(over: Partial<InstanceStatus__Output> = {}): AttachRequest__Output {
  const status = {
    endpoint: '127.0.0.1:4000',
    workerEndpoint: 'unix:/x',
    progress: null,
    wanBytesSent: {},
    firstStepAtMs: 0,
    modelPath: '',
    stalledWorkers: [],
    joinedWorkers: [worker],
    isTrainingOver: false,
    workers: [],
    staging: null,
    wanBytesFetched: {},
    wanBytesOfCheckpoints: {},
    serving: null,
    ...over,
  }
  return { message: 'status', status }
}

const finished = { phase: 'PARTITION_PHASE_FINISHED' } as PartitionProgress__Output
const roundMessage = messageDefinition<Round, Round__Output>('cloudless.v1.Round')
const absent = { 'aws/us-east-1': 'no word for 9 s' }
const aRound = (number: number): AttachRequest__Output => {
  const said = { number, members: ['onprem/lab'], absent, stallSeconds: 0.25, codec: 'int8', loss: Number.NaN }
  return { message: 'round', round: roundMessage.deserialize(roundMessage.serialize(said)) }
}

async function aTrainingWorld(): Promise<World & { readonly agent: Agent }> {
  const world = aWorld()
  const agent = await world.startAgent()
  void agent.run()
  world.controlPlane.desire([aParameterServer({ uploadsModel: true }), aWorker()])
  await world.clock.advance(200)
  return { ...world, agent }
}

test('what a parameter server tells is in the agent’s metrics while it runs', async () => {
  const metrics = createMetrics()
  const world = aWorld()
  const agent = await world.startAgent({ metrics })
  void agent.run()
  world.controlPlane.desire([aParameterServer()])
  await world.clock.advance(200)
  const { up } = attach(agent.instanceService)
  await up.push(aStatus({ progress: { steps: 12, rounds: 2, sync: null } as PartitionProgress__Output }))
  await up.push(aRound(1))
  await world.clock.advance(200)
  expect(await metrics.render()).toContain('stall_seconds_total{job_id="j-1",region="onprem/lab"} 0.25')
  world.controlPlane.desire([])
  await world.clock.advance(1_000)
  expect(await metrics.render()).not.toContain('job_id="j-1"')
})

describe('a parameter server', () => {
  test('gets its directive at once and after every change', async () => {
    const { clock, controlPlane, agent } = await aTrainingWorld()
    const { down } = attach(agent.instanceService)
    await settle()
    expect(down).toEqual([{ directive: { addressBook: null, drain: false, interval: 0, intervalMin: 0 } }])
    controlPlane.desire([aParameterServer({ uploadsModel: true, drain: true }), aWorker()])
    await clock.advance(100)
    expect(down.at(-1)).toEqual({ directive: { addressBook: null, drain: true, interval: 0, intervalMin: 0 } })
  })

  test('tells where it listens; when it dies the address is no longer told', async () => {
    const { clock, controlPlane, agent, machine } = await aTrainingWorld()
    const { up } = attach(agent.instanceService)
    await up.push(aStatus({ firstStepAtMs: 77 }))
    await clock.advance(200)
    expect(controlPlane.observed.get(server)).toMatchObject({ endpoint: '127.0.0.1:4000', firstStepAtMs: 77 })
    machine.exit(server, 1)
    await clock.advance(200)
    expect(controlPlane.observed.get(server)).toMatchObject({ endpoint: '', firstStepAtMs: 77 })
  })

  test('has its rounds and evaluations acknowledged once they are durable, and they reach the control plane', async () => {
    const { clock, controlPlane, agent } = await aTrainingWorld()
    const { up, down } = attach(agent.instanceService)
    await up.push(aRound(1))
    const evaluation = {
      jobId: 'j-1',
      region: 'onprem/lab',
      epoch: 1,
      metrics: { accuracy: 0.9 },
      isFinal: false,
      atMs: 1,
    }
    await up.push({ message: 'evaluation', evaluation })
    await clock.advance(200)
    expect(down.at(-1)).toEqual({ recordsAck: { count: 2 } })
    expect(controlPlane.records.flatMap(({ round }) => (round == null ? [] : [round.number]))).toEqual([1])
    expect(controlPlane.observed.get(server)?.evaluation).toEqual({ accuracy: 0.9 })
  })

  test('has its rounds told whole, even by an agent that was restarted before it could', async () => {
    const { clock, controlPlane, agent, startAgent } = await aTrainingWorld()
    const { up, down } = attach(agent.instanceService)
    controlPlane.isDown = true
    controlPlane.cut()
    await up.push(aRound(1))
    await clock.advance(200)
    expect(down.at(-1)).toEqual({ recordsAck: { count: 1 } })
    agent.abandon()
    controlPlane.isDown = false
    const successor = await startAgent()
    void successor.run()
    await clock.advance(1_000)
    expect(controlPlane.records.flatMap(({ round }) => round ?? [])).toEqual([aRound(1).round])
  })

  test('is complete only after it named its model, which is then uploaded', async () => {
    const { clock, controlPlane, agent, machine } = await aTrainingWorld()
    machine.exit(server, 0)
    await clock.advance(1_000)
    expect(machine.launches).toContain(`${server}#2`)
    const { up, down } = attach(agent.instanceService, 2)
    await up.push(aStatus({ progress: finished, modelPath: '/state/model.safetensors' }))
    await clock.advance(100)
    expect(down.at(-1)).toEqual({ recordsAck: { count: 0 } })
    machine.exit(server, 0)
    await clock.advance(200)
    expect(controlPlane.observed.get(server)).toMatchObject({
      state: 'INSTANCE_STATE_COMPLETED',
      modelDigest: 'd'.repeat(64),
    })
  })

  test('an upload that fails is tried until it succeeds, also by the next agent', async () => {
    const { clock, controlPlane, agent, machine, startAgent } = await aTrainingWorld()
    agent.abandon()
    await clock.advance(10_000)
    let tries = 0
    const fails = async (): Promise<string> => {
      tries += 1
      throw new Error('connection refused')
    }
    const failing = await startAgent({ uploadModel: fails })
    void failing.run()
    await clock.advance(100)
    const { up } = attach(failing.instanceService)
    await up.push(aStatus({ progress: finished, modelPath: '/state/model.safetensors' }))
    await clock.advance(10_000)
    expect(tries).toBeGreaterThan(2)
    machine.exit(server, 0)
    await clock.advance(100)
    failing.abandon()
    void (await startAgent()).run()
    await clock.advance(1_000)
    expect(controlPlane.observed.get(server)).toMatchObject({
      modelDigest: 'd'.repeat(64),
      state: 'INSTANCE_STATE_COMPLETED',
    })
  })

  test('is heard after its end: the next agent tells its last words', async () => {
    const { clock, controlPlane, agent, machine, startAgent } = await aTrainingWorld()
    const { up } = attach(agent.instanceService)
    const progress = { ...finished, modelHash: 'abc', samplesDone: 640 }
    await up.push(aStatus({ progress, modelPath: '/state/model.safetensors' }))
    await clock.advance(10)
    machine.exit(server, 0)
    agent.abandon()
    void (await startAgent()).run()
    await clock.advance(1_000)
    expect(controlPlane.observed.get(server)?.progress).toMatchObject({ modelHash: 'abc', samplesDone: 640 })
  })

  test('uploads its model also when it is asked to only after its end', async () => {
    const world = aWorld()
    const agent = await world.startAgent()
    void agent.run()
    world.controlPlane.desire([aParameterServer({ uploadsModel: false })])
    await world.clock.advance(200)
    const { up } = attach(agent.instanceService)
    await up.push(aStatus({ progress: finished, modelPath: '/state/model.safetensors' }))
    await world.clock.advance(100)
    world.machine.exit(server, 0)
    await world.clock.advance(1_000)
    expect(world.controlPlane.observed.get(server)).toMatchObject({ modelDigest: '' })
    world.controlPlane.desire([aParameterServer({ uploadsModel: true })])
    await world.clock.advance(1_000)
    expect(world.controlPlane.observed.get(server)).toMatchObject({ modelDigest: 'd'.repeat(64) })
  })

  test('reports a stalled worker, which is killed and started again once', async () => {
    const { clock, controlPlane, agent, machine } = await aTrainingWorld()
    const { up } = attach(agent.instanceService)
    await up.push(aStatus({ stalledWorkers: [worker, 'j-2/other/worker-0'] }))
    await clock.advance(1_000)
    // It has not run for the stall time-out yet: the report is about the run before.
    expect(machine.alive).toContain(`${worker}#1`)
    await clock.advance(60_000)
    for (let second = 0; second < 5; second++) {
      await up.push(aStatus({ stalledWorkers: [worker] }))
      await clock.advance(1_000)
    }
    expect(machine.alive).toContain(`${worker}#2`)
    const told = controlPlane.records.find(({ event }) => event?.instanceId === worker && event.kind === 'exited')
    expect(told?.event?.text).toMatch(/^made no progress for 60 s; ended by SIGTERM/)
  })

  test('does not know a worker that hangs before it joins: it is killed after five stall time-outs', async () => {
    const { clock, agent, machine, controlPlane } = await aTrainingWorld()
    const { up } = attach(agent.instanceService)
    const hear = async (seconds: number, joinedWorkers: string[]): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await up.push(aStatus({ joinedWorkers }))
        await clock.advance(1_000)
      }
    }
    await hear(299, [])
    await hear(1, [worker])
    await hear(299, [])
    expect(machine.alive).toContain(`${worker}#1`)
    await hear(5, [])
    expect(machine.alive).toContain(`${worker}#2`)
    const told = controlPlane.records.find(({ event }) => event?.instanceId === worker && event.kind === 'exited')
    expect(told?.event?.text).toMatch(/^did not join its parameter server for 300 s; ended by SIGTERM/)
  })

  test('its WAN totals become usage by target region', async () => {
    const { clock, controlPlane, agent, machine } = await aTrainingWorld()
    const { up } = attach(agent.instanceService)
    await up.push(aStatus({ wanBytesSent: { 'aws/us-east-1': 1_000 } }))
    await clock.advance(11_000)
    await up.push(aStatus({ wanBytesSent: { 'aws/us-east-1': 1_500 } }))
    await clock.advance(10)
    machine.exit(server, 1)
    await clock.advance(1_000)
    const sent = controlPlane.records.flatMap(({ usage }) =>
      usage?.kind === 'USAGE_KIND_WAN_BYTES' ? [usage.quantity] : [],
    )
    expect(sent).toEqual([1_000, 500])
  })
})

describe('refused at the desk', () => {
  test('another attempt, an unknown instance, another version', async () => {
    const { agent } = await aTrainingWorld()
    const talks = [
      attach(agent.instanceService, 2),
      attach(agent.instanceService, 1, 1, 'j-9/lab/parameter-server'),
      attach(agent.instanceService, 1, 2),
    ]
    await settle()
    expect(talks.map(({ error }) => (error as Error).message)).toEqual([
      'attempt 2 of instance j-1/lab/parameter-server is not what this agent runs (1)',
      'attempt 1 of instance j-9/lab/parameter-server is not what this agent runs (nothing)',
      'instance j-1/lab/parameter-server speaks protocol 2, its agent 1: update both',
    ])
  })

  test('a stream whose first message is no hello', async () => {
    const { agent } = await aTrainingWorld()
    const up = new AsyncQueue<AttachRequest__Output>({ limit: 10 })
    await up.push(aRound(1))
    const call = { signal: new AbortController().signal, deadlineAtMs: null, peer: 'unix' }
    const answers = agent.instanceService.attach(up, call)[Symbol.asyncIterator]()
    await expect(answers.next()).rejects.toThrow(/hello: the first message/)
  })
})

describe('a worker that ends with code 0', () => {
  const stateOf = ({ controlPlane }: World) => controlPlane.observed.get(worker)?.state

  test('has completed when training was over', async () => {
    const world = await aTrainingWorld()
    const { up } = attach(world.agent.instanceService)
    await up.push(aStatus())
    world.machine.exit(worker, 0)
    await world.clock.advance(1_000)
    expect(stateOf(world)).toBe('INSTANCE_STATE_RUNNING')
    await up.push(aStatus({ joinedWorkers: [], isTrainingOver: true }))
    await world.clock.advance(1_000)
    expect(stateOf(world)).toBe('INSTANCE_STATE_COMPLETED')
  })

  test('has failed before, and is started again', async () => {
    const world = await aTrainingWorld()
    const { up } = attach(world.agent.instanceService)
    world.machine.exit(worker, 0)
    // The first may have been on its way, and the second still names the worker.
    for (const joinedWorkers of [[], [worker], []]) {
      await world.clock.advance(1_000)
      expect(world.machine.launches).not.toContain(`${worker}#2`)
      await up.push(aStatus({ joinedWorkers }))
    }
    await world.clock.advance(1_000)
    expect(world.machine.alive).toContain(`${worker}#2`)
    const told = world.controlPlane.records.find(({ event }) => event?.kind === 'exited')
    expect(told?.event?.text).toMatch(/^it ended before training was over; exit code 0 after .* failure 1 of 3/)
  })

  test('is judged by the next agent when its agent was killed meanwhile', async () => {
    const world = await aTrainingWorld()
    world.machine.exit(worker, 0)
    await world.clock.advance(1_000)
    world.agent.abandon()
    const next = await world.startAgent()
    void next.run()
    await world.clock.advance(1_000)
    const { up } = attach(next.instanceService)
    await up.push(aStatus({ joinedWorkers: [], isTrainingOver: true }))
    await world.clock.advance(1_000)
    expect(stateOf(world)).toBe('INSTANCE_STATE_COMPLETED')
    const seconds = world.controlPlane.records.filter(({ usage }) => usage?.instanceId === worker)
    expect(new Set(seconds.map(({ usage }) => usage?.id)).size).toBe(seconds.length)
  })

  test('is stopped when its job is over before that is known', async () => {
    const world = await aTrainingWorld()
    world.machine.exit(worker, 0)
    await world.clock.advance(1_000)
    world.controlPlane.desire([])
    await world.clock.advance(1_000)
    expect(stateOf(world)).toBe('INSTANCE_STATE_STOPPED')
    expect(world.machine.launches).not.toContain(`${worker}#2`)
  })
})

test('no acknowledgement while the disk takes nothing; it comes when the disk does', async () => {
  const clock = new VirtualClock()
  const storage = memoryJournalStorage()
  let isFull = true
  const journal = await Journal.open({
    storage: { ...storage, append: (lines) => (isFull ? Promise.reject(new Error('ENOSPC')) : storage.append(lines)) },
    clock,
    log: silentLog,
    config: agentConfig,
  })
  const dependencies: InstanceServiceDependencies = {
    log: silentLog,
    journal,
    config: agentConfig,
    attemptOf: () => 1,
    directiveOf: () => ({}),
    onStatus: () => Promise.resolve(),
    onRound: () => {},
    onEvaluation: () => {},
  }
  const { up, down } = attach(new InstanceDesk(dependencies).service)
  await up.push(aRound(1))
  await clock.advance(10_000)
  expect(down.length).toBe(1)
  isFull = false
  await clock.advance(10_000)
  expect(down.at(-1)).toEqual({ recordsAck: { count: 1 } })
})
