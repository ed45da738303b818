import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { sgd, adam } from './inner-optimisers.ts'
import { distance, inFloat64, train, type Training } from './laboratory.ts'
import { aNetwork, type Problem } from './problems.ts'

const outer = { learningRate: 0.7, momentum: 0.9 }
const merges = ['rebase', 'mix', 'overwrite'] as const
const interval = 8
const steps = 32

describe('I5: streaming with one fragment and no delay is DiLoCo', () => {
  test('to the bit, however it merges', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(...merges),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
        (seed, merge, weights) => {
          const problem = aNetwork(seed, weights.length)
          const common = {
            problem,
            weights,
            inner: adam(0.02),
            rule: 'outer-nesterov',
            outer,
            interval,
            steps,
          } as const
          const { shared, locals } = train(inFloat64, { ...common, merge, mergeWeight: 0 })
          const expected = diloco(common)
          expect(Array.from(shared)).toEqual(expected)
          expect(Array.from(locals.at(-1)!)).toEqual(expected)
        },
      ),
    )
  })

  test('each fragment leaves once per interval, and none is larger than its share', () => {
    const problem = aNetwork(1, 2)
    const elements = problem.start.length
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4, 8), fc.integer({ min: 0, max: 1 }), (fragments, tau) => {
        const common = {
          problem,
          weights: [1, 1],
          inner: sgd({ rate: 0.1 }),
          rule: 'outer-nesterov',
          outer,
          interval,
          steps,
        } as const
        const { sent } = train(inFloat64, { ...common, fragments, tau: Math.min(tau, interval / fragments - 1) })
        for (let start = 0; start + interval <= steps; start++) {
          const inInterval = sent.slice(start, start + interval)
          expect(bytesOf(inInterval.reduce((sum, count) => sum + count, 0))).toBe(bytesOf(elements))
          expect(Math.max(...inInterval)).toBe(Math.ceil(elements / fragments))
        }
      }),
    )
  })
})

describe('I6: with one region, outer rate 1 and no momentum, an overlapped exchange', () => {
  const run = (seed: number, options: Partial<Training>): { readonly far: number } => {
    const problem = aNetwork(seed, 1)
    const plain = { learningRate: 1, momentum: 0 }
    const inner = sgd({ rate: 0.2, momentum: 0.5 })
    const training: Training = {
      problem,
      weights: [1],
      inner,
      rule: 'outer-nesterov',
      outer: plain,
      interval,
      steps,
      ...options,
    }
    return { far: distance(train(inFloat64, training).locals[0]!, uninterrupted(problem, training)) }
  }

  test('merged by rebase is uninterrupted training for every delay', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(1, 2, 4), fc.nat({ max: interval - 1 }), (seed, fragments, tau) => {
        const delay = Math.min(tau, interval / fragments - 1)
        expect(run(seed, { fragments, tau: delay, merge: 'rebase' }).far).toBeLessThan(1e-12)
      }),
    )
  })

  test.each([
    ['mix', 0.5],
    ['overwrite', 0],
  ] as const)('merged by %s is not, from the first step of delay on', (merge, mergeWeight) => {
    for (const tau of [1, 5]) expect(run(1, { tau, merge, mergeWeight }).far).toBeGreaterThan(1e-3)
    expect(run(1, { tau: 0, merge, mergeWeight: 0 }).far).toBeLessThan(1e-12)
  })
})

function uninterrupted(problem: Problem, { inner }: Training): Float64Array {
  const parameters = Float64Array.from(problem.start)
  const move = inner()
  for (let step = 1; step <= steps; step++) move(parameters, problem.gradient(parameters, 0, step))
  return parameters
}

/** DiLoCo as its paper writes it. */
function diloco({ problem, weights, inner }: Pick<Training, 'problem' | 'weights' | 'inner'>): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const movers = weights.map(() => inner())
  let shared = [...problem.start]
  let momentum = shared.map(() => 0)
  for (let from = 1; from <= steps; from += interval) {
    const locals = movers.map((move, r) => {
      const local = [...shared]
      for (let step = from; step < from + interval; step++) move(local, problem.gradient(local, r, step))
      return local
    })
    const shares = weights.map((weight) => weight / total)
    const whole = shares.reduce((sum, share) => sum + share, 0)
    const delta = shared.map((value, i) => {
      return locals.reduce((sum, local, r) => sum + shares[r]! * (value - local[i]!), 0) / whole
    })
    momentum = momentum.map((value, i) => outer.momentum * value + delta[i]!)
    shared = shared.map((value, i) => value - outer.learningRate * (delta[i]! + outer.momentum * momentum[i]!))
  }
  return shared
}

function bytesOf(elements: number): number {
  return encodedBytes('fp32', elements, 1)
}
