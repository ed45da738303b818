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
      [gain, state.variance, predicted].map((x) => x.toFixed(4)),
    )
    expect(rounded).toEqual([
      ['0.1667', '1.6667', '13.0000'],
      ['0.2105', '2.1053', '12.7667'],
      ['0.2369', '2.3695', '12.4657'],
      ['0.2520', '2.5203', '20.0000'],
      ['0.2604', '2.6037', '20.0514'],
      ['0.2649', '2.6491', '17.6918'],
    ])
  })

  test('without the bias in the state no more than the buffer stays', () => {
    expect(run(measured).map(({ predicted }) => Math.round(1e9 * predicted) / 1e9)).toEqual([13, 10, 10, 20, 19, 10])
  })

  test('its variance and gain settle', () => {
    const last = run(Array.from({ length: 100 }, () => 7)).at(-1)!
    expect(last.state.variance).toBeCloseTo((Math.sqrt(41) - 1) / 2, 9)
    expect([last.state.variance.toFixed(4), last.gain.toFixed(4)]).toEqual(['2.7016', '0.2702'])
  })

  test('the bias that is written back costs up to 8 requests a second that nobody asked for', () => {
    const kept = run(measured)
    const over = run(measured, { writesBack: true }).map(({ predicted }, at) => predicted - kept[at]!.predicted)
    const some = over.filter((more) => more > 1e-9)
    expect(over.every((more) => more >= 0)).toBe(true)
    expect([Math.round(Math.min(...some)), Math.round(Math.max(...some))]).toEqual([1, 8])
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
