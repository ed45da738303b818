import { array, assert as check, boolean, double, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LatencyModel, ScaledInstance, ScalingView, Shape } from './autoscaler.ts'
import { hasConfig, hasGpu, publishedCapacity, scaleTo } from './has-gpu.ts'
import { occupancyOf, roomMilli, rowsOf } from './rows.ts'
import { throughput } from './shape-choices.ts'
import { anInstance, aView, done, live, seconds, shapeOf, smoothLatency } from './view.fixture.ts'

// ResNet-50, batches of 4 on 30 % of a V100's multiprocessors, by tenths of time, as RaPP's authors measured it.
const measured = [252.25, 77.33, 53.72, 35.18, 31.89, 21.51, 21.17, 21.07, 20.85, 20.9]
const latency: LatencyModel = (_, batch, { smMilli, requestMilli }) =>
  batch === 4 && smMilli === 300 ? (measured[requestMilli / 100 - 1] ?? null) : null

/** One instance with 30 % of the time, and 40 % of its row with another function. */
const view = (fields: Partial<ScalingView> = {}, requestMilli = 300, others = 400): ScalingView => {
  const instances = [anInstance({ shape: shapeOf(300, requestMilli) })]
  const shapes = [...instances.map(({ shape }) => shape), ...(others === 0 ? [] : [shapeOf(300, others)])]
  const devices = [{ id: 'gpu-0', model: 'v100', shapes, memoryFreeBytes: 16e9, usdPerHour: 2 }]
  return aView({ instances, devices, latency, slo: null, ...fields })
}

const capacityAt = (requestMilli: number): number => publishedCapacity(view(), 'v100', shapeOf(300, requestMilli))!

const decided = (rate: number, of = view()) =>
  scaleTo(of, rate, publishedCapacity, true).actions.map((action) =>
    action.kind === 'resize' ? `to ${action.shape.requestMilli}` : action.kind,
  )

describe('what instances of the published measurement can answer', () => {
  test('by the published rule', () => {
    const expected = [7.758, 16.969, 20.207, 23.768, 24.537, 27.32, 27.422, 27.452, 27.519, 27.502]
    const off = expected.map((capacity, at) => Math.abs(capacityAt(100 * (at + 1)) - capacity))
    // The latencies above are rounded.
    expect(Math.max(...off)).toBeLessThan(0.0015)
  })

  test('more time in the row covers what is missing, as far as the row goes', () => {
    expect(decided(15)).toEqual([])
    expect(decided(20)).toEqual(['to 400'])
    expect(decided(22)).toEqual(['to 500'])
    expect(decided(30)).toEqual(['to 600', 'add'])
    expect(30 - 0.9 * capacityAt(300) - (capacityAt(600) - capacityAt(300))).toBeCloseTo(4.701, 2)
  })

  test('less time is taken back only as far as what is asked stays covered', () => {
    const wide = view({}, 1_000, 0)
    expect(decided(8, wide)).toEqual(['to 200'])
    expect(capacityAt(200)).toBeCloseTo(16.969, 3)
    expect(decided(8.26, wide)).toEqual([])
  })

  test('nothing happens between the thresholds', () => {
    const rate = double({ min: 0.3001, max: 0.8999, noNaN: true })
    check(
      property(rate, (share) => {
        expect(decided(share * capacityAt(300))).toEqual([])
      }),
    )
  })
})

type Step = { readonly device: number; readonly sm: number; readonly quota: number; readonly isOwn: boolean }

/** Two devices in rows, on which some are the function's and the others are not. */
function rowsOfBoth(steps: readonly Step[]): Pick<ScalingView, 'instances' | 'devices'> {
  const shapes: [Shape[], Shape[]] = [[], []]
  const instances: ScaledInstance[] = []
  for (const [at, { device, sm, quota, isOwn }] of steps.entries()) {
    const own = shapes[device]!
    if (roomMilli(own, 100 * sm, hasConfig.rowsMax) < 100 * quota) continue
    const shape = shapeOf(100 * sm, 100 * quota)
    own.push(shape)
    if (isOwn) instances.push(anInstance({ id: `had-${at}`, shape, deviceId: `gpu-${device}` }))
  }
  const devices = shapes.map((own, at) => {
    return { id: `gpu-${at}`, model: 'v100', shapes: own, memoryFreeBytes: 16e9, usdPerHour: 2 }
  })
  return { instances, devices }
}

describe('as a policy', () => {
  const capacityOfAll = (instances: readonly ScaledInstance[], of: ScalingView): number =>
    instances.reduce((sum, { shape }) => sum + (throughput(of, 'v100', shape) ?? 0), 0)

  test('after going up the load is nine tenths of the capacity at most; after going down too; rows fit every device', () => {
    const load = double({ min: 0, max: 300, noNaN: true })
    const tenths = integer({ min: 1, max: 10 })
    check(
      property(load, tenths, tenths, (rate, sm, quota) => {
        const of = aView({
          instances: [anInstance({ shape: shapeOf(100 * sm, 100 * quota) })],
          slo: null,
          instancesMax: 50,
        })
        let next = 0
        let instances = of.instances
        for (const action of scaleTo(of, rate, throughput, true).actions)
          instances = done(instances, action, of.nowMs, () => `i-${(next += 1)}`)
        expect(instances.length).toBeGreaterThanOrEqual(1)
        expect(capacityOfAll(instances, of)).toBeGreaterThanOrEqual((rate / hasConfig.upShare) * (1 - 1e-9))
        for (const own of Map.groupBy(instances, ({ deviceId }) => deviceId).values()) {
          const rows = rowsOf(own.map(({ shape }) => shape))
          expect(rows.length).toBeLessThanOrEqual(hasConfig.rowsMax)
          expect(rows.reduce((sum, row) => sum + row.smMilli, 0)).toBeLessThanOrEqual(1_000)
          for (const row of rows) expect(row.requestMilli).toBeLessThanOrEqual(1_000)
          expect(occupancyOf(own.map(({ shape }) => shape))).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
    )
  })

  test('from whatever rows there are it covers the load or has all that it may, gives nothing up that is asked for, and rests between', () => {
    const step = record({
      device: integer({ min: 0, max: 1 }),
      sm: integer({ min: 1, max: 5 }),
      quota: integer({ min: 1, max: 6 }),
      isOwn: boolean(),
    })
    const loads = double({ min: 0, max: 400, noNaN: true })
    const bounds = record({ instancesMin: integer({ min: 1, max: 3 }), instancesMax: integer({ min: 4, max: 8 }) })
    check(
      property(
        array(step, { minLength: 1, maxLength: 8 }),
        loads,
        bounds,
        (steps, rate, { instancesMin, instancesMax }) => {
          const { instances: had, devices } = rowsOfBoth(steps)
          if (had.length === 0 || had.length > instancesMax) return
          const of = aView({ instances: had, devices, slo: null, instancesMin, instancesMax })
          const total = capacityOfAll(had, of)
          const { actions, isDown } = scaleTo(of, rate, throughput, true)
          let born = 0
          let instances: readonly ScaledInstance[] = had
          for (const action of actions) instances = done(instances, action, of.nowMs, () => `i-${(born += 1)}`)
          const after = capacityOfAll(instances, of)
          const needed = (rate / hasConfig.upShare) * (1 - 1e-9)
          const isUp = rate > hasConfig.upShare * total || had.length < instancesMin
          const isBetween = !isUp && rate >= hasConfig.downShare * total
          expect(isDown).toBe(!isUp && !isBetween)
          expect(isBetween ? actions : []).toEqual([])
          expect(isBetween || after >= needed || (isUp && instances.length === instancesMax)).toBe(true)
          expect(instances.length).toBeGreaterThanOrEqual(instancesMin)
          for (const { id, shapes } of devices) {
            const own = had.filter(({ deviceId }) => deviceId === id).map(({ shape }) => shape)
            const others = [...shapes]
            for (const shape of own) others.splice(others.indexOf(shape), 1)
            const now = instances.filter(({ deviceId }) => deviceId === id).map(({ shape }) => shape)
            const rows = rowsOf([...others, ...now])
            expect(rows.length).toBeLessThanOrEqual(hasConfig.rowsMax)
            expect(rows.reduce((sum, row) => sum + row.smMilli, 0)).toBeLessThanOrEqual(1_000)
            for (const row of rows) expect(row.requestMilli).toBeLessThanOrEqual(1_000)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a constant load comes to rest', () => {
    for (const rate of [1, 10, 40, 120, 400]) {
      const { actions } = live(
        hasGpu as never,
        Array.from({ length: 120 }, () => rate),
        { slo: null, instancesMax: 30 },
      )
      expect(actions.filter(({ atSecond }) => atSecond > 60)).toEqual([])
    }
  })

  test('gives back no more often than every ten seconds', () => {
    const wide = [anInstance({ shape: shapeOf(500, 1_000) })]
    const load = [...Array.from({ length: 20 }, () => 60), ...Array.from({ length: 60 }, () => 1)]
    const { actions } = live(hasGpu as never, load, { instances: wide, slo: null })
    const downs = [...new Set(actions.map(({ atSecond }) => atSecond))]
    for (const [at, second] of downs.entries())
      expect(second - (downs[at - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(10)
  })

  test('looks every two seconds at the last ten', () => {
    const busy = seconds(10, { arrived: 100 })
    const first = hasGpu.decide(aView({ history: busy, slo: null }), hasGpu.initial)
    const at = (nowMs: number) => hasGpu.decide(aView({ nowMs, history: busy, slo: null }), first.memory).actions
    expect(first.actions.length).toBeGreaterThan(0)
    expect(at(101_999)).toEqual([])
    expect(at(102_000).length).toBeGreaterThan(0)
    const before = [...seconds(50, { arrived: 3_000 }), ...busy]
    expect(hasGpu.decide(aView({ history: before, slo: null }), hasGpu.initial)).toEqual(first)
  })

  test('a part that misses the objective is never chosen', () => {
    const of = aView({ history: seconds(10, { arrived: 100 }), slo: { latencyMs: 60, percentile: 99 } })
    const { actions } = hasGpu.decide(of, hasGpu.initial)
    const added = actions.flatMap((action) => (action.kind === 'add' ? [action.shape] : []))
    expect(added.length).toBeGreaterThan(0)
    for (const shape of added) expect(smoothLatency('v100', 1, shape)).toBeLessThanOrEqual(30)
  })

  test('what nobody has profiled counts as it was measured, not as nothing', () => {
    const instances = [anInstance({ measuredPerSecond: 20 })]
    const of = aView({ instances, latency: () => null, history: seconds(10, { arrived: 40 }) })
    // 45 foreseen, of which nine tenths of 60 are enough.
    expect(hasGpu.decide(of, hasGpu.initial).actions.map(({ kind }) => kind)).toEqual(['add', 'add'])
  })

  test('functions share no memory: what one foresees does not move another', () => {
    const busy = hasGpu.decide(aView({ history: seconds(10, { arrived: 500 }) }), hasGpu.initial)
    const quiet = aView({ history: seconds(10, { arrived: 5 }) })
    const before = hasGpu.decide(quiet, hasGpu.initial)
    expect(busy.memory.kalman.rate).toBeGreaterThan(50)
    expect(hasGpu.decide(quiet, hasGpu.initial)).toEqual(before)
  })

  test('grows on most multiprocessors first and shrinks on fewest; larger ones are not taken away whole', () => {
    const of = (least: number, most: number, requestMilli: number): ScalingView => {
      const shapes = [shapeOf(least, requestMilli), shapeOf(most, requestMilli)]
      const instances = shapes.map((shape, at) => anInstance({ id: `i${at}`, shape, deviceId: `gpu-${at}` }))
      const devices = shapes.map((shape, at) => {
        return { id: `gpu-${at}`, model: 'v100', shapes: [shape], memoryFreeBytes: 16e9, usdPerHour: 2 }
      })
      return aView({ instances, devices, slo: null })
    }
    const capacity = (seen: ScalingView): number => capacityOfAll(seen.instances, seen)
    const told = (seen: ScalingView, rate: number): readonly string[] =>
      scaleTo(seen, rate, throughput, true).actions.map((action) =>
        action.kind === 'add' ? 'add' : `${action.kind} ${action.instanceId}`,
      )
    const both = of(200, 400, 500)
    expect(told(both, 0.9 * capacity(both) + 1)).toEqual(['resize i1'])
    // The larger one alone could give back as much.
    const wide = of(200, 400, 1_000)
    expect(told(wide, 0.29 * capacity(wide)).some((action) => action.endsWith('i0'))).toBe(true)
    const least = of(200, 500, 100)
    expect(told(least, 0.2 * capacity(least))).toEqual(['remove i0'])
    // On 600 thousandths of the multiprocessors it stays, however little is asked.
    expect(told(of(600, 600, 100), 0)).toEqual([])
  })

  test('a first instance goes to a GPU that is less than half given out, further ones to any up to 95 %', () => {
    const used = (id: string, ...shapes: readonly Shape[]) => {
      return { id, model: 'v100', shapes, memoryFreeBytes: 16e9, usdPerHour: 2 }
    }
    const half = used('half', shapeOf(510, 1_000))
    const less = used('less', shapeOf(490, 1_000))
    const nearly = used('nearly', shapeOf(900, 1_000), shapeOf(100, 600))
    const first = (...devices: readonly ReturnType<typeof used>[]) =>
      scaleTo(aView({ instances: [], devices, slo: null }), 5, throughput, true).actions
    expect(first(half, less)).toMatchObject([{ kind: 'add', deviceId: 'less' }])
    expect(first(half, used('empty'))).toMatchObject([{ kind: 'add', deviceId: 'empty' }])
    expect(first(half)).toMatchObject([{ kind: 'add', deviceId: null }])
    const own = anInstance({ shape: shapeOf(1_000, 1_000), deviceId: 'own' })
    const more = (...devices: readonly ReturnType<typeof used>[]) => {
      const seen = aView({ instances: [own], devices: [used('own', own.shape), ...devices], slo: null })
      return scaleTo(seen, throughput(seen, 'v100', own.shape)!, throughput, true).actions
    }
    expect(more(half)).toMatchObject([{ kind: 'add', deviceId: 'half' }])
    expect(more(nearly)).toMatchObject([{ kind: 'add', deviceId: null }])
  })

  test('the smallest part that covers the rest is taken, not the largest', () => {
    const instances = [anInstance({ shape: shapeOf(300, 1_000) })]
    const of = aView({ instances, slo: null })
    const capacity = throughput(of, 'v100', shapeOf(300, 1_000))!
    const { actions } = scaleTo(of, 0.9 * capacity + 5, throughput, true)
    const added = actions.flatMap((action) => (action.kind === 'add' ? [action.shape] : []))
    expect(added).toHaveLength(1)
    expect(throughput(of, 'v100', added[0]!)!).toBeLessThan(20)
  })

  test('a row of another function is joined with its own multiprocessors', () => {
    const own = anInstance({ shape: shapeOf(300, 1_000), deviceId: 'gpu-0' })
    const shapes = [shapeOf(250, 100), shapeOf(750, 1_000)]
    const devices = [
      { id: 'gpu-0', model: 'v100', shapes: [own.shape, shapeOf(700, 1_000)], memoryFreeBytes: 16e9, usdPerHour: 2 },
      { id: 'gpu-1', model: 'v100', shapes, memoryFreeBytes: 16e9, usdPerHour: 2 },
    ]
    const of = aView({ instances: [own], devices, slo: null })
    const capacity = throughput(of, 'v100', own.shape)!
    const { actions } = scaleTo(of, 0.9 * capacity + 5, throughput, true)
    expect(actions).toMatchObject([{ kind: 'add', deviceId: 'gpu-1', shape: { smMilli: 250 } }])
  })

  test('every part is judged with the batch that is used, never with none', () => {
    const asked: number[] = []
    const noted: LatencyModel = (model, batch, shape) => {
      asked.push(batch, shape.requestMilli)
      return smoothLatency(model, batch, shape)
    }
    hasGpu.decide(aView({ latency: noted, history: seconds(10, { arrived: 300 }) }), hasGpu.initial)
    expect(asked.length).toBeGreaterThan(0)
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(1)
  })
})
