import { array, assert, constant, integer, nat, oneof, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import { aCatalogue, aFunction, anAgent, anInferenceSpec, aSnapshot } from '#control-plane/model/builders.ts'
import type { FunctionRoom } from '#control-plane/model/function-room.ts'
import { redeployed, type InferenceFunction, type Serving } from '#control-plane/model/inference.ts'
import { plainClass } from '#control-plane/model/device-class.ts'
import { hasEnded, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import { desiredFor } from './desired.ts'
import { reconcileFunctions } from './functions.ts'

const serving: Serving = {
  isReady: true,
  requests: 0,
  errors: 0,
  overSlo: 0,
  requestsPerSecond: 0,
  latencyMs: 0,
  queued: 0,
  capacityPerSecond: 0,
}

/** `units` in each region, less what instances hold. */
function roomIn(snapshot: Snapshot, units: Readonly<Record<string, number>>): FunctionRoom {
  const free = new Map(Object.entries(units))
  for (const { region, state, isReleased } of snapshot.instances)
    if (!['completed', 'failed', 'stopped'].includes(state) && !(isReleased && state === 'planned'))
      free.set(region, (free.get(region) ?? 0) - 1)
  const isThere = (region: string): boolean =>
    snapshot.agents.some((agent) => agent.region === region && agent.isConnected)
  return {
    resize: () => true,
    take: (_, region) => {
      const left = free.get(region) ?? 0
      if (!isThere(region) || left <= 0) return { kind: 'none', because: `${region} has 0 cpu free` }
      free.set(region, left - 1)
      return { kind: 'taken', deviceClass: plainClass('cpu'), usdPerUnitHour: 1 }
    },
    regions: () => [...free].flatMap(([region, left]) => (left > 0 && isThere(region) ? [region] : [])),
    lacks: () =>
      [...free].flatMap(([region, left]) => (left > 0 && isThere(region) ? [] : [`${region} has 0 cpu free`])),
  }
}

const plenty = { a: 9, b: 9 }

class World {
  snapshot: Snapshot
  units: Readonly<Record<string, number>>

  constructor(fields: Partial<InferenceFunction> = {}, units: Readonly<Record<string, number>> = plenty) {
    const agents = ['a', 'b'].map((region) => anAgent(region, { cpu: 9 }))
    this.snapshot = aSnapshot({
      catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 1 } }),
      agents,
      functions: [aFunction(fields)],
      nowMs: 1_000_000,
    })
    this.units = units
  }

  get function(): InferenceFunction {
    return this.snapshot.functions![0]!
  }
  get live(): readonly Instance[] {
    return this.snapshot.instances.filter((instance) => !instance.isReleased && !hasEnded(instance))
  }

  /** Until there is nothing more to do. */
  pass(): this {
    for (let i = 0; i < 5; i++)
      this.snapshot = applyActions(this.snapshot, reconcileFunctions(this.snapshot, roomIn(this.snapshot, this.units)))
    return this
  }

  change(fields: Partial<InferenceFunction>): this {
    this.snapshot = { ...this.snapshot, functions: [{ ...this.function, ...fields }] }
    return this
  }

  /** What an agent tells of an instance. */
  tell(id: string, fields: Partial<Instance>): this {
    const instances = this.snapshot.instances.map((one) => (one.id === id ? { ...one, ...fields } : one))
    this.snapshot = { ...this.snapshot, instances }
    return this
  }

  ready(...ids: readonly string[]): this {
    for (const id of ids) this.tell(id, { state: 'running', endpoint: '127.0.0.1:80', serving })
    return this
  }

  /** Agents stop what they no longer should run. */
  stopped(): this {
    for (const { id, isReleased } of this.snapshot.instances) if (isReleased) this.tell(id, { state: 'stopped' })
    return this
  }

  later(ms: number): this {
    this.snapshot = { ...this.snapshot, nowMs: this.snapshot.nowMs + ms }
    return this
  }

  lose(region: string, isConnected = false): this {
    const agents = this.snapshot.agents.map((agent) => {
      return agent.region === region ? { ...agent, isConnected, lastHeartbeatAtMs: this.snapshot.nowMs } : agent
    })
    this.snapshot = { ...this.snapshot, agents }
    return this
  }
}

const ids = (instances: readonly Instance[]): readonly string[] => instances.map(({ id }) => id)

describe('numbers', () => {
  test('it begins where room is cheapest and is ready once its instances answer', () => {
    const world = new World({ spec: anInferenceSpec({ instancesMin: 2 }) }).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/1'])
    expect(world.function).toMatchObject({ state: 'deploying', places: ['a'], nextInstance: 2 })
    expect(world.ready('f-1/a/0').pass().function.state).toBe('deploying')
    expect(world.ready('f-1/a/1').pass().function).toMatchObject({
      state: 'ready',
      reason: '2 of 2 in a instances answer',
    })
    expect(desiredFor(world.snapshot, 'a').inference?.map(({ instance }) => instance.id)).toEqual(ids(world.live))
  })

  test('in each region that it names', () => {
    const world = new World({ spec: anInferenceSpec({ regions: ['b', 'a'] }) }).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/b/1'])
  })

  test('as its agent asks, within its bounds; the newest go first', () => {
    const world = new World().pass().ready('f-1/a/0')
    world.change({ wanted: { a: 7 } }).pass()
    expect(world.live).toHaveLength(3)
    world
      .ready('f-1/a/1')
      .change({ wanted: { a: 2 } })
      .pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/1'])
    expect(ids(world.change({ wanted: { a: 0 } }).pass().live)).toEqual(['f-1/a/0'])
  })

  test('none where none is wanted and none has to be', () => {
    const world = new World({ spec: anInferenceSpec({ instancesMin: 0 }) }).pass()
    expect(world.live).toHaveLength(1)
    expect(world.change({ wanted: { a: 0 } }).pass().live).toHaveLength(0)
    expect(world.function.state).toBe('ready')
  })

  test('without room it says what lacks', () => {
    expect(new World({}, { a: 0, b: 0 }).pass().function).toMatchObject({
      state: 'deploying',
      reason: 'no region has room for an instance; a has 0 cpu free; b has 0 cpu free',
    })
    const named = new World({ spec: anInferenceSpec({ regions: ['a'] }) }, { a: 0 }).pass()
    expect(named.function.reason).toBe('0 of 1 in a instances answer; a has 0 cpu free')
  })
})

describe('another spec', () => {
  const other = anInferenceSpec({ handler: 'model:Other', instancesMin: 2 })
  const rolling = (units = plenty): World => {
    const world = new World({ spec: anInferenceSpec({ instancesMin: 2 }) }, units).pass().ready('f-1/a/0', 'f-1/a/1')
    return world.pass().change(redeployed(world.function, other)).pass()
  }

  test('a new one answers before an old one goes, one by one', () => {
    const world = rolling()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/1', 'f-1/a/2'])
    world.ready('f-1/a/2').pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/2', 'f-1/a/3'])
    world.ready('f-1/a/3').pass()
    expect(ids(world.live)).toEqual(['f-1/a/2', 'f-1/a/3'])
    expect(world.function).toMatchObject({ state: 'ready', version: 2, older: [] })
  })

  test('old ones run with what they were deployed with until they go', () => {
    const specs = desiredFor(rolling().snapshot, 'a').inference!
    expect(specs.map(({ spec }) => spec.handler)).toEqual(['model:Classifier', 'model:Classifier', 'model:Other'])
  })

  test('where there is no room for both, an old one goes first, and only one', () => {
    const world = rolling({ a: 2, b: 0 })
    expect(ids(world.live)).toEqual(['f-1/a/0'])
    world.stopped().pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/2'])
    world.ready('f-1/a/2').pass().stopped().pass().ready('f-1/a/3').pass()
    expect(ids(world.live)).toEqual(['f-1/a/2', 'f-1/a/3'])
  })

  test('one that gives up leaves the old ones as they are', () => {
    const world = rolling().tell('f-1/a/2', { state: 'failed', reason: 'exit code 1' }).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/a/1'])
    expect(world.function).toMatchObject({ state: 'failed', failures: 1 })
    expect(world.function.reason).toBe('f-1/a/2 gave up: exit code 1; the next one begins in 10 s (failure 1 in a row)')
  })

  test('what is not run otherwise is changed without a new instance', () => {
    const world = new World().pass().ready('f-1/a/0').pass()
    world.change(redeployed(world.function, anInferenceSpec({ instancesMax: 9, owner: 'ann' }))).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0'])
    expect(world.function.version).toBe(1)
  })
})

describe('what goes wrong', () => {
  test('an instance that gave up is followed by another after a while that doubles', () => {
    const world = new World().pass().tell('f-1/a/0', { state: 'failed', reason: 'exit code 1' }).pass()
    expect(world.live).toHaveLength(0)
    expect(world.later(9_000).pass().live).toHaveLength(0)
    expect(ids(world.later(1_000).pass().live)).toEqual(['f-1/a/1'])
    world.tell('f-1/a/1', { state: 'failed', reason: 'exit code 1' }).pass()
    expect(world.function.failures).toBe(2)
    expect(world.later(19_000).pass().live).toHaveLength(0)
    world.later(1_000).pass().ready('f-1/a/2').pass()
    expect(world.function).toMatchObject({ state: 'ready', failures: 0 })
  })

  test('a region that stays away is replaced, and one that comes back has none left', () => {
    const world = new World().pass().ready('f-1/a/0').pass().lose('a').pass()
    expect(world.function).toMatchObject({ state: 'deploying', places: ['a'] })
    world.later(61_000).pass()
    expect(world.function.places).toEqual(['b'])
    world.lose('a', true).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0', 'f-1/b/1'])
    expect(ids(world.ready('f-1/b/1').pass().live)).toEqual(['f-1/b/1'])
  })

  test('a region that is named is waited for', () => {
    const world = new World({ spec: anInferenceSpec({ regions: ['a'] }) }).pass().ready('f-1/a/0').lose('a')
    world.later(3_600_000).pass()
    expect(ids(world.live)).toEqual(['f-1/a/0'])
    expect(world.function.state).toBe('deploying')
    expect(world.lose('a', true).pass().function.state).toBe('ready')
  })

  test('a deleted one is gone once its instances are', () => {
    const world = new World().pass().ready('f-1/a/0').change({ state: 'deleting' }).pass()
    expect(world.live).toHaveLength(0)
    expect(world.function.state).toBe('deleting')
    expect(world.stopped().pass().snapshot.functions).toEqual([])
  })
})

test('whatever happens: bounds hold, nothing is decided twice, and calm ends with what is wanted', () => {
  const step = oneof(
    record({ kind: constant('ready' as const), which: nat(9) }),
    record({ kind: constant('failed' as const), which: nat(9) }),
    record({ kind: constant('wanted' as const), which: nat(5) }),
    record({ kind: constant('deploy' as const), which: nat(2) }),
    record({ kind: constant('lost' as const), which: nat(1) }),
    record({ kind: constant('later' as const), which: nat(100) }),
    record({ kind: constant('stopped' as const), which: constant(0) }),
  )
  assert(
    property(array(step, { maxLength: 30 }), integer({ min: 1, max: 4 }), (steps, units) => {
      const world = new World({}, { a: units, b: units }).pass()
      for (const { kind, which } of steps) {
        const one = world.live[which % Math.max(1, world.live.length)]
        if (kind === 'ready' && one !== undefined) world.ready(one.id)
        if (kind === 'failed' && one !== undefined) world.tell(one.id, { state: 'failed', reason: 'exit code 1' })
        if (kind === 'wanted') world.change({ wanted: { a: which, b: which } })
        if (kind === 'deploy') world.change(redeployed(world.function, anInferenceSpec({ handler: `model:H${which}` })))
        if (kind === 'lost') world.lose(which === 0 ? 'a' : 'b', world.snapshot.nowMs % 2 === 0)
        if (kind === 'later') world.later(which * 1_001)
        if (kind === 'stopped') world.stopped()
        world.pass()
        const room = roomIn(world.snapshot, world.units)
        expect(reconcileFunctions(world.snapshot, room)).toMatchObject({
          functions: [],
          newInstances: [],
          releasedInstanceIds: [],
        })
        for (const region of ['a', 'b']) {
          const here = world.snapshot.instances.filter((each) => each.region === region && !hasEnded(each))
          expect(
            here.filter(({ isReleased, state }) => !(isReleased && state === 'planned')).length,
          ).toBeLessThanOrEqual(units)
        }
      }
      world.lose('a', true).lose('b', true)
      for (let i = 0; i < 12; i++)
        world
          .later(301_000)
          .pass()
          .ready(...ids(world.live))
          .pass()
          .stopped()
          .pass()
      expect(world.function.state).toBe('ready')
      expect(world.live.every(({ functionVersion }) => functionVersion === world.function.version)).toBe(true)
    }),
    { numRuns: 200 },
  )
})
