import { array, assert as check, boolean, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScalingView } from './autoscaler.ts'
import { idleConfig } from './idle-windows.ts'
import { autoscalerNames, autoscalerOf, baselineNames } from './policies.ts'
import { packs } from './rows.ts'
import { anInstance, aView, live, seconds, shapeOf } from './view.fixture.ts'

const names = [...autoscalerNames, ...baselineNames]

describe.each(names)('%s', (name) => {
  const policy = autoscalerOf(name)

  test('whatever comes: bounds hold, devices are not given out twice, everyone named is there, each action has its reason', () => {
    const seen = array(
      record({ arrived: integer({ min: 0, max: 400 }), queued: integer({ min: 0, max: 50 }), isLate: boolean() }),
      { minLength: 1, maxLength: 80 },
    )
    const bounds = record({
      min: integer({ min: 1, max: 3 }),
      more: integer({ min: 0, max: 5 }),
      canReshape: boolean(),
    })
    check(
      property(seen, bounds, ([...each], { min, more, canReshape }) => {
        const load = each.map(({ arrived, queued, isLate }) => ({
          arrived,
          queued,
          inFlight: Math.min(arrived, 8),
          overSlo: isLate ? arrived : 0,
          latencyMs: isLate ? 500 : 20,
        }))
        const instancesMax = min + more
        const { instances, actions } = live(policy, load, { instancesMin: min, instancesMax, canReshape })
        expect(instances.length).toBeGreaterThanOrEqual(min)
        expect(instances.length).toBeLessThanOrEqual(instancesMax)
        expect(actions.every(({ because }) => because !== '')).toBe(true)
        for (const { shape } of instances) {
          expect(shape.requestMilli).toBeGreaterThan(0)
          expect(shape.limitMilli).toBeGreaterThanOrEqual(shape.requestMilli)
          expect(shape.limitMilli).toBeLessThanOrEqual(1_000)
        }
        const isFixed = !canReshape && actions.some(({ kind }) => kind === 'resize')
        expect(isFixed).toBe(false)
        for (const own of Map.groupBy(instances, ({ deviceId }) => deviceId).values())
          expect(packs(own.map(({ shape }) => shape))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('a load that stays comes to rest, whatever was before', () => {
    const second = record({ arrived: integer({ min: 1, max: 200 }), inFlight: integer({ min: 1, max: 40 }) })
    check(
      property(second, second, boolean(), (before, then, canReshape) => {
        const load = [...seconds(150, before), ...seconds(1_000, then)]
        const { actions } = live(policy, load, { instancesMax: 12, canReshape })
        expect(actions.filter(({ atSecond }) => atSecond > 1_000)).toEqual([])
      }),
      { numRuns: 8 },
    )
  })

  test('decides alike on the same view, and leaves it as it is', () => {
    const view = aView({ history: seconds(60, { arrived: 150, inFlight: 40, queued: 9 }) })
    const before = JSON.stringify(view)
    expect(policy.decide(view, policy.initial)).toEqual(policy.decide(view, policy.initial))
    expect(JSON.stringify(view)).toBe(before)
  })

  test('an empty view is no failure', () => {
    const empty: Partial<ScalingView> = { history: [], instances: [], devices: [], latency: () => null }
    const { actions } = policy.decide(aView(empty), policy.initial)
    expect(actions.map(({ kind }) => kind)).toEqual(['add'])
    expect(policy.decide(aView({ ...empty, slo: null, canReshape: false }), policy.initial).actions).toHaveLength(1)
  })

  test('where none is allowed the last one goes after long without requests, and comes back with the first', () => {
    const quiet = Array.from({ length: 300 }, () => 0)
    const gone = live(policy, [5, ...quiet], { instancesMin: 0 })
    expect(gone.instances).toEqual([])
    const last = gone.actions.at(-1)!
    expect([last.kind, last.atSecond]).toEqual(['remove', 2 + idleConfig.keepAliveMsDefault / 1_000])
    const back = live(policy, [5, ...quiet, 5], { instancesMin: 0 })
    expect(back.instances.length).toBeGreaterThanOrEqual(1)
    expect(live(policy, [5, ...quiet], { instancesMin: 1 }).instances).toHaveLength(1)
  })

  test('where none is and nobody asks, none begins', () => {
    expect(live(policy, [0, 0, 0], { instancesMin: 0, instances: [] }).actions).toEqual([])
    expect(live(policy, [0, 0, 3], { instancesMin: 0, instances: [] }).actions[0]).toMatchObject({
      kind: 'add',
      atSecond: 3,
    })
  })
})

describe('policies by name', () => {
  test("an empty name is the default's, an unknown one is refused with those that there are", () => {
    expect(autoscalerOf('').name).toBe('hybrid')
    expect(() => autoscalerOf('magic')).toThrow(
      'autoscaler: "magic" is none of hybrid, dilu, has-gpu, fast-gshare, knative, fixed, ray, hpa',
    )
  })

  test('fixed changes nothing but what the bounds ask for', () => {
    const load = Array.from({ length: 60 }, (_, at) => 50 * (at % 9))
    expect(live(autoscalerOf('fixed'), load).actions).toEqual([])
    expect(live(autoscalerOf('fixed'), load, { instancesMin: 3 }).instances).toHaveLength(3)
  })

  test('dilu: half of 40 seconds over what instances answer adds one; no share changes', () => {
    const load = Array.from({ length: 25 }, () => 40)
    const { actions } = live(autoscalerOf('dilu'), load, { instances: [anInstance({ shape: shapeOf(300, 300) })] })
    expect(actions.map(({ kind, atSecond }) => [kind, atSecond])).toEqual([['add', 20]])
  })

  test('dilu: an objective that is missed with all quotas at their limits adds one after three seconds', () => {
    const late = { arrived: 5, overSlo: 5, latencyMs: 900 }
    const at = (quotaMilli: number) =>
      live(autoscalerOf('dilu'), [late, late, late, late], {
        instances: [anInstance({ shape: shapeOf(300, 300, 600), quotaMilli })],
      }).actions.map(({ atSecond }) => atSecond)
    expect(at(600)).toEqual([3])
    expect(at(599)).toEqual([])
  })
})
