import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asCounted, asShares, shareOf } from './counted-on.ts'
import { quotaSteps, smSteps } from './pool.ts'
import { packs } from './rows.ts'
import { anInstance, aView, live, shapeOf } from './view.fixture.ts'
import { autoscalerOf } from './policies.ts'

const on = (deviceId: string, ...shapes: readonly ReturnType<typeof shapeOf>[]) =>
  shapes.map((shape, at) => anInstance({ id: `${deviceId}-${at}`, deviceId, shape }))

describe('what an instance can count on', () => {
  test('is its limit where all on the device could have theirs at once, and its guarantee elsewhere', () => {
    const calm = on('gpu-0', shapeOf(500, 400, 600), shapeOf(500, 200, 300))
    const crowded = on('gpu-1', shapeOf(1_000, 400, 600), shapeOf(1_000, 400, 600))
    const counted = asCounted(aView({ instances: [...calm, ...crowded] }))
    expect(counted.instances.map(({ shape }) => shape)).toEqual([
      shapeOf(500, 600),
      shapeOf(500, 300),
      shapeOf(1_000, 400),
      shapeOf(1_000, 400),
    ])
    expect(counted.devices.map(({ shapes }) => shapes.length)).toEqual([2, 2, 0, 0])
  })

  test('two thirds are guaranteed, and never less than a tenth of the device', () => {
    expect(shareOf(shapeOf(300, 900))).toEqual(shapeOf(300, 600, 900))
    expect(shareOf(shapeOf(300, 1_000))).toEqual(shapeOf(300, 667, 1_000))
    expect(shareOf(shapeOf(300, 100))).toEqual(shapeOf(300, 100))
  })

  test('who is on a crowded device is guaranteed all of it', () => {
    const view = aView({ instances: on('gpu-1', shapeOf(1_000, 400, 600), shapeOf(1_000, 400, 600)) })
    const resize = { kind: 'resize', instanceId: 'gpu-1-0', shape: shapeOf(1_000, 600), because: 'more' } as const
    const add = { kind: 'add', deviceId: null, shape: shapeOf(300, 600), because: 'more' } as const
    expect(asShares([resize, add], view)).toEqual([resize, { ...add, shape: shapeOf(300, 400, 600) }])
  })

  test('a guarantee that is no longer needed for its limit is eased, once', () => {
    const view = aView({ instances: on('gpu-0', shapeOf(500, 600)) })
    const [eased, ...more] = asShares([], view)
    expect(more).toEqual([])
    expect(eased).toMatchObject({ kind: 'resize', instanceId: 'gpu-0-0', shape: shapeOf(500, 400, 600) })
    expect(asShares([], aView({ instances: on('gpu-0', shapeOf(500, 400, 600)) }))).toEqual([])
    // Nobody says what else is on a device that is not known.
    expect(asShares([], aView({ instances: on('elsewhere', shapeOf(500, 600)) }))).toEqual([])
  })

  test('what counts is never more than the device has, nor less than is guaranteed', () => {
    const shapes = fc
      .tuple(fc.constantFrom(...smSteps), fc.constantFrom(...quotaSteps), fc.constantFrom(...quotaSteps))
      .map(([sm, a, b]) => shapeOf(sm, Math.min(a, b), Math.max(a, b)))
    fc.assert(
      fc.property(fc.array(shapes, { maxLength: 5 }), (given) => {
        fc.pre(packs(given))
        const { instances, devices } = asCounted(aView({ instances: on('gpu-0', ...given) }))
        expect(packs(devices[0]!.shapes)).toBe(true)
        for (const [i, { shape }] of instances.entries()) {
          expect(shape.requestMilli).toBeGreaterThanOrEqual(given[i]!.requestMilli)
          expect(shape.requestMilli).toBeLessThanOrEqual(given[i]!.limitMilli)
        }
      }),
    )
  })

  test('hybrid guarantees two thirds of what it wants', () => {
    const { instances } = live(
      autoscalerOf('hybrid'),
      Array.from({ length: 60 }, () => 40),
    )
    for (const { shape } of instances) expect(shape).toEqual(shareOf({ ...shape, requestMilli: shape.limitMilli }))
  })
})
