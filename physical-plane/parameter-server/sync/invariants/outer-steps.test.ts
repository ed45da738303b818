import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyResult, type RoundRule } from '../apply/apply-result.ts'
import { outerDelayedNesterov } from '../apply/outer-delayed-nesterov.ts'
import { outerNesterov } from '../apply/outer-nesterov.ts'
import { outerRates } from '../apply/outer-rates.ts'
import { piecesOf } from '../apply/pieces.ts'
import { sgd } from './inner-optimisers.ts'
import { distance, inFloat64, train } from './laboratory.ts'
import { aRegression } from './problems.ts'

const { kernels } = inFloat64
const whole = (elements: number) => piecesOf([{ start: 0, end: elements }], elements)

describe('golden values', () => {
  test('outer Nesterov at 0.7 and 0.9', () => {
    const vectors = { shared: Float64Array.of(1), momentum: new Float64Array(1) }
    const seen = [0.2, 0.1, -0.05].map((delta) => {
      outerNesterov(kernels, vectors, Float64Array.of(delta), whole(1), { learningRate: 0.7, momentum: 0.9 })
      return { shared: vectors.shared[0]!, momentum: vectors.momentum[0]! }
    })
    expect(
      distance(
        seen.map(({ shared }) => shared),
        [0.734, 0.4876, 0.39534],
      ),
    ).toBeLessThan(1e-12)
    expect(
      distance(
        seen.map(({ momentum }) => momentum),
        [0.2, 0.28, 0.202],
      ),
    ).toBeLessThan(1e-12)
  })

  test('delayed Nesterov at 0.4 and 0.9, every second commit', () => {
    const vectors = { shared: new Float64Array(1), momentum: new Float64Array(1), accumulated: new Float64Array(1) }
    const seen = [0.2, 0.1, -0.05, 0.3].map((delta, commits) => {
      const step = { learningRate: 0.4, momentum: 0.9, delay: 2, commits, contributions: 1 }
      outerDelayedNesterov(kernels, vectors, Float64Array.of(delta), whole(1), step)
      return vectors.shared[0]!
    })
    expect(distance(seen, [-0.04, -0.114, -0.104, -0.2576])).toBeLessThan(1e-12)
  })
})

const anyDelta = fc.double({ min: -1, max: 1, noNaN: true })
const anyDeltas = fc.array(fc.tuple(anyDelta, anyDelta, anyDelta), { minLength: 1, maxLength: 20 })
const anyOuter = fc.record({
  learningRate: fc.double({ min: 0.05, max: 1, noNaN: true }),
  momentum: fc.double({ min: 0, max: 0.99, noNaN: true }),
})

describe('I15: delayed Nesterov', () => {
  test('of every single commit is Nesterov', () => {
    fc.assert(
      fc.property(anyDeltas, anyOuter, (deltas, outer) => {
        expect(
          distance(stepped('outer-delayed-nesterov', deltas, outer, 1), stepped('outer-nesterov', deltas, outer, 1)),
        ).toBeLessThan(1e-12)
      }),
    )
  })

  test('of several commits is the equation of its paper with c = 0', () => {
    fc.assert(
      fc.property(anyDeltas, anyOuter, fc.integer({ min: 1, max: 5 }), (deltas, outer, delay) => {
        const vectors = {
          shared: new Float64Array(1),
          momentum: new Float64Array(1),
          accumulated: new Float64Array(1),
        }
        let [w, m, d] = [0, 0, 0]
        for (const [t, [g]] of deltas.entries()) {
          outerDelayedNesterov(kernels, vectors, Float64Array.of(g), whole(1), {
            ...outer,
            delay,
            commits: t,
            contributions: 1,
          })
          const { learningRate, momentum: b } = outer
          d += g
          if ((t + 1) % delay === 0) {
            m = b * m + d / delay
            w -= learningRate * (b * m + g / delay)
            d = 0
          } else w -= (learningRate * g) / delay
        }
        expect(Math.abs(vectors.shared[0]! - w)).toBeLessThan(1e-12)
      }),
    )
  })

  test('of several commits is not Nesterov', () => {
    const deltas = [
      [0.2, 0.1, 0.3],
      [0.1, 0.2, -0.1],
    ] as const
    const outer = { learningRate: 0.5, momentum: 0.9 }
    expect(
      distance(stepped('outer-delayed-nesterov', deltas, outer, 2), stepped('outer-nesterov', deltas, outer, 1)),
    ).toBeGreaterThan(1e-2)
  })
})

describe('I21: the outer step', () => {
  const anyRegions = fc.array(
    fc.record({
      weight: fc.integer({ min: 1, max: 9 }),
      rate: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
      steps: fc.integer({ min: 1, max: 12 }),
    }),
    { minLength: 1, maxLength: 4 },
  )

  /** Each region descends the common loss at its own pace; then one round. */
  const lossesOf = (
    seed: number,
    regions: readonly { weight: number; rate: number; steps: number }[],
    rate: number,
  ): readonly [number, number] => {
    const problem = aRegression(seed, regions.length)
    const start = Float64Array.from(problem.start)
    const total = regions.reduce((sum, { weight }) => sum + weight, 0)
    const delta = new Float64Array(start.length)
    for (const { weight, rate: inner, steps } of regions) {
      const local = Float64Array.from(start)
      const move = sgd({ rate: inner })()
      for (let step = 0; step < steps; step++) move(local, problem.fullGradient(local))
      for (const [i, value] of local.entries()) delta[i]! += (weight / total) * (start[i]! - value)
    }
    const vectors = { shared: Float64Array.from(start), momentum: new Float64Array(start.length) }
    outerNesterov(kernels, vectors, delta, whole(start.length), { learningRate: rate, momentum: 0 })
    return [problem.loss(start), problem.loss(vectors.shared)]
  }

  test('lowers a convex loss', () => {
    fc.assert(
      fc.property(fc.integer(), anyRegions, fc.double({ min: 0.05, max: 1, noNaN: true }), (seed, regions, rate) => {
        const [before, after] = lossesOf(seed, regions, rate)
        expect(after).toBeLessThan(before)
      }),
    )
  })

  test('raises it with the sign the other way round', () => {
    const [before, after] = lossesOf(1, [{ weight: 1, rate: 0.1, steps: 5 }], -1)
    expect(after).toBeGreaterThan(before)
  })

  test('goes down over rounds, and the momentum of the shared parameters helps', () => {
    const problem = aRegression(7, 2)
    const common = {
      problem,
      weights: [1, 2],
      inner: sgd({ rate: 0.02 }),
      rule: 'outer-nesterov',
      interval: 8,
      steps: 96,
    } as const
    const plain = problem.loss(train(inFloat64, { ...common, outer: { learningRate: 0.7, momentum: 0 } }).shared)
    const fast = problem.loss(train(inFloat64, { ...common, outer: { learningRate: 0.7, momentum: 0.5 } }).shared)
    expect(plain).toBeLessThan(problem.loss(problem.start))
    expect(fast).toBeLessThan(plain)
  })
})

describe('buffers', () => {
  test.each(['outer-nesterov', 'outer-delayed-nesterov', 'sparse-mean'] as const)(
    'are averaged by %s, without rate and momentum',
    (rule) => {
      const vectors = {
        shared: Float64Array.of(1, 1, 10),
        momentum: new Float64Array(3),
        accumulated: new Float64Array(3),
      }
      const pieces = piecesOf([{ start: 1, end: 3 }], 2)
      for (const commits of [0, 1, 2]) {
        applyResult(rule, kernels, vectors, Float64Array.of(0.5, 2), pieces, {
          learningRate: 0.1,
          momentum: 0.9,
          delay: 2,
          commits,
          contributions: 1,
        })
      }
      expect(vectors.shared[0]).toBe(1)
      expect(vectors.shared[1]).not.toBe(-0.5)
      expect(vectors.shared[2]).toBe(4)
      expect(vectors.momentum[2]).toBe(0)
      expect(vectors.accumulated[2]).toBe(0)
    },
  )
})

test('sparse deltas move the shared parameters by their mean, without momentum', () => {
  const vectors = { shared: Float64Array.of(1, 2, 3) }
  applyResult('sparse-mean', kernels, vectors, Float64Array.of(0, 0.5, 0), whole(3), {
    learningRate: 0.5,
    momentum: 0.9,
    delay: 1,
    commits: 0,
    contributions: 1,
  })
  expect(Array.from(vectors.shared)).toEqual([1, 1.75, 3])
})

test('outer rates follow the inner optimiser unless the job says otherwise', () => {
  const open = { outerLearningRate: null, outerMomentum: null }
  expect(outerRates(open, 'adamw', 'outer-nesterov')).toEqual({ learningRate: 0.7, momentum: 0.9 })
  expect(outerRates(open, 'sgd', 'outer-nesterov')).toEqual({ learningRate: 1, momentum: 0 })
  expect(outerRates({ outerLearningRate: 0.5, outerMomentum: 0 }, 'adamw', 'outer-nesterov')).toEqual({
    learningRate: 0.5,
    momentum: 0,
  })
  expect(outerRates(open, 'adamw', 'sparse-mean').learningRate).toBe(1)
  expect(outerRates({ ...open, outerLearningRate: 0.5 }, 'adamw', 'sparse-mean').learningRate).toBe(0.5)
})

function stepped(
  rule: RoundRule,
  deltas: readonly (readonly number[])[],
  outer: { learningRate: number; momentum: number },
  delay: number,
): Float64Array {
  const vectors = { shared: new Float64Array(3), momentum: new Float64Array(3), accumulated: new Float64Array(3) }
  for (const [commits, delta] of deltas.entries()) {
    applyResult(rule, kernels, vectors, Float64Array.from(delta), whole(3), {
      ...outer,
      delay,
      commits,
      contributions: 1,
    })
  }
  return vectors.shared
}
