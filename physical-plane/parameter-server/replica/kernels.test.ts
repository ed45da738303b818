import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compiledKernels } from './generate-kernels.ts'
import { referenceKernels } from './kernels-reference.ts'
import type { Kernels } from './kernels.ts'
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

  test('weightedMean', () => {
    const weights = fc.array(fc.double({ noNaN: true, min: 1e-3, max: 1e6 }), { minLength: 3, maxLength: 3 })
    const found = disagreement(vectors(4), weights, (kernels, [target, ...sources], by) =>
      kernels.weightedMean(
        target!,
        sources.map((values, index) => ({ values, weight: by[index]! })),
      ),
    )
    expect(found).toBeNull()
  })

  test('weightedMean of vectors longer than its scratch space', () => {
    const lengths = fc.constantFrom(4095, 4096, 4097, 9001)
    fc.assert(
      fc.property(lengths, fc.integer(), (length, seed) => {
        const sources = [1, 2].map((weight) => ({
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

  test('allFinite finds a single infinity or NaN at any place', () => {
    const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -1e-45, 0)
    fc.assert(
      fc.property(vectors(1), fc.nat(), odd, ([values], place, value) => {
        const vector = inArena(Float32Array.from(values!))
        if (vector.length > 0) vector[place % vector.length] = value
        const answer = memory.kernels.allFinite(vector)
        const expected = vector.every(Number.isFinite)
        memory.release(vector)
        expect(answer).toBe(expected)
        expect(referenceKernels.allFinite(vector)).toBe(expected)
      }),
    )
  })
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

test('vectors of different lengths are refused', () => {
  const [short, long] = [memory.allocate(3), memory.allocate(4)]
  expect(() => memory.kernels.addScaled(short, long, 1)).toThrow('vectors of 3 and 4 elements')
})

test('kernels.wasm.ts is what kernels.wat compiles to', () => {
  expect(readFileSync(join(import.meta.dirname, 'kernels.wasm.ts'), 'utf8')).toBe(compiledKernels())
})

/** A counterexample in words, or null when both computed the same bits for every input tried. */
function disagreement<T>(
  values: fc.Arbitrary<number[][]>,
  scalars: fc.Arbitrary<T>,
  run: (kernels: Kernels, vectors: readonly Float32Array[], scalars: T) => void,
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
  return fc.defaultReportMessage(fc.check(property)) ?? null
}

function inArena(values: Float32Array): Float32Array {
  const vector = memory.allocate(values.length)
  vector.set(values)
  return vector
}
