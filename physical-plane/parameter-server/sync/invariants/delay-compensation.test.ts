import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { VectorMemory } from '../../replica/memory.ts'
import { Replica } from '../../replica/replica.ts'
import { DelayCompensation } from '../apply/delay-compensation.ts'
import { aSide, receive, seal, step, type Side } from '../side.fixture.ts'
import { draftOf, type UpdateHeader } from '../update.ts'
import { segmentsOf } from '../../replica/segments.ts'

const rate = 0.125
const elements = 3

/** A replica that has moved by `drift` since it last heard of the sender. */
function aReplica(lambda: number, start: readonly number[], drift: readonly number[]) {
  const memory = VectorMemory.create(2 ** 20)
  const replica = Replica.create(aLayout([aTensor({ shape: [elements] })]), memory)
  replica.values.set(start)
  const compensation = new DelayCompensation(lambda, replica, memory)
  compensation.start(['b', 'c'])
  for (const [i, value] of drift.entries()) replica.values[i]! += value
  const apply = (region: string, gradient: readonly number[], steps = 1): void => {
    compensation.apply(headerOf(region, steps), Float32Array.from(gradient), 1, segmentsOf(replica.layout))
    compensation.took(region)
  }
  return { replica, apply }
}

function headerOf(region: string, steps: number): UpdateHeader {
  const learningRates = [rate]
  return { ...draftOf('gradient', 1), region, seq: 1, payload: null, cursor: '', steps, learningRates }
}

const anyVector = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: elements, maxLength: elements })

function asgd(values: Float32Array, gradient: readonly number[]): number[] {
  return Array.from(values, (value, i) => Math.fround(value - Math.fround(Math.fround(gradient[i]!) * rate)))
}

describe('I14: delay compensation', () => {
  test('with lambda 0 is ASGD, to the bit', () => {
    fc.assert(
      fc.property(anyVector, anyVector, anyVector, (start, drift, gradient) => {
        const { replica, apply } = aReplica(0, start, drift)
        const expected = asgd(replica.values, gradient)
        apply('b', gradient)
        expect(differences(replica.values, expected)).toEqual([])
      }),
    )
  })

  test('without drift is ASGD, to the bit', () => {
    fc.assert(
      fc.property(anyVector, anyVector, fc.double({ min: 0, max: 2, noNaN: true }), (start, gradient, lambda) => {
        const { replica, apply } = aReplica(lambda, start, [])
        const expected = asgd(replica.values, gradient)
        apply('b', gradient)
        expect(differences(replica.values, expected)).toEqual([])
      }),
    )
  })

  test('with drift is not', () => {
    const { replica, apply } = aReplica(0.5, [1, 1, 1], [1, 1, 1])
    apply('b', [2, 2, 2])
    expect(Array.from(replica.values)).toEqual([2, 2, 2].map((value) => value - rate * (2 + 0.5 * 4 * 1)))
  })

  test('is exact on a parabola where lambda × gradient² is its curvature', () => {
    const anyCurvature = fc.double({ min: 0.1, max: 4, noNaN: true })
    const anyDrift = fc.double({ min: -2, max: 2, noNaN: true })
    fc.assert(
      fc.property(anyCurvature, fc.double({ min: 0.5, max: 2, noNaN: true }), anyDrift, (curvature, then, drift) => {
        const slopeAt = (w: number): number => curvature * w
        const lambda = curvature / slopeAt(then) ** 2
        // The equation in float64, and the part on the arena.
        const compensated = slopeAt(then) + lambda * slopeAt(then) ** 2 * drift
        expect(Math.abs(compensated - slopeAt(then + drift))).toBeLessThan(1e-12)
        const { replica, apply } = aReplica(lambda, [then, then, then], [drift, drift, drift])
        const exact = replica.values[0]! - rate * slopeAt(replica.values[0]!)
        apply('b', [slopeAt(then), slopeAt(then), slopeAt(then)])
        expect(Math.abs(replica.values[0]! - exact)).toBeLessThan(1e-5)
      }),
    )
  })

  test('divides lambda by the gradients of a sum', () => {
    const sums = aReplica(0.8, [1, 1, 1], [1, 1, 1])
    const singles = aReplica(0.2, [1, 1, 1], [1, 1, 1])
    sums.apply('b', [2, 1, -1], 4)
    singles.apply('b', [2, 1, -1], 1)
    expect(Array.from(sums.replica.values)).toEqual(Array.from(singles.replica.values))
  })

  test('keeps where each sender stood: an update of one is no news of the other', () => {
    const { replica, apply } = aReplica(1, [1, 1, 1], [])
    apply('b', [1, 1, 1])
    const moved = replica.values[0]!
    apply('c', [1, 1, 1])
    // c has not seen what b did: its gradient is compensated for that step.
    expect(replica.values[0]).toBeCloseTo(moved - rate * (1 + (moved - 1)), 6)
  })
})

describe('I14, in the strategy', () => {
  const layout = aLayout([aTensor({ shape: [1] })])
  const given = { strategy: 'asgd-ga', interval: 1, delayCompensation: 0.5 } as const
  const aPair = (options: { readonly stalenessMax?: number; readonly codec?: 'int8' } = {}): readonly [Side, Side] => [
    aSide({ ...given, ...options }, layout, [0]),
    aSide({ ...given, ...options }, layout, [0], { region: 'b' }),
  ]

  test('after a snapshot every sender stands where it does: without drift since then it is ASGD', async () => {
    const [a, b] = aPair()
    step(a, [8])
    a.strategy.rebase(Float32Array.of(3), [])
    const after = a.replica.values[0]!
    step(b, [2], 0.125)
    await receive(a, await seal(b))
    expect(a.replica.values[0]).toBe(after - 0.125 * 2)
  })

  test('an update that is left out is where the next one of its sender begins', async () => {
    const [a, b] = aPair({ stalenessMax: 1 })
    for (let i = 0; i < 2; i++) step(a, [8])
    step(b, [2], 0.125)
    await receive(a, await seal(b, 1))
    expect(a.dropped).toEqual([{ region: 'b', stalenessSteps: 2 }])
    await seal(a, 7)
    b.versions['a'] = 7
    const before = a.replica.values[0]!
    step(b, [2], 0.125)
    await receive(a, await seal(b, 2))
    expect(a.replica.values[0]).toBe(before - 0.125 * 2)
  })

  test.each([undefined, 'int8'] as const)('a warm-up behind it (codec %s) does not make it larger', async (codec) => {
    const [a, b] = aPair(codec === undefined ? {} : { codec })
    for (let seq = 1; seq <= 3; seq++) {
      step(b, [2], seq === 3 ? 0.125 : 2 ** -20)
      const sealed = await seal(b, seq)
      const before = a.replica.values[0]!
      if (seq === 3) step(a, [-8], 0.125)
      const drift = a.replica.values[0]! - before
      const [at, told] = [a.replica.values[0]!, sealed.header.learningRates[0]!]
      await receive(a, sealed)
      expect(told).toBe(seq === 3 ? 0.125 : 2 ** -20)
      expect(a.replica.values[0]).toBeCloseTo(at - told * (2 + 0.5 * 4 * drift), 4)
    }
  })
})

/** Where two vectors differ; 0 and -0 do not. */
function differences(one: ArrayLike<number>, other: ArrayLike<number>): number[] {
  return Array.from(one).flatMap((value, i) => (value === other[i] ? [] : [i]))
}
