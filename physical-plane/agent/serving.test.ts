import { describe, expect, test } from 'vitest'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import { anInferenceSpec, aWorker, aWorld, type World } from './agent.fixture.ts'
import type { Agent } from './agent.ts'
import { decodeDesired } from './desired.ts'
import { parseServing, type ServingReport } from './serving-status.ts'

const id = 'f-1/onprem/lab/0'

const spec = (fields: Partial<InferenceSpec__Output> = {}): InferenceSpec__Output =>
  anInferenceSpec({ slo: { latencyMs: 100, percentile: 99, per: 'SLO_PER_REQUEST' }, ...fields })

const anInstance = (over: Partial<DesiredInstance__Output> = {}): DesiredInstance__Output =>
  aWorker({ id, jobId: 'f-1', role: 'INSTANCE_ROLE_INFERENCE', spec: null, inference: spec(), ...over })

const report = (fields: Partial<ServingReport['status']> = {}, attempt = 1, beat = 1): ServingReport => ({
  attempt,
  beat,
  endpoint: '127.0.0.1:8000',
  grpcEndpoint: '127.0.0.1:8001',
  status: {
    isReady: true,
    requests: 0,
    errors: 0,
    overSlo: 0,
    requestsPerSecond: 0,
    latencyMs: 0,
    queued: 0,
    capacityPerSecond: 10,
    ...fields,
  },
})

type Serving = World & { readonly agent: Agent; readonly told: Map<string, ServingReport> }

async function aServingWorld(inference = spec()): Promise<Serving> {
  const world = aWorld()
  const told = new Map<string, ServingReport>()
  const agent = await world.startAgent({ readServing: (instanceId) => Promise.resolve(told.get(instanceId) ?? null) })
  void agent.run()
  await world.clock.advance(10)
  world.controlPlane.desire([anInstance({ inference })])
  await world.clock.advance(500)
  return { ...world, agent, told }
}

describe('an instance of a function', () => {
  test('is told of with its address while its run says that it answers', async () => {
    const { clock, controlPlane, told, machine } = await aServingWorld()
    expect(controlPlane.observed.get(id)).toMatchObject({
      state: 'INSTANCE_STATE_RUNNING',
      endpoint: '',
      serving: null,
    })
    told.set(id, report({ requests: 7 }))
    await clock.advance(400)
    expect(controlPlane.observed.get(id)).toMatchObject({ endpoint: '127.0.0.1:8000', serving: { requests: 7 } })
    machine.exit(id, null, 'SIGKILL')
    await clock.advance(200)
    expect(controlPlane.observed.get(id)).toMatchObject({
      state: 'INSTANCE_STATE_BACKING_OFF',
      endpoint: '',
      serving: null,
    })
    await clock.advance(5_000)
    // What the run before said counts no more.
    expect(controlPlane.observed.get(id)).toMatchObject({ state: 'INSTANCE_STATE_RUNNING', attempt: 2, endpoint: '' })
    told.set(id, report({}, 2))
    await clock.advance(400)
    expect(controlPlane.observed.get(id)).toMatchObject({ endpoint: '127.0.0.1:8000' })
  })

  test('is started again when it ends, whatever its exit code, and given up after three failures in a row', async () => {
    const { clock, controlPlane, machine } = await aServingWorld()
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(machine.alive).toEqual([`${id}#${attempt}`])
      machine.exit(id, 0)
      await clock.advance(10_000)
    }
    expect(controlPlane.observed.get(id)).toMatchObject({ state: 'INSTANCE_STATE_FAILED' })
    expect(controlPlane.observed.get(id)?.reason).toContain('it ended, though it is to answer requests')
  })

  test('is started again once it tells nothing new, as one does that hangs', async () => {
    const { clock, machine, told } = await aServingWorld()
    for (let beat = 1; beat <= 60; beat++) {
      told.set(id, report({}, 1, beat))
      await clock.advance(1_000)
    }
    expect(machine.launches).toEqual([`${id}#1`])
    await clock.advance(35_000)
    expect(machine.launches).toEqual([`${id}#1`, `${id}#2`])
  })

  test('starts, and serves once it answers: its time is metered as that', async () => {
    const { clock, controlPlane, told } = await aServingWorld()
    await clock.advance(3_500)
    for (let beat = 1; beat <= 30; beat++) {
      told.set(id, report({}, 1, beat))
      await clock.advance(1_000)
    }
    const purposes = controlPlane.records.flatMap(({ usage }) => (usage == null ? [] : [usage.purpose]))
    expect([...new Set(purposes)]).toEqual(['start', 'serve'])
  })

  test('is joined by another one when it misses its part of the objective of a pipeline, which its own file does not have', async () => {
    const own = spec({ slo: null })
    const { clock, controlPlane, agent, told } = await aServingWorld(own)
    const wished = async (slo: InferenceSpec__Output['slo']): Promise<number | undefined> => {
      controlPlane.desire([anInstance({ inference: own })], [], [{ id: 'f-1', spec: { ...own, slo } }])
      for (let second = 1; second <= 10; second++) {
        const requests = 2 + (told.get(id)?.status.requests ?? 0)
        told.set(id, report({ requests, overSlo: requests, requestsPerSecond: 2, latencyMs: 80 }, 1, requests))
        await clock.advance(1_000)
      }
      return agent.observed().wishes?.['f-1']?.instances?.length
    }
    expect(await wished(null)).toBe(1)
    expect(await wished({ latencyMs: 25, percentile: 99, per: 'SLO_PER_REQUEST' })).toBe(2)
  })

  test('asks for another one when requests stay above what it answers', async () => {
    const { clock, agent, told } = await aServingWorld()
    expect(agent.observed().wishes).toMatchObject({ 'f-1': { instances: [{ id }] } })
    for (let second = 1; second <= 25; second++) {
      told.set(id, report({ requests: second * 20 }))
      await clock.advance(1_000)
    }
    expect(agent.observed().wishes).toMatchObject({
      'f-1': { instances: [{ id }, { id: '' }], because: expect.stringMatching(/./) },
    })
  })
})

test('what is desired of a function is checked', () => {
  const state = (instance: DesiredInstance__Output) =>
    decodeDesired(
      { revision: 1, instances: [instance], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] },
      'onprem/lab',
    )
  expect(state(anInstance()).instances[0]).toMatchObject({
    role: 'inference',
    inference: { handler: 'model:Classifier' },
  })
  expect(state(anInstance({ inference: null })).refused[0]?.reason).toBe('instance.inference is missing')
  expect(state(anInstance({ units: 0 })).refused[0]?.reason).toBe('instance.units is 0; inference needs at least 1')
  const newer = spec({ slo: { latencyMs: 100, percentile: 99, per: 7 as never } })
  const reason = 'instance.inference.slo.per 7 is not one this agent knows; update the agent'
  expect(state(anInstance({ inference: newer })).refused[0]?.reason).toBe(reason)
  expect(state(aWorker({ spec: null })).refused[0]?.reason).toBe('instance.spec is missing')
})

test('what an instance writes can at worst be no status', () => {
  const { attempt, beat, endpoint, grpcEndpoint, status } = report()
  const good = { attempt, beat, endpoint, grpcEndpoint, ...status }
  expect(parseServing(JSON.stringify(good))).toEqual(report())
  const bad = [null, '', '{', '[]', 'null', ...wrong(good).map((each) => JSON.stringify(each))]
  for (const text of bad) expect(parseServing(text)).toBeNull()
})

function wrong(good: object): readonly object[] {
  return [
    { ...good, attempt: -1 },
    { ...good, endpoint: 'x'.repeat(1_000) },
    { ...good, requests: 1e300 },
    { ...good, requests: 0.5 },
    { ...good, latencyMs: 'Infinity' },
    { ...good, isReady: 1 },
  ]
}
