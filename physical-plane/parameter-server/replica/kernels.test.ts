import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compiled, compiledPathOf, kernelSources } from './generate-kernels.ts'
import { referenceKernels } from './kernels-reference.ts'
import { kernelScratchBytes, type Kernels } from './kernels.ts'
import { VectorMemory } from './memory.ts'

const memory = VectorMemory.create(1 << 22)

// fast-check draws floats by their bits, so most are tiny or huge; sums of those hide mistakes. Half are ordinary.
const ordinary = (min: number, max: number) =>
  fc.integer({ min: min * 1e4, max: max * 1e4 }).map((value) => value / 1e4)
const element = fc.oneof(ordinary(-4, 4), fc.float({ noNaN: true, noDefaultInfinity: true }))
/** Lengths on both sides of a SIMD group. */
const vectors = (count: number, largest = 70) =>
  fc
    .integer({ min: 0, max: largest })
    .chain((length) =>
      fc.array(fc.array(element, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
    )
const factor = fc.oneof(ordinary(-2, 2), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }))
const share = fc.oneof(ordinary(0, 1), fc.double({ noNaN: true, min: 0, max: 1 }))

describe('kernels in the arena compute the bits of the reference', () => {
  test('addScaled, scale', () => {
    const add = disagreement(vectors(2), factor, (kernels, [target, source], by) =>
      kernels.addScaled(target!, source!, by),
    )
    expect(add).toBeNull()
    expect(disagreement(vectors(1), factor, (kernels, [target], by) => kernels.scale(target!, by))).toBeNull()
  })

  test('sgd', () => {
    const step = fc.record({ learningRate: factor, weightDecay: share })
    const found = disagreement(vectors(2), step, (kernels, [parameters, gradient], values) =>
      kernels.sgd(parameters!, gradient!, values),
    )
    expect(found).toBeNull()
  })

  test.each(['momentum', 'nesterov'] as const)('%s', (name) => {
    const step = fc.record({ learningRate: factor, weightDecay: share, momentum: share, gradientWeight: share })
    const found = disagreement(vectors(3), step, (kernels, [parameters, gradient, velocity], values) =>
      kernels[name](parameters!, gradient!, velocity!, values),
    )
    expect(found).toBeNull()
  })

  test('adamw', () => {
    const step = fc.record({
      decay: share,
      beta1: share,
      beta2: share,
      stepSize: share,
      varianceCorrection: share,
      epsilon: share,
    })
    const found = disagreement(vectors(4), step, (kernels, [parameters, gradient, mean, variance], values) => {
      for (const [index, value] of variance!.entries()) variance![index] = Math.abs(value)
      kernels.adamw(parameters!, gradient!, mean!, variance!, values)
    })
    expect(found).toBeNull()
  })

  test('copy, clear, rebase, mix', () => {
    const nothing = fc.constant(null)
    expect(disagreement(vectors(2), nothing, (kernels, [a, b]) => kernels.copy(a!, b!))).toBeNull()
    expect(disagreement(vectors(1), nothing, (kernels, [a]) => kernels.clear(a!))).toBeNull()
    expect(disagreement(vectors(3), nothing, (kernels, [a, b, c]) => kernels.rebase(a!, b!, c!))).toBeNull()
    expect(disagreement(vectors(2), share, (kernels, [a, b], weight) => kernels.mix(a!, b!, weight))).toBeNull()
  })

  test('outerNesterov', () => {
    const step = fc.record({ learningRate: factor, momentum: share })
    const found = disagreement(vectors(3), step, (kernels, [shared, velocity, delta], values) =>
      kernels.outerNesterov(shared!, velocity!, delta!, values),
    )
    expect(found).toBeNull()
  })

  test('addCompensated', () => {
    const step = fc.record({ lambda: share, learningRate: factor })
    const found = disagreement(vectors(3), step, (kernels, [values, gradient, then], by) =>
      kernels.addCompensated(values!, gradient!, then!, by),
    )
    expect(found).toBeNull()
  })

  test.each([1, 2, 3, 4, 5, 8, 9])('weightedMean of %i vectors', (count) => {
    const weight = fc.double({ noNaN: true, min: 1e-3, max: 1e6 })
    const weights = fc.array(weight, { minLength: count, maxLength: count })
    const found = disagreement(
      vectors(count + 1),
      weights,
      (kernels, [target, ...sources], by) =>
        kernels.weightedMean(
          target!,
          sources.map((values, index) => ({ values, weight: by[index]! })),
        ),
      30,
    )
    expect(found).toBeNull()
  })

  test('weightedMean of vectors longer than its scratch space', () => {
    const lengths = fc.constantFrom(1023, 1024, 1025, 4097, 9001)
    fc.assert(
      fc.property(lengths, fc.integer(), (length, seed) => {
        const sources = [1, 2, 3, 4, 5].map((weight) => ({
          weight,
          values: inArena(Float32Array.from({ length }, (_, i) => Math.sin(i * weight + seed) * 1e3)),
        }))
        const target = memory.allocate(length)
        const expected = new Float32Array(length)
        memory.kernels.weightedMean(target, sources)
        referenceKernels.weightedMean(expected, sources)
        for (const vector of [target, ...sources.map(({ values }) => values)]) memory.release(vector)
        expect(target).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  test('allFinite finds a single infinity or NaN at any place', async () => {
    const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -1e-45, 0)
    await fc.assert(
      fc.asyncProperty(vectors(1), fc.nat(), odd, async ([values], place, value) => {
        const vector = inArena(Float32Array.from(values!))
        if (vector.length > 0) vector[place % vector.length] = value
        const expected = vector.every(Number.isFinite)
        expect(await memory.kernels.allFinite(vector)).toBe(expected)
        expect(await referenceKernels.allFinite(vector)).toBe(expected)
        memory.release(vector)
      }),
    )
  })

  test('sumOfSquares', async () => {
    await fc.assert(
      fc.asyncProperty(vectors(1), async ([values]) => {
        const vector = inArena(Float32Array.from(values!))
        const total = await memory.kernels.sumOfSquares(vector)
        expect(total).toBe(await referenceKernels.sumOfSquares(vector))
        const plain = vector.reduce((sum, value) => sum + value * value, 0)
        expect(Math.abs(total - plain)).toBeLessThanOrEqual(1e-12 * plain)
        memory.release(vector)
      }),
    )
  })
})

test('the outer step ends where Nesterov on pseudo-gradients ends', () => {
  const [shared, velocity] = [inArena(Float32Array.of(1)), inArena(Float32Array.of(0))]
  const seen = [0.2, 0.1, -0.05].map((delta) => {
    memory.kernels.outerNesterov(shared, velocity, inArena(Float32Array.of(delta)), {
      learningRate: 0.7,
      momentum: 0.9,
    })
    return [shared[0]!, velocity[0]!] as const
  })
  const expected = [
    [0.734, 0.2],
    [0.4876, 0.28],
    [0.39534, 0.202],
  ]
  for (const [step, [position, speed]] of seen.entries()) {
    expect(position).toBeCloseTo(expected[step]![0]!, 6)
    expect(speed).toBeCloseTo(expected[step]![1]!, 6)
  }
})

test('without drift, or without lambda, compensation changes no bit', () => {
  const values = [1.5, -2, 0.3]
  const gradient = inArena(Float32Array.of(0.1, -7, 3))
  const plain = inArena(Float32Array.from(values))
  memory.kernels.addScaled(plain, gradient, -0.1)
  for (const [lambda, drift] of [
    [0.5, 0],
    [0, 1],
  ] as const) {
    const target = inArena(Float32Array.from(values))
    const then = inArena(Float32Array.from(values, (value) => value - drift))
    memory.kernels.addCompensated(target, gradient, then, { lambda, learningRate: 0.1 })
    expect(target).toEqual(plain)
  }
})

test('a mean of models sums in float64 and rounds once', () => {
  // In float32 1e8 + 1 is 1e8, and the small ones would be lost.
  const values = [1e8, 1, 1, 1, 1, -1e8].map((value) => Float32Array.of(value))
  const target = new Float32Array(1)
  referenceKernels.weightedMean(
    target,
    values.map((vector) => ({ values: vector, weight: 0.5 })),
  )
  expect(target[0]).toBe(Math.fround(4 / 6))
})

test('a mean does not mind what others left in the scratch space', () => {
  const [target, source] = [memory.allocate(5000), memory.allocate(5000).fill(3)]
  new Float32Array(target.buffer, 0, kernelScratchBytes / 4).fill(7)
  memory.kernels.weightedMean(target, [{ values: source, weight: 2 }])
  expect(target).toEqual(source)
  new Float32Array(target.buffer, 0, kernelScratchBytes / 4).fill(Number.NaN)
  const five = Array.from({ length: 5 }, () => ({ values: source, weight: 2 }))
  memory.kernels.weightedMean(target, five)
  expect(target).toEqual(source)
})

test('vectors of different lengths are refused', () => {
  const [short, long] = [memory.allocate(3), memory.allocate(4)]
  expect(() => memory.kernels.addScaled(short, long, 1)).toThrow('vectors of 3 and 4 elements')
})

test.each(kernelSources.map((path) => [basename(path), path]))('the compiled form of %s is up to date', (_, path) => {
  expect(readFileSync(compiledPathOf(path), 'utf8')).toBe(compiled(path))
})

/** A counterexample in words, or null when both computed the same bits for every input tried. */
function disagreement<T>(
  values: fc.Arbitrary<number[][]>,
  scalars: fc.Arbitrary<T>,
  run: (kernels: Kernels, vectors: readonly Float32Array[], scalars: T) => void,
  numRuns = 100,
): string | null {
  const property = fc.property(values, scalars, (arrays, by) => {
    const fast = arrays.map((array) => inArena(Float32Array.from(array)))
    const plain = arrays.map((array) => Float32Array.from(array))
    run(memory.kernels, fast, by)
    run(referenceKernels, plain, by)
    const isEqual = fast.every((vector, at) => vector.every((value, index) => Object.is(value, plain[at]![index])))
    for (const vector of fast) memory.release(vector)
    return isEqual
  })
  return fc.defaultReportMessage(fc.check(property, { numRuns })) ?? null
}

function inArena(values: Float32Array): Float32Array {
  const vector = memory.allocate(values.length)
  vector.set(values)
  return vector
}
