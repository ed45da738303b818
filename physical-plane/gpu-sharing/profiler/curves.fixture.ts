// Synthetic devices for tests: latency as functions have it on real ones. A launch takes a while whatever it gets; work shrinks with
// multiprocessors until the function has enough of them, and with its time quota; processes share what they get.
import * as fc from 'fast-check'
import type { Configuration, Measure, Measurement } from './measure.ts'

export type Curve = {
  /** Of a batch, however small. */
  readonly launchMs: number
  /** Of one sample on all of the GPU, were it to use all. */
  readonly sampleMs: number
  /** More multiprocessors than this do nothing. */
  readonly enoughMilli: number
}

export function measured(curve: Curve, { smMilli, quotaMilli, batch, processes }: Configuration): Measurement {
  const share = Math.min(smMilli, curve.enoughMilli) / 1000
  const ms = (curve.launchMs + (curve.sampleMs * batch * processes) / share) / (quotaMilli / 1000)
  return { latencyMs: ms, throughputPerSecond: (1000 * batch * processes) / ms }
}

export function measureOn(curve: Curve): Measure {
  return async (configuration) => await Promise.resolve(measured(curve, configuration))
}

export const anyCurve: fc.Arbitrary<Curve> = fc.record({
  launchMs: fc.double({ min: 0.1, max: 50, noNaN: true }),
  sampleMs: fc.double({ min: 0.01, max: 20, noNaN: true }),
  enoughMilli: fc.integer({ min: 50, max: 1000 }),
})
