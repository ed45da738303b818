// What an agent keeps of jobs that ended without success, and how their instances begin again.
import { describe, expect, test } from 'vitest'
import { aParameterServer, aWorker, aWorld } from './agent.fixture.ts'
import { agentConfig } from './config.ts'

const worker = 'j-1/lab/worker-0'
const server = 'j-1/lab/parameter-server'
/** Long enough for everything that nobody wants any more to be gone. */
const longMs = 2 * agentConfig.endedKeepMs

async function aRunningWorld() {
  const world = aWorld()
  const agent = await world.startAgent()
  void agent.run()
  await world.clock.advance(10)
  return { ...world, agent }
}

async function fail(world: Awaited<ReturnType<typeof aRunningWorld>>): Promise<void> {
  for (let count = 0; count <= 5; count++) {
    if (world.machine.alive.some((run) => run.startsWith(worker))) world.machine.exit(worker, 1)
    await world.clock.advance(20_000)
  }
}

describe('a job that is resumed', () => {
  test('an instance that had failed begins again, its failures forgotten, its attempts counted on', async () => {
    const world = await aRunningWorld()
    const { clock, machine, controlPlane } = world
    controlPlane.desire([aWorker(), aParameterServer()])
    await clock.advance(200)
    await fail(world)
    const failed = controlPlane.observed.get(worker)
    expect(failed).toMatchObject({ state: 'INSTANCE_STATE_FAILED', resumption: 0 })
    const attempts = Number(failed?.attempt)
    controlPlane.desire([], ['j-1'])
    await clock.advance(1_000)
    controlPlane.desire([aWorker({ resumption: 1 }), aParameterServer({ resumption: 1 })])
    await clock.advance(1_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({
      state: 'INSTANCE_STATE_RUNNING',
      attempt: attempts + 1,
      resumption: 1,
    })
    expect(machine.launches.at(-1)).toBe(`${worker}#${attempts + 1}`)
    machine.exit(worker, 1)
    await clock.advance(20_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({ state: 'INSTANCE_STATE_RUNNING', attempt: attempts + 2 })
  })

  test('without a new number a failed instance stays failed', async () => {
    const world = await aRunningWorld()
    const { clock, controlPlane } = world
    controlPlane.desire([aWorker()])
    await clock.advance(200)
    await fail(world)
    controlPlane.desire([aWorker({ drain: true })])
    await clock.advance(60_000)
    expect(controlPlane.observed.get(worker)).toMatchObject({ state: 'INSTANCE_STATE_FAILED' })
  })

  test('long after, on a restarted agent, everything is still there, and attempts go on', async () => {
    const world = await aRunningWorld()
    const { clock, machine, controlPlane, agent, startAgent } = world
    controlPlane.desire([aWorker(), aParameterServer()])
    await clock.advance(1_000)
    controlPlane.desire([], ['j-1'])
    await clock.advance(longMs)
    await agent.stop({ keepInstances: false })
    const next = await startAgent()
    void next.run()
    await clock.advance(longMs)
    expect(machine.forgottenJobs).toEqual([])
    controlPlane.desire([aWorker({ resumption: 1 }), aParameterServer({ resumption: 1 })])
    await clock.advance(1_000)
    expect(machine.alive.toSorted()).toEqual([`${server}#2`, `${worker}#2`].sort())
  })

  test('an instance that never stopped goes on as it is, under the new number', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    controlPlane.desire([aWorker()])
    await clock.advance(1_000)
    controlPlane.desire([aWorker({ resumption: 1 })])
    await clock.advance(1_000)
    expect(machine.launches).toEqual([`${worker}#1`])
    expect(controlPlane.observed.get(worker)).toMatchObject({ attempt: 1, resumption: 1 })
  })

  test('what is no longer kept is removed, as is everything of a job that succeeded', async () => {
    const { clock, machine, controlPlane } = await aRunningWorld()
    const other = aWorker({ id: 'j-2/lab/worker-0', jobId: 'j-2' })
    controlPlane.desire([aWorker(), other])
    await clock.advance(1_000)
    controlPlane.desire([], ['j-1'])
    await clock.advance(longMs)
    expect(machine.forgottenJobs).toEqual(['j-2'])
    controlPlane.desire([], [])
    await clock.advance(longMs)
    expect(machine.forgottenJobs).toEqual(['j-2', 'j-1'])
  })
})
