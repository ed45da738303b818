import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import type { Action, Autoscaler, LatencyModel, ScalingView, Shape } from '../scaling/autoscaler.ts'
import { autoscalerOf } from '../scaling/policies.ts'
import { arrivalsByRate, poissonArrivals, toldArrivals } from './arrivals.ts'
import { EventHeap } from './event-heap.ts'
import type { ReplayedFunction } from './function-state.ts'
import { GpuRows, roomOf, smFreeOf, smOf, type GpuKind, type Seat } from './gpu-rows.ts'
import { replay } from './replay.ts'
import { shareOut } from './share-out.ts'

const gpu: GpuKind = { model: 'v100', count: 4, memoryBytes: 16e9, usdPerHour: 3.6 }
const half: Shape = { smMilli: 500, requestMilli: 500, limitMilli: 500 }

/** 10 ms for the whole GPU and a batch of one; half as much again for each one more. */
const linear: LatencyModel = (_, batch, { smMilli, requestMilli }) =>
  (10 * (1 + (batch - 1) / 2)) / ((smMilli === 0 ? 1 : smMilli / 1_000) * (requestMilli / 1_000))

const still: Autoscaler<null> = { name: 'still', initial: null, decide: () => ({ actions: [], memory: null }) }

/** Does what it is told in the seconds it is told of. */
function scripted(script: Readonly<Record<number, (view: ScalingView) => readonly Action[]>>): Autoscaler<number> {
  return {
    name: 'scripted',
    initial: 0,
    decide: (view, second) => ({ actions: script[second + 1]?.(view) ?? [], memory: second + 1 }),
  }
}

function aFunction(over: Partial<ReplayedFunction> = {}): ReplayedFunction {
  return {
    name: 'net',
    arrivalsMs: new Float64Array(),
    truth: linear,
    known: linear,
    slo: { latencyMs: 100, percentile: 99 },
    instancesMin: 1,
    instancesMax: 10,
    batchMax: 4,
    shape: { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 },
    memoryBytes: 1e9,
    coldStartMs: 5_000,
    timeoutMs: 0,
    queueMax: 0,
    ...over,
  }
}

const run = <Memory>(
  spec: Partial<ReplayedFunction>,
  autoscaler: Autoscaler<Memory> | Autoscaler<null> = still,
  lengthMs = 10_000,
) => replay({ functions: [aFunction(spec)], gpus: [gpu], autoscaler: autoscaler as Autoscaler, lengthMs })

const times = (...ms: number[]): Float64Array => Float64Array.from(ms)

describe('a replay', () => {
  test('answers one at a time at once, and those that come meanwhile together', () => {
    const [net] = run({ arrivalsMs: times(0, 2, 4, 100) }).functions
    // The second and third wait for the first, then take 15 ms as a batch.
    expect([...net!.latenciesMs]).toEqual([10, 23, 21, 10])
    expect(net).toMatchObject({ requests: 4, answered: 4, overSlo: 0, refused: 0, violationShare: 0 })
  })

  test('takes no larger a batch than the objective of its oldest request allows', () => {
    const [net] = run({ arrivalsMs: times(0, 1, 2, 3), slo: { latencyMs: 25, percentile: 99 } }).functions
    // At 10 ms three wait; the oldest has 16 ms left, and a batch of three would take 20.
    expect([...net!.latenciesMs]).toEqual([10, 24, 23, 32])
    expect(net!.overSlo).toBe(1)
  })

  test('refuses at once who could not be answered within the objective', () => {
    const arrivalsMs = Float64Array.from({ length: 100 }, () => 1)
    const [net] = run({ arrivalsMs }).functions
    // A batch of four in 25 ms: sixteen may wait while the first one is at work. Of the last two one gives up, so that the other is
    // answered, if late.
    expect(net!.refused).toBe(84)
    expect(net!.answered).toBe(16)
    expect(net!.overSlo).toBe(1)
    expect(run({ arrivalsMs, queueMax: 5 }).functions[0]!.answered).toBe(6)
  })

  test('answers those late who came while nobody answered, rather than not at all', () => {
    const [net] = run(
      { instancesMin: 0, arrivalsMs: times(300_000, 300_001) },
      autoscalerOf('fixed'),
      400_000,
    ).functions
    expect(net).toMatchObject({ answered: 2, refused: 0, overSlo: 2, coldStarts: 1 })
  })

  test('bills guaranteed shares of the GPU and the whole of it, until the end and no longer', () => {
    const outcome = run({ shape: half, arrivalsMs: times(9_990) })
    const [net] = outcome.functions
    expect(net!.latenciesMs[0]).toBeCloseTo(40, 9)
    expect(net!.gpuSeconds).toBeCloseTo(2.5, 9)
    expect(net!.usd).toBeCloseTo((2.5 / 3_600) * 3.6, 9)
    expect(outcome.wholeGpuSeconds).toBeCloseTo(10, 9)
  })

  test('bills what is used above what is guaranteed while it is used', () => {
    const shape = { smMilli: 500, requestMilli: 100, limitMilli: 800 }
    const [net] = run({ shape, arrivalsMs: times(0) }).functions
    // 25 ms of 80 % instead of 10 % of half the GPU.
    expect(net!.latenciesMs[0]).toBeCloseTo(25, 9)
    expect(net!.gpuSeconds).toBeCloseTo(0.05 * 10 + (0.35 * 25) / 1_000, 9)
    expect(net!.guaranteedGpuSeconds).toBeCloseTo(0.5, 9)
  })

  test('a resize acts at once, also on what is under way', () => {
    const grow = scripted({
      1: ({ instances }) => [
        {
          kind: 'resize',
          instanceId: instances[0]!.id,
          shape: { ...half, requestMilli: 1_000, limitMilli: 1_000 },
          because: '',
        },
      ],
    })
    const [net] = run({ shape: half, arrivalsMs: times(980) }, grow).functions
    // Half of its 40 ms at half the time, then the other half at all of it.
    expect(net!.latenciesMs[0]).toBeCloseTo(30, 9)
    expect(net!.gpuSeconds).toBeCloseTo(0.25 * 1 + 0.5 * 9, 9)
  })

  test('an instance that is added answers after its start and is billed from its birth', () => {
    const add = scripted({ 1: () => [{ kind: 'add', deviceId: null, shape: half, because: '' }] })
    const outcome = run({ shape: half, arrivalsMs: times(5_990, 5_991, 5_992) }, add)
    // The first instance works from 5,990 to 6,030; the other one is ready at 6,000 and takes both that wait.
    expect([...outcome.functions[0]!.latenciesMs].map(Math.round)).toEqual([40, 69, 68])
    expect(outcome.functions[0]).toMatchObject({ coldStarts: 1 })
    expect(outcome.functions[0]!.gpuSeconds).toBeCloseTo(0.25 * 10 + 0.25 * 9, 9)
    // Both fit on one GPU.
    expect(outcome.gpusMax).toBe(1)
    expect(outcome.wholeGpuSeconds).toBeCloseTo(10, 9)
  })

  test('an instance that goes answers what it has begun', () => {
    const remove = scripted({
      1: ({ instances }) => [{ kind: 'remove', instanceId: instances[1]!.id, because: '' }],
    })
    const spec = { instancesMin: 1, shape: half, arrivalsMs: times(980, 990) }
    const two: Autoscaler<number> = {
      ...remove,
      decide: (view, second) =>
        second === 0
          ? { actions: [{ kind: 'add', deviceId: null, shape: half, because: '' }], memory: 0.5 }
          : remove.decide(view, second === 0.5 ? 0 : second),
    }
    const [net] = run({ ...spec, coldStartMs: 0, arrivalsMs: times(1_980, 1_990) }, two).functions
    expect([...net!.latenciesMs].map(Math.round)).toEqual([40, 40])
    // The second one lives from 1 s to the end of its request.
    expect(net!.gpuSeconds).toBeCloseTo(0.25 * 10 + 0.25 * 1.03, 9)
  })

  test('bounds and GPUs are kept, and what they do not allow is counted', () => {
    const greedy: Autoscaler<null> = {
      name: 'greedy',
      initial: null,
      decide: ({ shape }) => ({ actions: [{ kind: 'add', deviceId: null, shape, because: '' }], memory: null }),
    }
    const outcome = run({ instancesMax: 6 }, greedy)
    expect(outcome.gpusMax).toBe(4)
    expect(outcome.functions[0]).toMatchObject({ coldStarts: 3, unplaced: 7 })
    expect(run({ instancesMax: 2 }, greedy).functions[0]).toMatchObject({ coldStarts: 1, unplaced: 9 })
    const leaving = scripted({ 1: ({ instances }) => [{ kind: 'remove', instanceId: instances[0]!.id, because: '' }] })
    expect(run({}, leaving).functions[0]).toMatchObject({ unplaced: 1 })
  })

  test('a function that may have none ends its last instance and begins another for the next request', () => {
    const spec = { instancesMin: 0, arrivalsMs: times(1_000, 500_000), coldStartMs: 2_000 }
    const [net] = run(spec, autoscalerOf('fixed'), 600_000).functions
    expect(net!.coldStarts).toBe(1)
    expect(net!.latenciesMs[1]).toBeCloseTo(2_010, 6)
    expect(net!.gpuSeconds).toBeLessThan(420)
  })

  test('who shares a row has what is guaranteed when both work, and up to the limit alone', () => {
    const shape = { smMilli: 0, requestMilli: 500, limitMilli: 1_000 }
    const one = aFunction({ name: 'one', shape, arrivalsMs: times(0) })
    const two = aFunction({ name: 'two', shape, arrivalsMs: times(5) })
    const { functions } = replay({
      functions: [one, two],
      gpus: [{ ...gpu, count: 1 }],
      autoscaler: still as Autoscaler,
      lengthMs: 1_000,
    })
    // 5 ms alone, then half the time each; the second has 2.5 ms left of its ten when the first is done at 15.
    expect(functions.map(({ latenciesMs }) => latenciesMs[0])).toEqual([15, 15])
  })

  test('an hour of 60 requests a second gives the same outcome twice', () => {
    const arrivalsMs = poissonArrivals(60, 3_600_000, seededRandom(7))
    const [a, b] = [0, 1].map(() => run({ arrivalsMs }, still, 3_600_000))
    expect(a).toEqual(b)
    expect(a!.functions[0]!.requests).toBeGreaterThan(210_000)
  })
})

/** Adds, resizes and removes at random, sometimes what can not be. */
function chaotic(seed: number): Autoscaler<null> {
  const random = seededRandom(seed)
  const shape = (): Shape => {
    const requestMilli = 100 * (1 + random.integer(10))
    const limitMilli = Math.min(1_000, requestMilli + 100 * random.integer(5))
    return { smMilli: 100 * random.integer(11), requestMilli, limitMilli }
  }
  return {
    name: 'chaotic',
    initial: null,
    decide: ({ instances, devices }) => {
      const one = instances[random.integer(instances.length)]
      const actions: Action[] = []
      const deviceId = random.next() < 0.5 ? null : (devices[random.integer(devices.length)]?.id ?? null)
      if (random.next() < 0.4) actions.push({ kind: 'add', deviceId, shape: shape(), because: '' })
      if (one !== undefined && random.next() < 0.3)
        actions.push({ kind: 'resize', instanceId: one.id, shape: shape(), because: '' })
      if (one !== undefined && random.next() < 0.2) actions.push({ kind: 'remove', instanceId: one.id, because: '' })
      return { actions, memory: null }
    },
  }
}

describe('whatever a policy does', () => {
  test('every request is answered or refused once, guaranteed time is paid, and no GPU is oversold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1 }), (seed, instancesMin) => {
        const random = seededRandom(seed)
        const functions = ['a', 'b'].map((name) =>
          aFunction({
            name,
            instancesMin,
            arrivalsMs: poissonArrivals(20 + random.integer(100), 20_000, random),
            coldStartMs: random.integer(3_000),
            shape: half,
            timeoutMs: 2_000,
          }),
        )
        const outcome = replay({ functions, gpus: [gpu], autoscaler: chaotic(seed) as Autoscaler, lengthMs: 20_000 })
        for (const one of outcome.functions) {
          // Every latency is of a request that was answered, every other one was refused: none is left.
          expect([...one.latenciesMs].every((ms) => ms >= 0 || ms === -2)).toBe(true)
          expect(one.answered + one.refused).toBe(one.requests)
          expect(one.gpuSeconds).toBeGreaterThanOrEqual(one.guaranteedGpuSeconds - 1e-9)
        }
        const used = outcome.functions.reduce((sum, { gpuSeconds }) => sum + gpuSeconds, 0)
        expect(used).toBeLessThanOrEqual(outcome.wholeGpuSeconds + 1e-6)
        expect(outcome.wholeGpuSeconds).toBeLessThanOrEqual(gpu.count * 20 + 1e-6)
      }),
      { numRuns: 60 },
    )
  })

  test('what is billed is the integral of what is guaranteed, where limits add nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const inner = chaotic(seed)
        const strict: Autoscaler<null> = {
          ...inner,
          decide: (view, memory) => ({
            memory,
            actions: inner
              .decide(view, memory)
              .actions.map((action) =>
                action.kind === 'remove'
                  ? action
                  : { ...action, shape: { ...action.shape, limitMilli: action.shape.requestMilli } },
              ),
          }),
        }
        const spec = { shape: half, arrivalsMs: poissonArrivals(50, 30_000, seededRandom(seed)) }
        const outcome = run(spec, strict as Autoscaler, 30_000)
        const [net] = outcome.functions
        expect(net!.gpuSeconds).toBeCloseTo(net!.guaranteedGpuSeconds, 6)
        // Changes come with the seconds; only who ends a last batch stays a little longer than a sight shows.
        const start = 0.25
        const sights = outcome.sights[0]!.reduce((sum, { guaranteedMilli }) => sum + guaranteedMilli / 1_000, start)
        const last = outcome.sights[0]!.at(-1)!.guaranteedMilli / 1_000
        expect(net!.gpuSeconds).toBeLessThanOrEqual(sights - last + 1e-6)
        expect(net!.gpuSeconds).toBeGreaterThan(0.5 * (sights - last))
      }),
      { numRuns: 60 },
    )
  })
})

describe('rows of GPUs', () => {
  test('never promise more than there is, and take back what was given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const random = seededRandom(seed)
        const rows = new GpuRows<number>([gpu])
        const seats = new Map<number, { seat: Seat<number>; shape: Shape }>()
        for (let step = 0; step < 60; step++) {
          const requestMilli = 50 * (1 + random.integer(20))
          const shape = { smMilli: 50 * random.integer(21), requestMilli, limitMilli: 1_000 }
          const [tenant, has] = [...seats][random.integer(seats.size)] ?? [null, null]
          const chance = random.next()
          if (tenant === null || chance < 0.5) {
            const found = rows.gpuFor(shape, 1e9, random.next() < 0.5 ? null : 'gpu-0-0001')
            if (found !== null) seats.set(1_000 + step, { seat: rows.seat(1_000 + step, found, shape, 1e9), shape })
          } else if (chance < 0.75) {
            const seat = rows.reshape(tenant, has.seat, shape)
            if (seat !== null) seats.set(tenant, { seat, shape })
          } else {
            rows.free(tenant, has.seat, 1e9)
            seats.delete(tenant)
          }
          for (const each of rows.gpus) {
            expect(smFreeOf(each)).toBeGreaterThanOrEqual(0)
            for (const row of each.rows) {
              expect(row.tenants.size).toBeGreaterThan(0)
              expect(roomOf(row)).toBeGreaterThanOrEqual(0)
              for (const its of row.tenants.values()) expect(smOf(its)).toBe(row.smMilli)
            }
          }
          for (const [id, { seat, shape: its }] of seats) {
            expect(seat.gpu.rows).toContain(seat.row)
            expect(seat.row.tenants.get(id)).toEqual(its)
          }
        }
        for (const [id, { seat }] of seats) rows.free(id, seat, 1e9)
        expect(rows.gpus.every((each) => each.rows.length === 0 && each.memoryFreeBytes === 16e9)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('memory counts too', () => {
    const rows = new GpuRows<string>([{ ...gpu, count: 1 }])
    const small = { smMilli: 100, requestMilli: 100, limitMilli: 100 }
    rows.seat('a', rows.gpus[0]!, small, 9e9)
    expect(rows.gpuFor(small, 8e9, null)).toBeNull()
    expect(rows.gpuFor(small, 7e9, null)).toBe(rows.gpus[0])
  })
})

describe('the parts', () => {
  test('shares: guaranteed first, then evenly up to limits, the whole time at most', () => {
    const of = (requestMilli: number, limitMilli: number): Shape => ({ smMilli: 0, requestMilli, limitMilli })
    expect(shareOut([of(300, 1_000), of(200, 400)])).toEqual([600, 400])
    expect(shareOut([of(300, 500)])).toEqual([500])
    expect(shareOut([of(600, 600), of(400, 1_000)])).toEqual([600, 400])
    expect(shareOut([])).toEqual([])
    const shapes = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 800 })), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(shapes, (given) => {
        const asked = given.map(([requestMilli, more]) => of(requestMilli, requestMilli + more))
        const shares = shareOut(asked)
        const sum = shares.reduce((a, b) => a + b, 0)
        const limits = asked.reduce((a, { limitMilli }) => a + limitMilli, 0)
        expect(sum).toBeCloseTo(Math.min(1_000, limits), 6)
        for (const [i, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(asked[i]!.requestMilli)
          expect(share).toBeLessThanOrEqual(asked[i]!.limitMilli + 1e-9)
        }
      }),
    )
  })

  test('events come by time, and those of one time in the order of their coming', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (given) => {
        const heap = new EventHeap<number>()
        for (const [i, atMs] of given.entries()) heap.push(atMs, i)
        const order = given.map(() => heap.pop())
        expect(order).toEqual(
          given
            .map((atMs, i) => ({ atMs, i }))
            .toSorted((a, b) => a.atMs - b.atMs || a.i - b.i)
            .map(({ i }) => i),
        )
        expect(heap.pop()).toBeNull()
      }),
    )
  })

  test('arrivals: even in their slots, random by their rate, or as told', () => {
    expect([...arrivalsByRate([2, 0, 1], 1_000, 'even', seededRandom(1))]).toEqual([250, 750, 2_500])
    expect([...toldArrivals([5, -1, 3, 10], 10)]).toEqual([3, 5])
    const drawn = poissonArrivals(100, 100_000, seededRandom(3))
    expect(drawn.length).toBeGreaterThan(9_500)
    expect(drawn.length).toBeLessThan(10_500)
    expect(drawn.every((at, i) => at >= 0 && at < 100_000 && (i === 0 || at >= drawn[i - 1]!))).toBe(true)
  })
})
