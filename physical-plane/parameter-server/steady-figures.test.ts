import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { figureNewsShare } from './config.ts'
import { SteadyFigures } from './steady-figures.ts'

test('what is said is never far from what is', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
      const figures = new SteadyFigures()
      for (const value of values) {
        const said = figures.say('steps', value)
        expect(Math.abs(said - value)).toBeLessThanOrEqual(figureNewsShare * said + 0.005 * value)
      }
    }),
  )
})

test('a figure that wobbles is said once, one that moves at once, each by itself', () => {
  const figures = new SteadyFigures()
  const wobble = Array.from({ length: 100 }, (_, i) => figures.say('a', 100 + 4 * Math.sin(i)))
  expect(new Set(wobble).size).toBe(1)
  expect(figures.say('b', 7)).toBe(7)
  expect(figures.say('a', 150)).toBe(150)
  expect(figures.say('a', 0)).toBe(0)
  expect(figures.say('a', 0.1)).toBe(0.1)
  expect(figures.say('b', 7.1)).toBe(7)
})
