import { describe, expect, test } from 'vitest'
import { assert } from '#runtime/assert.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { aParameterServer, aSpec, aWorker, aWorld, type ControlPlane, type World } from './agent.fixture.ts'
import type { Agent } from './agent.ts'
import { agentConfig } from './config.ts'
import { Journal, memoryJournalStorage } from './journal.ts'

const worker = 'j-1/lab/worker-0'
const server = 'j-1/lab/parameter-server'

async function aRunningWorld(cpuUnits = 2): Promise<World & { readonly agent: Agent }> {
  const world = aWorld(cpuUnits)
  const agent = await world.startAgent()
  void agent.run()
  await world.clock.advance(10)
  return { ...world, agent }
}

const stateOf = (controlPlane: ControlPlane, id: string) => controlPlane.observed.get(id)?.state
const eventsOf = (controlPlane: ControlPlane, id: string) =>
  controlPlane.records.filter(({ event }) => event?.instanceId === id).map(({ event }) => event!.kind)
const deviceSeconds = (controlPlane: ControlPlane) =>
  controlPlane.records.reduce((sum, { usage }) => sum + Number(usage?.quantity ?? 0), 0)

describe('converging', () => {
  test('a parameter server starts before its workers, within a moment, and both are told of', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker(), aParameterServer()])
    await clock.advance(200)
    expect(machine.launches).toEqual([`${server}#1`, `${worker}#1`])
    expect(controlPlane.observed.get(worker)).toMatchObject({
      state: 'INSTANCE_STATE_RUNNING',
      deviceId: 'cpu-0',
      units: 1,
      attempt: 1,
    })
    expect(controlPlane.observed.get(server)).toMatchObject({ state: 'INSTANCE_STATE_RUNNING', units: 0 })
    expect(controlPlane.desiredRevisionSeen).toBe(1)
  })

  test('the same desired state again, or another revision of it, starts nothing', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    for (let count = 0; count < 3; count++) {
      controlPlane.desire([aWorker()])
      await clock.advance(500)
    }
    expect(machine.launches).toEqual([`${worker}#1`])
    expect(controlPlane.desiredRevisionSeen).toBe(3)
  })

  test('what is no longer desired is stopped, and its units go to who waits for them', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld(1)
    const second = aWorker({ id: 'j-2/lab/worker-0', jobId: 'j-2' })
    controlPlane.desire([aWorker(), second])
    await clock.advance(500)
    expect(machine.alive).toEqual([`${worker}#1`])
    expect(controlPlane.observed.get(second.id)?.reason).toBe('waits for 1 units of cpu: 0 of 1 units of cpu are free')
    controlPlane.desire([second])
    await clock.advance(500)
    expect(machine.alive).toEqual(['j-2/lab/worker-0#1'])
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_STOPPED')
    await clock.advance(120_000)
    expect(controlPlane.observed.has(worker)).toBe(false)
  })

  test('an instance that is wanted again while it stops begins a new attempt after the old is gone', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(100)
    controlPlane.desire([])
    await clock.advance(20)
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    expect(machine.launches).toEqual([`${worker}#1`, `${worker}#2`])
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_RUNNING')
  })

  test('exit 0 completes; completed stays so, also for the next agent', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(100)
    machine.exit(worker, 0)
    await clock.advance(100)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_COMPLETED')
    agent.abandon()
    void (await startAgent()).run()
    await clock.advance(60_000)
    expect(machine.launches).toEqual([`${worker}#1`])
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_COMPLETED')
  })

  test('an instance that cannot be run as asked is refused by name; others go on', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker({ id: 'j-1/../x' }), aWorker({ id: 'j-1/other', region: 'aws/us-east-1' }), aWorker()])
    await clock.advance(100)
    expect(machine.launches).toEqual([`${worker}#1`])
    expect(controlPlane.observed.get('j-1/../x')).toMatchObject({ state: 'INSTANCE_STATE_FAILED', attempt: 0 })
    expect(controlPlane.observed.get('j-1/other')?.reason).toContain('aws/us-east-1')
  })
})

describe('failing', () => {
  test('restarts back off and end after restartsMax with code and last lines', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(100)
    machine.print(worker, 'Traceback:\n\0\x1b[31mValueError: no such file\n')
    machine.exit(worker, 1)
    await clock.advance(100)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_BACKING_OFF')
    await clock.advance(900)
    expect(machine.alive).toEqual([`${worker}#2`])
    machine.exit(worker, null, 'SIGKILL')
    await clock.advance(1_600)
    expect(machine.alive).toEqual([`${worker}#3`])
    machine.exit(worker, 1)
    await clock.advance(60_000)
    expect(machine.launches.length).toBe(3)
    const failed = controlPlane.observed.get(worker)
    expect(failed).toMatchObject({ state: 'INSTANCE_STATE_FAILED', attempt: 3 })
    expect(failed?.reason).toMatch(/^exit code 1 after \d+\.\d s, failure 3 of 3; last lines of its log:\n/)
    expect(failed?.reason).toContain('ValueError: no such file')
    expect(eventsOf(controlPlane, worker)).toEqual(['started', 'exited', 'started', 'exited', 'started', 'failed'])
  })

  test('a run that was stable starts the count anew', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    for (let run = 1; run <= 6; run++) {
      await clock.advance(70_000)
      machine.exit(worker, 1)
    }
    await clock.advance(2_000)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_RUNNING')
    expect(machine.launches.length).toBe(7)
  })

  test('a launch that cannot succeed now is no failure of the function, and is retried slowly', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    machine.launchError = new Error('ENOSPC: no space left on device, write')
    controlPlane.desire([aWorker()])
    await clock.advance(10 * 60_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({ state: 'INSTANCE_STATE_BACKING_OFF' })
    expect(controlPlane.observed.get(worker)?.reason).toContain('ENOSPC')
    expect(controlPlane.observed.get(worker)?.attempt).toBeLessThan(60)
    machine.launchError = null
    await clock.advance(60_000)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_RUNNING')
  })

  test('with a disk that takes nothing, what is desired waits with the reason until there is room', async () => {
    const { clock, machine, controlPlane, startAgent } = aWorld()
    const storage = memoryJournalStorage()
    let isFull = false
    const append = (lines: readonly string[]) =>
      isFull ? Promise.reject(new Error('ENOSPC: no space left on device, write')) : storage.append(lines)
    const journal = await Journal.open({
      storage: { ...storage, append },
      clock,
      log: silentLog,
      config: agentConfig,
    })
    void (await startAgent({ journal })).run()
    await clock.advance(100)
    isFull = true
    controlPlane.desire([aWorker()])
    await clock.advance(5_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({ state: 'INSTANCE_STATE_STARTING', attempt: 0 })
    expect(controlPlane.observed.get(worker)?.reason).toContain('ENOSPC')
    expect(machine.launches).toEqual([])
    isFull = false
    await clock.advance(5_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({ state: 'INSTANCE_STATE_RUNNING', reason: '' })
  })

  test('a bundle that is refused fails the instance at once', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    machine.launchError = invalid([{ field: 'function.entrypoint', description: '"x.py" is no file in the bundle' }])
    controlPlane.desire([aWorker()])
    await clock.advance(100)
    expect(controlPlane.observed.get(worker)).toMatchObject({
      state: 'INSTANCE_STATE_FAILED',
      reason: 'function.entrypoint: "x.py" is no file in the bundle',
    })
  })
})

describe('restarted agents', () => {
  test('adopt what lives, without a control plane, and meter every second once', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker({ units: 2 }), aParameterServer()])
    await clock.advance(15_000)
    controlPlane.isDown = true
    controlPlane.cut()
    for (let kill = 0; kill < 3; kill++) {
      agent.abandon()
      await clock.advance(7_000)
      const next = await startAgent()
      void next.run()
      await clock.advance(13_000)
      next.abandon()
    }
    const last = await startAgent()
    void last.run()
    await clock.advance(5_000)
    expect(machine.launches.length).toBe(2)
    controlPlane.isDown = false
    machine.exit(server, 0)
    machine.exit(worker, 0)
    const endedAtMs = clock.now()
    await clock.advance(30_000)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_COMPLETED')
    const usages = controlPlane.records.flatMap(({ usage }) => (usage == null ? [] : [usage]))
    expect(new Set(usages.map(({ id }) => id)).size).toBe(usages.length)
    const lifetimeMs = endedAtMs - Number(usages[0]?.fromMs)
    expect(deviceSeconds(controlPlane)).toBeCloseTo((2 * lifetimeMs) / 1_000, 6)
    expect(eventsOf(controlPlane, worker)).toEqual(['started', 'adopted', 'adopted', 'adopted', 'adopted', 'exited'])
    expect(new Set(controlPlane.hellos.map((hello) => hello?.agentId)).size).toBe(1)
    expect(controlPlane.hellos.at(-1)?.incarnation).toBe(5)
  })

  test('a run that ended meanwhile counts as it ended, and is started again', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(5_000)
    agent.abandon()
    machine.exit(worker, 3)
    await clock.advance(60_000)
    void (await startAgent()).run()
    await clock.advance(5_000)
    expect(machine.alive).toEqual([`${worker}#2`])
    expect(eventsOf(controlPlane, worker)).toEqual(['started', 'exited', 'started'])
    expect(controlPlane.records.find(({ usage }) => usage != null)?.usage?.quantity).toBeLessThan(5.1)
  })

  test('what nobody wants any more is reaped', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    // Killed between taking in the wish and stopping the instance.
    controlPlane.desire([])
    await clock.advance(5)
    agent.abandon()
    expect(machine.alive).toEqual([`${worker}#1`])
    void (await startAgent()).run()
    await clock.advance(1_000)
    expect(machine.alive).toEqual([])
    expect(eventsOf(controlPlane, worker)).toContain('reaped')
    expect(deviceSeconds(controlPlane)).toBeGreaterThan(1)
  })

  test('left running on purpose, instances go on and the next agent takes them', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    await agent.stop({ keepInstances: true })
    await clock.advance(1_000)
    expect(machine.alive).toEqual([`${worker}#1`])
    const next = await startAgent()
    void next.run()
    await clock.advance(1_000)
    const stopping = next.stop({ keepInstances: false })
    await clock.advance(5_000)
    await stopping
    expect(machine.alive).toEqual([])
    expect(controlPlane.records.at(-1)?.event?.kind).toBe('killed')
  })
})

describe('the control plane', () => {
  test('away for an hour: instances go on, dialling is patient, everything arrives once', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    controlPlane.isDown = true
    controlPlane.cut()
    await clock.advance(3_600_000)
    expect(machine.alive).toEqual([`${worker}#1`])
    controlPlane.isDown = false
    await clock.advance(60_000)
    expect(controlPlane.records.map(({ seq }) => seq)).toEqual(controlPlane.records.map((_, index) => index + 1))
    expect(deviceSeconds(controlPlane)).toBeGreaterThan(3_600)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_RUNNING')
  })

  test('heartbeats come though nothing changes', async () => {
    const { clock, controlPlane } = await aRunningWorld()
    const before = controlPlane.observedCount
    await clock.advance(10_000)
    expect(controlPlane.observedCount - before).toBe(10)
  })

  test('a connection on which nothing is acknowledged is made anew', async () => {
    const { clock, controlPlane } = await aRunningWorld()
    controlPlane.acknowledges = false
    controlPlane.desire([aWorker()])
    await clock.advance(30_000)
    expect(controlPlane.hellos.length).toBeGreaterThan(1)
    controlPlane.acknowledges = true
    await clock.advance(30_000)
    expect(controlPlane.records.length).toBeGreaterThan(2)
  })

  test('another agent holds the region: gives up when it runs nothing, stays when it runs something', async () => {
    const idle = aWorld()
    idle.controlPlane.refusal = new CloudlessError('already-exists', 'REGION_TAKEN', 'region onprem/lab has an agent')
    const ending = (await idle.startAgent()).run()
    await idle.clock.advance(100)
    expect(await ending).toEqual({ kind: 'refused', because: 'region onprem/lab has an agent' })

    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    controlPlane.refusal = idle.controlPlane.refusal
    controlPlane.cut()
    await clock.advance(600_000)
    expect(machine.alive).toEqual([`${worker}#1`])
    expect(controlPlane.hellos.length).toBeLessThan(60)
    controlPlane.refusal = null
    await clock.advance(60_000)
    expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_RUNNING')
  })

  test('another version is asked again slowly', async () => {
    const { clock, controlPlane, startAgent } = aWorld()
    controlPlane.refusal = new CloudlessError('conflict', 'OTHER_VERSION', 'protocol 1, not 2')
    void (await startAgent()).run()
    await clock.advance(600_000)
    expect(controlPlane.hellos.length).toBeGreaterThan(9)
    expect(controlPlane.hellos.length).toBeLessThan(50)
  })
})

describe('logs', () => {
  test('arrive whole, binary too, over cuts and restarts; the last words of the dead too', async () => {
    const { clock, machine, controlPlane, agent, startAgent } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(500)
    const noise = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256)
    machine.print(worker, noise)
    await clock.advance(300)
    controlPlane.cut()
    await clock.advance(5_000)
    agent.abandon()
    machine.print(worker, 'while no agent looked\n')
    void (await startAgent()).run()
    await clock.advance(1_000)
    machine.print(worker, 'last words')
    machine.exit(worker, 0)
    await clock.advance(5_000)
    const expected = Buffer.concat([noise, Buffer.from('while no agent looked\nlast words')])
    const held = controlPlane.logs.get(worker)
    assert(held !== undefined, 'the control plane has a log')
    expect(held.equals(expected)).toBe(true)
  })

  test('keep to their rate', async () => {
    const { clock, machine, controlPlane, startAgent } = aWorld()
    const agent = await startAgent({ config: { ...agentConfig, logBytesPerSecond: 100_000 } })
    void agent.run()
    controlPlane.desire([aWorker()])
    await clock.advance(500)
    machine.print(worker, new Uint8Array(2_000_000))
    await clock.advance(5_000)
    // A second's worth at once, five seconds', and the chunk that went beyond.
    const held = controlPlane.logs.get(worker)?.length ?? 0
    expect(held).toBeGreaterThan(500_000)
    expect(held).toBeLessThan(600_000 + agentConfig.logChunkBytes)
  })
})

test('a job that allows one failure fails at the first', async () => {
  const { clock, machine, controlPlane } = await aRunningWorld()
  const training = { ...aSpec().training!, restartsMax: 1 }
  controlPlane.desire([aWorker({ spec: aSpec({ training }) })])
  await clock.advance(100)
  machine.exit(worker, 2)
  await clock.advance(100)
  expect(stateOf(controlPlane, worker)).toBe('INSTANCE_STATE_FAILED')
})
