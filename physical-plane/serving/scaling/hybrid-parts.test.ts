import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LatencyModel, ScaledInstance, ScalingView, Second, Shape } from './autoscaler.ts'
import { planFleet } from './fleet-plan.ts'
import { hybrid, type HybridMemory } from './hybrid.ts'
import { poolRate, quotaSteps, smSteps } from './pool.ts'
import { packs, smOf } from './rows.ts'
import { reserveOf, surprisesAfter, surprisesStart } from './surprises.ts'

/** Amdahl's: 10 ms that nothing makes shorter, 5 ms a request of the batch on the whole GPU. */
const latency: LatencyModel = (_, batch, { smMilli, requestMilli }) =>
  (10 + (5 * batch * 1_000) / (smMilli === 0 ? 1_000 : smMilli)) * (1_000 / requestMilli)

function second(over: Partial<Second> = {}): Second {
  return {
    atMs: 0,
    arrived: 0,
    answered: 0,
    refused: 0,
    overSlo: 0,
    queued: 0,
    inFlight: 0,
    latencyMs: 20,
    ...over,
  }
}

function instance(id: string, shape: Shape, over: Partial<ScaledInstance> = {}): ScaledInstance {
  return { id, deviceId: 'gpu-0', shape, isReady: true, bornAtMs: 0, quotaMilli: 1_000, measuredPerSecond: 0, ...over }
}

function aView(over: Partial<ScalingView> = {}): ScalingView {
  const instances = over.instances ?? []
  return {
    nowMs: 0,
    history: [],
    instances,
    devices: ['gpu-0', 'gpu-1'].map((id) => ({
      id,
      model: 'v100',
      shapes: instances.filter(({ deviceId }) => deviceId === id).map(({ shape }) => shape),
      memoryFreeBytes: 16e9,
      usdPerHour: 1,
    })),
    latency,
    slo: { latencyMs: 150, percentile: 99 },
    instancesMin: 1,
    instancesMax: 10,
    batchMax: 8,
    shape: { smMilli: 300, requestMilli: 500, limitMilli: 750 },
    memoryBytes: 1e9,
    canReshape: true,
    coldStartMs: 10_000,
    ...over,
  }
}

const exactly = (smMilli: number, requestMilli: number): Shape => ({ smMilli, requestMilli, limitMilli: requestMilli })
const shapes = fc
  .tuple(fc.constantFrom(...smSteps), fc.constantFrom(...quotaSteps))
  .map(([smMilli, requestMilli]) => exactly(smMilli, requestMilli))

describe('what instances answer together', () => {
  test('is less than how fast they are, and at least what each one answers alone', () => {
    fc.assert(
      fc.property(fc.array(shapes, { minLength: 1, maxLength: 5 }), (given) => {
        const view = aView()
        const all = given.map((shape) => ({ deviceId: null, shape }))
        const together = poolRate(view, all)
        expect(together).toBeGreaterThanOrEqual(0)
        for (const one of all) {
          const same = all.map(() => one)
          expect(poolRate(view, same) + 1e-9).toBeGreaterThanOrEqual(same.length * poolRate(view, [one]))
        }
      }),
    )
  })

  test('needs a spread over the mean: 150 ms, one batch of 8 in 50 ms', () => {
    const [shape] = [exactly(1_000, 1_000)]
    // lambda + 2.326 sqrt(lambda / 0.1) = 160.
    const rate = poolRate(aView(), [{ deviceId: null, shape }])
    expect(rate + 2.326 * Math.sqrt(rate / 0.1)).toBeCloseTo(160, 6)
  })
})

describe('whether a device holds them', () => {
  test('one size shares rows as far as their time goes', () => {
    expect(packs([exactly(500, 600), exactly(500, 400), exactly(500, 1_000)])).toBe(true)
    expect(packs([exactly(500, 600), exactly(500, 600), exactly(500, 600)])).toBe(false)
    expect(packs([exactly(600, 100), exactly(500, 100)])).toBe(false)
    expect(packs([exactly(0, 500), exactly(1_000, 500)])).toBe(true)
    expect(packs([])).toBe(true)
  })

  test('never more than the whole of it', () => {
    fc.assert(
      fc.property(fc.array(shapes, { maxLength: 12 }), (given) => {
        const area = given.reduce((sum, shape) => sum + (smOf(shape) * shape.requestMilli) / 1e6, 0)
        expect(packs(given) && area > 1 + 1e-9).toBe(false)
      }),
    )
  })
})

describe('surprises', () => {
  const after = (rates: readonly number[]): number => {
    let surprises = surprisesStart
    for (const rate of rates) surprises = surprisesAfter(surprises, { arrived: rate, foreseen: 0 }, 8)
    return reserveOf(surprises, 99)
  }

  test('bursts out of nothing are kept in reserve, so far as they are more than is left room for', () => {
    const bursts = Array.from({ length: 300 }, (_, i) => (i % 20 === 0 ? 40 : 0))
    expect(after(bursts)).toBe(32)
    expect(after(bursts.map((rate) => rate / 8))).toBe(0)
  })

  test('what comes at once and can wait is none', () => {
    const reserve = (patienceSeconds: number): number => {
      let surprises = surprisesStart
      for (let i = 0; i < 300; i++)
        surprises = surprisesAfter(surprises, { arrived: i % 10 === 0 ? 50 : 0, foreseen: 5 }, 2, patienceSeconds)
      return reserveOf(surprises, 99)
    }
    expect(reserve(1)).toBeGreaterThan(30)
    expect(reserve(10)).toBe(0)
  })

  test('one burst in so many requests that the objective spares it is not', () => {
    expect(after([0, 40, ...Array.from({ length: 900 }, () => 5)])).toBe(0)
    expect(after([0, 40, ...Array.from({ length: 100 }, () => 5)])).toBe(32)
  })
})

describe('a plan', () => {
  const steady = Array.from({ length: 300 }, () => 20)

  test('takes other instances where they would have taken less, and pays for their start', () => {
    const view = aView({ instances: [instance('a', exactly(1_000, 500))] })
    const plan = planFleet(view, steady, 0.9)
    expect(plan.kind).toBe('others')
    if (plan.kind !== 'others') return
    expect(plan.milliAfter).toBeLessThan(0.9 * plan.milliBefore)
    // They cover it.
    expect(
      poolRate(
        view,
        plan.shapes.map((shape) => ({ deviceId: null, shape })),
      ),
    ).toBeGreaterThanOrEqual(20)
    // With what it took, nothing is to be won any more.
    const settled = aView({ instances: plan.shapes.map((shape, i) => instance(`b${i}`, shape)) })
    expect(planFleet(settled, steady, 0.9)).toEqual({ kind: 'keep' })
  })

  test('lets one go that is not needed, and none that is', () => {
    const shape = exactly(200, 600)
    const three = aView({ instances: ['a', 'b', 'c'].map((id) => instance(id, shape)) })
    const little = steady.map(() => 1)
    expect(planFleet(three, little, 0.9).kind).not.toBe('keep')
    const one = aView({ instances: [instance('a', shape)], instancesMax: 1 })
    expect(planFleet(one, little, 0.9)).toEqual({ kind: 'keep' })
  })

  test('is of at least as many as the function must have', () => {
    const view = aView({ instancesMin: 2, instances: ['a', 'b'].map((id) => instance(id, exactly(1_000, 500))) })
    const plan = planFleet(view, steady, 0.9)
    expect(plan.kind === 'others' && plan.shapes.length).toBeGreaterThanOrEqual(2)
  })
})

describe('hybrid', () => {
  const busy = (rate: number, seconds = 40): readonly Second[] =>
    Array.from({ length: seconds }, () => second({ arrived: rate, answered: rate }))

  test('gives more time at once before it begins another instance', () => {
    const view = aView({ history: busy(30), instances: [instance('a', exactly(500, 300))] })
    const { actions } = hybrid.decide(view, hybrid.initial)
    expect(actions.map(({ kind }) => kind)).toEqual(['resize'])
    const many = hybrid.decide({ ...view, history: busy(400) }, hybrid.initial)
    expect(many.actions.map(({ kind }) => kind)).toContain('add')
  })

  test('keeps who is replaced until the others answer', () => {
    const big = exactly(1_000, 500)
    let memory: HybridMemory = hybrid.initial
    let instances: readonly ScaledInstance[] = [instance('a', big)]
    let begunAt: number | null = null
    let goneAt: number | null = null
    let gone = { id: '', others: 0 }
    for (let now = 1; now <= 120 && goneAt === null; now++) {
      instances = instances.map((one) => ({ ...one, isReady: now * 1_000 - one.bornAtMs >= 10_000 || one.id === 'a' }))
      const decided = hybrid.decide(aView({ nowMs: now * 1_000, history: busy(20), instances }), memory)
      memory = decided.memory
      for (const action of decided.actions) {
        if (action.kind === 'resize')
          instances = instances.map((one) => (one.id === action.instanceId ? { ...one, shape: action.shape } : one))
        if (action.kind === 'remove') {
          goneAt = now
          gone = { id: action.instanceId, others: instances.filter(({ id, isReady }) => id !== 'a' && isReady).length }
        }
        if (action.kind !== 'add') continue
        begunAt ??= now
        instances = [
          ...instances,
          instance(`b${instances.length}`, action.shape, { isReady: false, bornAtMs: now * 1_000 }),
        ]
      }
    }
    expect(begunAt).not.toBeNull()
    expect(gone.id).toBe('a')
    expect(gone.others).toBeGreaterThan(0)
    expect(goneAt! - begunAt!).toBeGreaterThanOrEqual(10)
  })

  test('never leaves an instance so slow that its requests miss the objective', () => {
    const instances = ['a', 'b'].map((id) => instance(id, exactly(200, 1_000)))
    let memory: HybridMemory = hybrid.initial
    let view = aView({ history: busy(2), instances })
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 15; i++) {
      const decided = hybrid.decide(view, memory)
      memory = decided.memory
      for (const action of decided.actions) {
        if (action.kind !== 'resize') continue
        const shape = { ...action.shape, requestMilli: action.shape.limitMilli }
        least = Math.min(least, poolRate(view, [{ deviceId: 'gpu-0', shape }]))
        view = aView({
          history: view.history,
          instances: view.instances.map((one) =>
            one.id === action.instanceId ? { ...one, shape: action.shape } : one,
          ),
        })
      }
    }
    expect(least).toBeGreaterThan(0)
    expect(view.instances[0]!.shape.requestMilli).toBeLessThan(1_000)
  })
})
