import { describe, expect, test } from 'vitest'
import { timeToTarget, valueAt } from './time-to-target.ts'

const curve = (values: readonly number[]) => values.map((value, index) => ({ seconds: index * 2, value }))

describe('the time to a target', () => {
  test('lies between the two means around it', () => {
    // Means of three: 0.2 at 2 s, 0.5 at 4 s.
    expect(timeToTarget(curve([0, 0.2, 0.4, 0.9]), 0.35, 3)).toBeCloseTo(3, 12)
  })

  test('is not a single lucky measurement', () => {
    expect(timeToTarget(curve([0, 0, 0.9, 0, 0, 0]), 0.8, 3)).toBeNull()
    expect(timeToTarget(curve([0, 0, 0.9, 0, 0, 0]), 0.8, 1)).not.toBeNull()
  })

  test('is the first mean where that is there already, and nothing without enough measurements', () => {
    expect(timeToTarget(curve([1, 1, 1]), 0.5, 3)).toBe(2)
    expect(timeToTarget(curve([1, 1]), 0.5, 3)).toBeNull()
    expect(timeToTarget([], 0.5, 1)).toBeNull()
  })
})

describe('a count at a time', () => {
  test('grows straight between readings, from nothing at the start', () => {
    const counts = [
      { seconds: 4, value: 100 },
      { seconds: 6, value: 300 },
    ]
    expect(valueAt(counts, 2)).toBe(50)
    expect(valueAt(counts, 5)).toBe(200)
    expect(valueAt(counts, 9)).toBe(300)
    expect(valueAt([], 9)).toBe(0)
  })
})
