import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adam, clippedSgd, sgd, type Inner } from './inner-optimisers.ts'
import { distance, inFloat64, train, type Training } from './laboratory.ts'
import { aNetwork, aRegression, type Problem } from './problems.ts'

const tolerance = 1e-12
const steps = 24

const anyWeights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 })
const anyProblem = fc.record({ seed: fc.integer(), isConvex: fc.boolean(), weights: anyWeights })
const anySgd = fc.record({
  rate: fc.double({ min: 0.01, max: 0.2, noNaN: true }),
  momentum: fc.constantFrom(0, 0.5, 0.9),
  isNesterov: fc.boolean(),
  weightDecay: fc.constantFrom(0, 0.01),
})

function problemOf({
  seed,
  isConvex,
  weights,
}: {
  seed: number
  isConvex: boolean
  weights: readonly number[]
}): Problem {
  return isConvex ? aRegression(seed, weights.length) : aNetwork(seed, weights.length)
}

const averaging = { rule: 'mean', outer: { learningRate: 1, momentum: 0 }, merge: 'overwrite', steps } as const

describe('I1: model averaging after every step is synchronous SGD', () => {
  const far = (problem: Problem, weights: readonly number[], inner: Inner): number => {
    const { shared } = train(inFloat64, { ...averaging, problem, weights, inner, interval: 1 })
    return distance(shared, synchronous(problem, weights, inner))
  }

  test('with momentum, Nesterov and weight decay in local state', () => {
    fc.assert(
      fc.property(anyProblem, anySgd, (drawn, options) => {
        expect(far(problemOf(drawn), drawn.weights, sgd(options))).toBeLessThan(tolerance)
      }),
    )
  })

  test.each([
    ['Adam', adam(0.05)],
    ['clipped gradients', clippedSgd(0.1, 0.05)],
  ])('but not with %s, whose step is not linear in the gradient', (_, inner) => {
    expect(far(aNetwork(1, 3), [1, 2, 3], inner)).toBeGreaterThan(1e-3)
  })
})

describe('I2: DiLoCo with outer rate 1 and no momentum is model averaging', () => {
  test('for every interval and inner optimiser', () => {
    fc.assert(
      fc.property(anyProblem, fc.constantFrom(1, 2, 3, 8), fc.boolean(), (drawn, interval, isAdam) => {
        const inner = isAdam ? adam(0.02) : sgd({ rate: 0.1, momentum: 0.5 })
        const common = { ...averaging, problem: problemOf(drawn), weights: drawn.weights, inner, interval }
        const averaged = train(inFloat64, common)
        const stepped = train(inFloat64, { ...common, rule: 'outer-nesterov' })
        expect(distance(averaged.shared, stepped.shared)).toBeLessThan(tolerance)
        expect(distance(averaged.locals[0]!, stepped.locals[0]!)).toBeLessThan(tolerance)
      }),
    )
  })

  test('but not with a momentum', () => {
    const common = { ...averaging, problem: aNetwork(1, 2), weights: [1, 2], inner: sgd({ rate: 0.1 }), interval: 4 }
    const outer = { learningRate: 1, momentum: 0.9 }
    const stepped = train(inFloat64, { ...common, rule: 'outer-nesterov', outer })
    expect(distance(train(inFloat64, common).shared, stepped.shared)).toBeGreaterThan(1e-3)
  })
})

describe('I3: DiLoCo of one region with outer rate 1 and no momentum is local training', () => {
  test('whatever is inside', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(1, 4, 6), fc.boolean(), (seed, interval, isAdam) => {
        const problem = aNetwork(seed, 1)
        const inner = isAdam ? adam(0.02) : sgd({ rate: 0.1, momentum: 0.9, isNesterov: true })
        const { locals } = train(inFloat64, {
          ...averaging,
          rule: 'outer-nesterov',
          problem,
          weights: [1],
          inner,
          interval,
        })
        expect(distance(locals[0]!, synchronous(problem, [1], inner))).toBeLessThan(tolerance)
      }),
    )
  })
})

describe('I4: DiLoCo after every step of SGD is Nesterov SGD at the product of both rates', () => {
  test('on the weighted gradient', () => {
    const anyOuter = fc.record({
      learningRate: fc.double({ min: 0.1, max: 1, noNaN: true }),
      momentum: fc.double({ min: 0, max: 0.95, noNaN: true }),
    })
    fc.assert(
      fc.property(anyProblem, anyOuter, fc.double({ min: 0.01, max: 0.1, noNaN: true }), (drawn, outer, rate) => {
        const problem = problemOf(drawn)
        const { weights } = drawn
        const training: Training = {
          ...averaging,
          rule: 'outer-nesterov',
          outer,
          problem,
          weights,
          inner: sgd({ rate }),
          interval: 1,
        }
        const nesterov = sgd({ rate: rate * outer.learningRate, momentum: outer.momentum, isNesterov: true })
        const far = distance(train(inFloat64, training).shared, synchronous(problem, weights, nesterov))
        expect(far).toBeLessThan(tolerance)
      }),
    )
  })
})

/** One optimiser on the weighted mean of the regions' gradients. */
function synchronous(problem: Problem, weights: readonly number[], inner: Inner): Float64Array {
  const parameters = Float64Array.from(problem.start)
  const move = inner()
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (let step = 1; step <= steps; step++) {
    const gradients = weights.map((_, r) => problem.gradient(parameters, r, step))
    const mean = problem.start.map((_, i) => {
      return weights.reduce((sum, weight, r) => sum + (weight / total) * gradients[r]![i]!, 0)
    })
    move(parameters, mean)
  }
  return parameters
}
