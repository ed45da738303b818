import { describe, expect, test } from 'vitest'
import { FunctionScaler, type ServingFunction, type ServingInstance } from './function-scaler.ts'
import { nothingCounted, secondOf, whatCame } from './serving-seconds.ts'
import { seconds, shapeOf } from './view.fixture.ts'

const profile = [100, 200, 400, 1_000].map((quotaMilli) => {
  return { deviceModel: 'v100', batch: 1, smMilli: 300, quotaMilli, latencyMs: 10_000 / quotaMilli }
})

const instance = (id: string, fields: Partial<ServingInstance> = {}): ServingInstance => ({
  instanceId: id,
  attempt: 1,
  isReady: true,
  requests: 0,
  latencyMs: 5,
  requestsPerSecond: 1,
  capacityPerSecond: 0,
  isVerticalExhausted: false,
  deviceId: 'gpu-0',
  deviceModel: 'v100',
  shape: shapeOf(300, 200, 300),
  ...fields,
})

const serving = (fields: Partial<ServingFunction> = {}): ServingFunction => ({
  functionId: 'f-1',
  bounds: { min: 1, max: 4 },
  sloMs: 200,
  instances: [instance('f-1/a/0')],
  autoscaler: 'hybrid',
  sloPercentile: 99,
  batchMax: 1,
  shape: shapeOf(300, 200, 300),
  memoryBytes: 1e9,
  profile,
  canReshape: true,
  history: seconds(30, { arrived: 5 }),
  ...fields,
})

describe('wishes', () => {
  test('name who is there with its share, and have nobody for whom is to begin', () => {
    const scaler = new FunctionScaler()
    scaler.sample([serving({ history: seconds(30, { arrived: 250 }) })], 1_000)
    const { instances, because } = scaler.wishes()['f-1']!
    expect(instances[0]!.id).toBe('f-1/a/0')
    expect(instances[0]!.shape.requestMilli).toBeGreaterThan(200)
    expect(instances.slice(1).every(({ id }) => id === '')).toBe(true)
    expect(instances.length).toBeGreaterThan(1)
    expect(scaler.wanted()).toEqual({ 'f-1': instances.length })
    expect(because).toMatch(/requests a second/)
  })

  test('stay until they are so: the same again while nothing has begun yet', () => {
    const scaler = new FunctionScaler()
    const busy = serving({ history: seconds(30, { arrived: 250 }) })
    scaler.sample([busy], 1_000)
    const first = scaler.wishes()
    for (let at = 2_000; at <= 5_000; at += 1_000) scaler.sample([busy], at)
    expect(scaler.wishes()).toEqual(first)
  })

  test('whoever begins takes the place that was asked for', () => {
    const scaler = new FunctionScaler()
    const history = seconds(30, { arrived: 250 })
    scaler.sample([serving({ history })], 1_000)
    const { instances } = scaler.wishes()['f-1']!
    const begun = instances.map((wished, at) => instance(`f-1/a/${at}`, { shape: wished.shape, isReady: at === 0 }))
    scaler.sample([serving({ history, instances: begun })], 2_000)
    expect(scaler.wishes()['f-1']!.instances.map(({ id }) => id)).toEqual(begun.map(({ instanceId }) => instanceId))
  })

  test('who is gone without having been asked to is wanted again', () => {
    const scaler = new FunctionScaler()
    const two = { bounds: { min: 2, max: 4 }, instances: [instance('f-1/a/0'), instance('f-1/a/1')] }
    scaler.sample([serving(two)], 1_000)
    scaler.sample([serving({ ...two, instances: [instance('f-1/a/1')] })], 2_000)
    expect(scaler.wishes()['f-1']!.instances.map(({ id }) => id)).toEqual(['', 'f-1/a/1'])
  })

  test('a share that nobody gives is let go after half a minute', () => {
    const scaler = new FunctionScaler()
    const history = seconds(30, { arrived: 30 })
    const asked = (at: number): number => {
      scaler.sample([serving({ history, bounds: { min: 1, max: 1 } })], at)
      return scaler.wishes()['f-1']!.instances[0]!.shape.requestMilli
    }
    expect(asked(1_000)).toBeGreaterThan(200)
    // Seen as it is, and asked for again.
    expect(asked(40_000)).toBeGreaterThan(200)
    scaler.sample([serving({ history: seconds(30, { arrived: 1 }), bounds: { min: 1, max: 1 } })], 75_000)
    expect(scaler.wishes()['f-1']!.instances[0]!.shape.requestMilli).toBeLessThanOrEqual(200)
  })

  test('during a roll-out no old one is named, and a new one is no surplus', () => {
    const scaler = new FunctionScaler()
    scaler.sample([serving({ autoscaler: 'fixed' })], 1_000)
    const old = instance('f-1/a/0', { isOutdated: true })
    scaler.sample([serving({ autoscaler: 'fixed', instances: [old, instance('f-1/a/1', { isReady: false })] })], 2_000)
    expect(scaler.wishes()['f-1']!.instances.map(({ id }) => id)).toEqual([''])
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
    scaler.sample([serving({ autoscaler: 'fixed', instances: [instance('f-1/a/1')] })], 3_000)
    expect(scaler.wishes()['f-1']!.instances.map(({ id }) => id)).toEqual(['f-1/a/1'])
  })

  test('during a roll-out one that is ready takes the place of an old one: their number stays', () => {
    const scaler = new FunctionScaler()
    const two = { bounds: { min: 2, max: 3 }, history: seconds(30, { arrived: 1 }), canReshape: false, profile: [] }
    const [a, b] = [instance('f-1/a/0', { isOutdated: true }), instance('f-1/a/1', { isOutdated: true })]
    const [c, d] = [instance('f-1/a/2'), instance('f-1/a/3')]
    const begins = { isReady: false, requestsPerSecond: 0 }
    const steps = [
      [a, b],
      [a, b, { ...c, ...begins }],
      [a, b, c],
      [a, c],
      [a, c, { ...d, ...begins }],
      [a, c, d],
      [c, d],
    ]
    for (const [at, instances] of steps.entries()) {
      for (const ms of [0, 1_000, 2_000]) scaler.sample([serving({ ...two, instances })], 1_000 + 3_000 * at + ms)
      expect(scaler.wanted()).toEqual({ 'f-1': 2 })
    }
    expect(scaler.wishes()['f-1']!.instances.map(({ id }) => id)).toEqual(['f-1/a/2', 'f-1/a/3'])
  })

  test.each(['hybrid', 'has-gpu', 'fast-gshare'])(
    '%s changes time alone where multiprocessors are not held apart',
    (autoscaler) => {
      const shapesOf = (canPartition: boolean, sloMs: number | null = 200): readonly number[] => {
        const scaler = new FunctionScaler()
        const busy = serving({ autoscaler, canPartition, sloMs, bounds: { min: 1, max: 20 } })
        for (let at = 1; at <= 40; at++)
          scaler.sample([{ ...busy, history: seconds(at + 30, { arrived: 400 }) }], 1_000 * at)
        return scaler.wishes()['f-1']!.instances.map(({ shape }) => shape.smMilli)
      }
      expect(new Set(shapesOf(false))).toEqual(new Set([300]))
      expect(shapesOf(false).length).toBeGreaterThan(1)
      expect(new Set(shapesOf(false, null))).toEqual(new Set([300]))
      expect(shapesOf(true).length).toBeGreaterThan(1)
    },
  )

  test('of whole devices only numbers change', () => {
    const scaler = new FunctionScaler()
    const whole = serving({ history: seconds(30, { arrived: 250, queued: 40 }), canReshape: false })
    const { shape } = whole.instances[0]!
    const instances = [instance('f-1/a/0', { capacityPerSecond: 50 })]
    for (const at of [1_000, 2_000]) scaler.sample([{ ...whole, instances }], at)
    const wished = scaler.wishes()['f-1']!.instances
    expect(wished.length).toBeGreaterThan(1)
    expect(wished.map((one) => one.shape)).toEqual(wished.map(() => shape))
  })
})

describe('requests are counted', () => {
  const at = (count: number, arrived: number) => seconds(count, { arrived })

  test('by the gateway, unless clients ask the instances themselves', () => {
    expect(whatCame(at(30, 5), at(30, 9))).toEqual(at(30, 5))
    expect(whatCame([], at(30, 9))).toEqual(at(30, 9))
    const direct = whatCame(seconds(30, { arrived: 0, atMs: 7_000 }), at(30, 9))
    expect(direct.map(({ arrived }) => arrived)).toEqual(at(30, 9).map(({ arrived }) => arrived))
    expect(direct.at(-1)!.atMs).toBe(7_000)
  })

  test('from when an agent looks first: what was answered before is no load', () => {
    const scaler = new FunctionScaler()
    const counted = serving({ history: [] })
    scaler.sample([{ ...counted, instances: [instance('f-1/a/0', { requests: 1_000_000 })] }], 1_000)
    scaler.sample([{ ...counted, instances: [instance('f-1/a/0', { requests: 1_000_000 })] }], 2_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
    expect(scaler.wishes()['f-1']!.instances[0]!.shape).toEqual(shapeOf(300, 134, 200))
  })

  test('one that was late is late in its second, not for as long as its instance remembers it', () => {
    const of = (requests: number, overSlo: number): ServingFunction =>
      serving({ instances: [instance('f-1/a/0', { requests, overSlo, latencyMs: 450 })] })
    const first = secondOf(nothingCounted, of(10, 0), 1_000, 1_000)
    const late = secondOf(first.counted, of(20, 1), 2_000, 1_000)
    expect(late.second).toMatchObject({ answered: 10, overSlo: 1, latencyMs: 450 })
    const after = secondOf(late.counted, of(30, 1), 3_000, 1_000)
    expect(after.second).toMatchObject({ answered: 10, overSlo: 0, latencyMs: 200 })
  })

  test('so that whoever is asked directly stays', () => {
    const scaler = new FunctionScaler()
    const run = (from: number, to: number, perSecond: number): void => {
      for (let second = from; second < to; second++) {
        const own = instance('f-1/a/0', { requests: 1 + perSecond * second, capacityPerSecond: 20 })
        const history = seconds(60).map((one, index) => ({ ...one, atMs: 1_000 * (second + index) }))
        const of = serving({ bounds: { min: 0, max: 2 }, instances: [own], history, canReshape: false })
        scaler.sample([of], 1_000 * second)
      }
    }
    run(0, 400, 3)
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
  })
})

describe('a function without instances', () => {
  const none = serving({ bounds: { min: 0, max: 2 }, instances: [], history: seconds(5) })

  test('has none while nobody asks, and one as soon as somebody does', () => {
    const scaler = new FunctionScaler()
    scaler.sample([none], 1_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 0 })
    scaler.sample(
      [{ ...none, history: seconds(6, { arrived: 0 }).map((one, at) => (at === 5 ? { ...one, arrived: 1 } : one)) }],
      2_000,
    )
    expect(scaler.wanted()).toEqual({ 'f-1': 1 })
  })

  test('is woken once, before its second is over, and nobody else is decided on then', () => {
    const scaler = new FunctionScaler()
    const other = serving({ functionId: 'f-2', autoscaler: 'fixed' })
    const asked = seconds(6).map((one, at) => ({ ...one, arrived: 0, queued: at === 5 ? 40 : 0 }))
    scaler.sample([none, other], 1_000)
    for (const ms of [1_050, 1_100, 1_150]) scaler.wake([{ ...none, history: asked }], ms)
    expect(scaler.wanted()).toEqual({ 'f-1': 1, 'f-2': 1 })
    expect(scaler.wishes()['f-2']!.instances.map(({ id }) => id)).toEqual(['f-1/a/0'])
    scaler.sample([{ ...none, history: asked }, other], 2_000)
    expect(scaler.wanted()).toEqual({ 'f-1': 1, 'f-2': 1 })
  })

  test('goes by the policy that it names, and by the default where this agent does not know it', () => {
    const scaler = new FunctionScaler()
    scaler.sample([serving({ autoscaler: 'from-the-future', history: seconds(30, { arrived: 250 }) })], 1_000)
    expect(scaler.wanted()['f-1']).toBeGreaterThan(1)
    scaler.sample([serving({ autoscaler: 'fixed', history: seconds(30, { arrived: 250 }) })], 2_000)
    expect(scaler.wanted()['f-1']).toBe(1)
  })

  test('with a profile that can not be goes by what is measured', () => {
    const scaler = new FunctionScaler()
    const instances = [instance('f-1/a/0', { capacityPerSecond: 50 })]
    const wrong = serving({
      profile: [{ ...profile[0]!, latencyMs: -1 }],
      instances,
      history: seconds(30, { arrived: 250, queued: 9 }),
    })
    scaler.sample([wrong], 1_000)
    expect(scaler.wanted()['f-1']).toBe(4)
  })
})
