import { array, assert as check, double, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kalmanConfig, kalmanStart, kalmanStep, type KalmanOptions, type KalmanStep } from './kalman.ts'

const measured = [8, 5, 5, 15, 14, 5]

function run(values: readonly number[], options: KalmanOptions = {}): readonly KalmanStep[] {
  let state = kalmanStart
  return values.map((value) => {
    const step = kalmanStep(state, value, options)
    state = step.state
    return step
  })
}

describe('load is foreseen', () => {
  test('as HAS-GPU does, which writes its bias back', () => {
    const steps = run(measured, { writesBack: true })
    const rounded = steps.map(({ gain, predicted, state }) =>
      [gain, state.variance, predicted].map((x) => x.toFixed(3)),
    )
    expect(rounded).toEqual([
      ['0.167', '1.667', '13.000'],
      ['0.211', '2.105', '12.767'],
      ['0.237', '2.369', '12.466'],
      ['0.252', '2.520', '20.000'],
      ['0.260', '2.604', '20.051'],
      ['0.265', '2.649', '17.692'],
    ])
  })

  test('without the bias in the state no more than the buffer stays', () => {
    expect(run(measured).map(({ predicted }) => Math.round(1e9 * predicted) / 1e9)).toEqual([13, 10, 10, 20, 19, 10])
  })

  test('its variance and gain settle', () => {
    const last = run(Array.from({ length: 100 }, () => 7)).at(-1)!
    expect(last.state.variance).toBeCloseTo((Math.sqrt(41) - 1) / 2, 9)
    expect(last.gain).toBeCloseTo(0.2702, 4)
  })

  test('never below what was measured and the buffer, whatever was', () => {
    const rates = array(double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 })
    check(
      property(rates, (values) => {
        for (const writesBack of [false, true])
          for (const [at, { gain, predicted, state }] of run(values, { writesBack }).entries()) {
            expect(gain).toBeGreaterThan(0)
            expect(gain).toBeLessThan(1)
            expect(state.variance).toBeLessThanOrEqual(2.7016)
            expect(predicted).toBeGreaterThanOrEqual(values[at]! + kalmanConfig.bufferPerSecond)
          }
      }),
    )
  })

  test('each function has a filter of its own: a state is a value', () => {
    const busy = run([100, 100, 100]).at(-1)!
    expect(run([1]).at(-1)!.predicted).toBe(6)
    expect(busy.predicted).toBe(105)
  })
})
