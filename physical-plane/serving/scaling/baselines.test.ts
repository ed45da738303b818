import { array, assert as check, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hpaDesired } from './hpa.ts'
import { inflessOffer, inflessScore } from './infless.ts'
import { kpa, kpaStart, type Kpa, type KpaInput } from './knative.ts'
import { rayDesired } from './ray.ts'
import { autoscalerOf } from './policies.ts'
import { live } from './view.fixture.ts'

describe("Knative's autoscaler", () => {
  const tick = (fields: Partial<KpaInput> = {}): KpaInput => {
    return { nowMs: 0, ready: 5, target: 10, averageStable: 50, averagePanic: 50, ...fields }
  }

  test('panics at twice what is there, and stays up until a minute after', () => {
    const panic = kpa(kpaStart, tick({ averagePanic: 200 }))
    expect(panic.desired).toBe(20)
    const calm = tick({ ready: 20, averageStable: 60, averagePanic: 10 })
    expect(kpa(panic.memory, { ...calm, nowMs: 60_000 }).desired).toBe(20)
    expect(kpa(panic.memory, { ...calm, nowMs: 60_001 })).toEqual({ desired: 10, memory: kpaStart })
  })

  test('a panic lasts a minute from the last time that it was justified, at the most that it asked for', () => {
    const first = kpa(kpaStart, tick({ averagePanic: 200 }))
    const again = kpa(first.memory, tick({ nowMs: 30_000, ready: 20, averagePanic: 400 }))
    expect([first.desired, again.desired]).toEqual([20, 40])
    const calm = tick({ ready: 40, averageStable: 150, averagePanic: 10 })
    // Once it is over a step goes to half at most.
    expect(kpa(again.memory, { ...calm, nowMs: 90_000 }).desired).toBe(40)
    expect(kpa(again.memory, { ...calm, nowMs: 90_001 }).desired).toBe(20)
  })

  test('below twice it goes by the minute', () => {
    expect(kpa(kpaStart, tick({ averagePanic: 90 })).desired).toBe(5)
    expect(kpa(kpaStart, tick({ averageStable: 71 })).desired).toBe(8)
  })

  test('one that is not there yet counts as one, and panic is judged by what it would take', () => {
    // 20 in 6 s want two instances where one counts: panic. 19 of one that is there want two as well.
    expect(kpa(kpaStart, tick({ ready: 0, averageStable: 2, averagePanic: 20 })).memory.panicSinceMs).toBe(0)
    expect(kpa(kpaStart, tick({ ready: 0, averageStable: 2, averagePanic: 10 })).memory.panicSinceMs).toBe(null)
    expect(kpa(kpaStart, tick({ ready: 0, averageStable: 0, averagePanic: 0 })).desired).toBe(0)
    // Up by a thousand times at most.
    expect(kpa(kpaStart, tick({ ready: 1, averageStable: 1e6, averagePanic: 1e6 })).desired).toBe(1_000)
  })

  test('goes down to half at most in one step', () => {
    expect(kpa(kpaStart, tick({ ready: 9, averageStable: 1, averagePanic: 1 })).desired).toBe(4)
  })

  test('in a panic never goes down', () => {
    check(
      property(array(integer({ min: 0, max: 500 }), { minLength: 2, maxLength: 25 }), (loads) => {
        let memory: Kpa = kpaStart
        let before = 0
        for (const [at, load] of loads.entries()) {
          const next = kpa(memory, tick({ nowMs: 2_000 * at, averageStable: load / 5, averagePanic: load }))
          const isPanic = memory.panicSinceMs !== null && next.memory.panicSinceMs !== null
          expect(next.desired).toBeGreaterThanOrEqual(isPanic ? before : 0)
          before = next.desired
          memory = next.memory
        }
      }),
    )
  })

  test('as a policy: requests at once beyond 70 % of two batches an instance add some at once', () => {
    const { actions } = live(
      autoscalerOf('knative'),
      Array.from({ length: 8 }, () => ({ arrived: 50, inFlight: 30 })),
    )
    // 30 of 5.6 an instance.
    expect(actions.filter(({ kind }) => kind === 'add')).toHaveLength(5)
    expect(actions[0]!.because).toBe('30.0 requests at once over 60 s, 30.0 over 6 s, 5.6 an instance')
  })
})

describe('rules of others', () => {
  test("Ray Serve's, in proportion to requests at once", () => {
    const desired = (running: number, ongoing: number, factor = 1, wanted = running): number =>
      rayDesired({ running, ongoing, target: 2, wanted, factor })
    expect(desired(4, 20)).toBe(10)
    expect(desired(4, 20, 0.5)).toBe(7)
    // One less where rounding up would hold it for ever, and only where a whole one is to spare.
    expect(desired(4, 5.9, 0.5)).toBe(4 - 1)
    expect(desired(2, 3.9, 0.5)).toBe(2)
    // From none: the factor, or what was wanted already, however many ask.
    expect(desired(0, 5)).toBe(1)
    expect(desired(0, 500, 2.5)).toBe(3)
    expect(desired(0, 5, 1, 4)).toBe(4)
    expect(desired(0, 0)).toBe(0)
  })

  test("Ray Serve's waits until it has decided the same for half a minute", () => {
    const { actions } = live(
      autoscalerOf('ray'),
      Array.from({ length: 40 }, () => ({ arrived: 10, inFlight: 8 })),
    )
    expect(actions.map(({ atSecond, kind }) => [atSecond, kind])).toEqual([
      [31, 'add'],
      [31, 'add'],
      [31, 'add'],
    ])
  })

  test("Kubernetes', in proportion to a metric", () => {
    expect(hpaDesired(3, 50, 20)).toBe(8)
  })

  test("INFless' offers", () => {
    expect(inflessOffer(92.75, 4, 200)).toEqual({ ratePerSecondMax: 43, ratePerSecondMin: 37, gatherMs: 107.25 })
    expect(inflessOffer(69, 2, 200)).toEqual({ ratePerSecondMax: 28, ratePerSecondMin: 15, gatherMs: 131 })
    expect(inflessOffer(150, 1, 200)).toMatchObject({ ratePerSecondMin: 1 })
    expect(inflessOffer(150, 2, 200)).toBe(null)
    expect(inflessOffer(201, 1, 200)).toBe(null)
  })

  test("INFless' score prefers what leaves little over", () => {
    const place = { ratePerSecondMax: 40, efficiencyMax: 2, freeAfter: 50, slot: 100 }
    expect(inflessScore(place)).toBe(40)
    expect(inflessScore({ ...place, freeAfter: 25 })).toBe(80)
  })
})
