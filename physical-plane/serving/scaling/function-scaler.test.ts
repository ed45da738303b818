import { array, assert as check, boolean, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { FunctionScaler, type ServingFunction, type ServingInstance } from './function-scaler.ts'
import { autoscalerNames } from './policies.ts'
import { seconds, shapeOf } from './view.fixture.ts'

const profile = [100, 200, 400, 1_000].map((quotaMilli) => {
  return { deviceModel: 'v100', batch: 1, smMilli: 300, quotaMilli, latencyMs: 10_000 / quotaMilli }
})
const shape = shapeOf(300, 200, 300)

const anInstance = (instanceId: string): ServingInstance => ({
  instanceId,
  attempt: 1,
  isReady: false,
  requests: 0,
  latencyMs: 20,
  requestsPerSecond: 1,
  capacityPerSecond: 20,
  isVerticalExhausted: false,
  deviceId: 'gpu-0',
  deviceModel: 'v100',
  shape,
})

/** What a second may bring: requests, a death, an instance that begins as it is wished for, a roll-out, readiness. */
const aSecond = record({
  arrived: integer({ min: 0, max: 300 }),
  dies: boolean(),
  begins: boolean(),
  isObeyed: boolean(),
  isRolledOut: boolean(),
})

test('whatever becomes of instances, a wish is within bounds and names whom there is, once', () => {
  const names = constantFrom(...autoscalerNames)
  const bounds = record({ min: integer({ min: 0, max: 2 }), more: integer({ min: 0, max: 4 }) })
  check(
    property(
      array(aSecond, { minLength: 1, maxLength: 60 }),
      names,
      bounds,
      boolean(),
      (story, name, { min, more }, canReshape) => {
        const scaler = new FunctionScaler()
        const max = Math.max(1, min + more)
        let instances: readonly ServingInstance[] = [anInstance('f/0')]
        let born = 0
        for (const [at, { arrived, dies, begins, isObeyed, isRolledOut }] of story.entries()) {
          const history = seconds(at + 1, { arrived }).slice(-60)
          const rest = { sloMs: 100, batchMax: 1, shape, memoryBytes: 0, profile, canReshape, history }
          const of: ServingFunction = { functionId: 'f', bounds: { min, max }, instances, autoscaler: name, ...rest }
          scaler.sample([of], 1_000 * (at + 1))
          const wished = scaler.wishes()['f']!.instances
          const named = wished.map(({ id }) => id).filter((id) => id !== '')
          expect(wished.length).toBeGreaterThanOrEqual(min)
          expect(wished.length).toBeLessThanOrEqual(Math.max(max, instances.length))
          expect(scaler.wanted()).toEqual({ f: wished.length })
          expect(new Set(named).size).toBe(named.length)
          expect(named.every((id) => instances.some(({ instanceId }) => instanceId === id))).toBe(true)
          for (const one of wished) expect(one.shape.limitMilli).toBeGreaterThanOrEqual(one.shape.requestMilli)
          if (isObeyed) instances = instances.filter(({ instanceId }) => named.includes(instanceId))
          if (dies) instances = instances.slice(1)
          instances = instances.map((one) => ({
            ...one,
            isReady: true,
            requests: one.requests + arrived,
            isOutdated: isRolledOut,
          }))
          if (begins && instances.length < wished.length) instances = [...instances, anInstance(`f/${(born += 1)}`)]
        }
      },
    ),
  )
})

test('a wish that is obeyed comes to rest under a load that stays', () => {
  for (const name of autoscalerNames) {
    const scaler = new FunctionScaler()
    let instances: readonly ServingInstance[] = [{ ...anInstance('f/0'), isReady: true }]
    let born = 0
    let last = ''
    let changedAt = 0
    for (let at = 1; at <= 400; at++) {
      const history = seconds(at, { arrived: 60, inFlight: 3 }).slice(-60)
      const rest = { sloMs: 100, batchMax: 1, shape, memoryBytes: 0, profile, canReshape: true, history }
      const bounds = { min: 1, max: 20 }
      scaler.sample([{ functionId: 'f', bounds, instances, autoscaler: name, ...rest }], 1_000 * at)
      const wished = scaler.wishes()['f']!.instances
      instances = wished.map(({ id, shape: own }) => {
        const known = instances.find(({ instanceId }) => instanceId === id)
        return { ...(known ?? anInstance(`f/${(born += 1)}`)), isReady: known !== undefined, shape: own }
      })
      const told = JSON.stringify(wished.map((one) => one.shape))
      if (told !== last) changedAt = at
      last = told
    }
    expect([name, changedAt]).toEqual([name, Math.min(changedAt, 330)])
  }
})
