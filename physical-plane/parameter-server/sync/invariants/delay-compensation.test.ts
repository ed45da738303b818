import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { VectorMemory } from '../../replica/memory.ts'
import { Replica } from '../../replica/replica.ts'
import { DelayCompensation } from '../apply/delay-compensation.ts'
import { draftOf, type UpdateHeader } from '../update.ts'
import { segmentsOf } from '../what/segments.ts'

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
    compensation.applied(region)
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

/** Where two vectors differ; 0 and -0 do not. */
function differences(one: ArrayLike<number>, other: ArrayLike<number>): number[] {
  return Array.from(one).flatMap((value, i) => (value === other[i] ? [] : [i]))
}
