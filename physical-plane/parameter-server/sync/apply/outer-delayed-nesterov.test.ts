import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { float64, plainKernels } from '../invariants/plain-kernels.ts'
import { outerDelayedNesterov } from './outer-delayed-nesterov.ts'

const kernels = plainKernels<Float64Array>(float64)
const pieces = [
  { start: 0, end: 1, at: 0, isBuffer: false },
  { start: 1, end: 2, at: 1, isBuffer: true },
]

/** What commits of so many contributions each add up to, once the momentum has played itself out. */
function movedBy(groups: readonly (readonly number[])[], learningRate: number, momentum: number, delay: number) {
  const vectors = { shared: new Float64Array(2), momentum: new Float64Array(2), accumulated: new Float64Array(2) }
  const silence = Array.from({ length: 60 * delay }, () => [0])
  for (const [commits, group] of [...groups, ...silence].entries()) {
    const mean = group.reduce((sum, delta) => sum + delta, 0) / group.length
    const step = { learningRate, momentum, delay, commits, contributions: group.length }
    outerDelayedNesterov(kernels, vectors, Float64Array.of(mean, mean), pieces, step)
  }
  return { parameter: -vectors.shared[0]!, buffer: -vectors.shared[1]! }
}

const anyGroups = fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 12,
})

test('every contribution moves the parameters alike, whether it comes alone or with others', () => {
  const anyMomentum = fc.double({ min: 0, max: 0.5, noNaN: true })
  fc.assert(
    fc.property(anyGroups, anyMomentum, fc.integer({ min: 1, max: 4 }), (groups, momentum, delay) => {
      const together = movedBy(groups, 0.25, momentum, delay)
      const alone = movedBy(
        groups.flat().map((delta) => [delta]),
        0.25,
        momentum,
        delay,
      )
      expect(together.parameter).toBeCloseTo(alone.parameter, 9)
      const sum = groups.flat().reduce((total, delta) => total + delta, 0)
      expect(together.parameter).toBeCloseTo((0.25 / (delay * (1 - momentum))) * sum, 9)
    }),
  )
})

test('buffers move by the mean of each commit', () => {
  expect(movedBy([[1, 3], [2]], 0.25, 0.5, 2).buffer).toBe(4)
})
