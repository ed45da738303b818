// When requests come, in milliseconds since the beginning and in order: drawn at random by a rate, following rates of a trace, or
// told one by one. Open loop: nobody waits for an answer before the next one asks.
import { assert } from '#runtime/assert.ts'
import type { Random } from '#runtime/random.ts'
import { replayConfig as config } from './config.ts'

export type Spacing = 'even' | 'poisson'

/** Rates a second, each of which holds for `slotMs`. Even ones are spaced evenly within their slot, as load generators do it. */
export function arrivalsByRate(
  ratesPerSecond: readonly number[],
  slotMs: number,
  spacing: Spacing,
  random: Random,
): Float64Array {
  const times: number[] = []
  for (const [slot, rate] of ratesPerSecond.entries()) {
    assert(rate >= 0 && Number.isFinite(rate), `a rate is a number of at least 0, not ${rate}`)
    const from = slot * slotMs
    const until = from + slotMs
    if (spacing === 'even') {
      const count = Math.round((rate * slotMs) / 1_000)
      for (let i = 0; i < count; i++) times.push(from + ((i + 0.5) * slotMs) / count)
    } else if (rate > 0) {
      // Gaps have no memory, so each slot may begin anew.
      for (let at = from + gap(rate, random); at < until; at += gap(rate, random)) times.push(at)
    }
    assert(times.length <= config.arrivalsMax, `more than ${config.arrivalsMax} arrivals`)
  }
  return Float64Array.from(times)
}

export function poissonArrivals(ratePerSecond: number, lengthMs: number, random: Random): Float64Array {
  return arrivalsByRate([ratePerSecond], lengthMs, 'poisson', random)
}

/** In any order; what is outside of [0, lengthMs) is left out. */
export function toldArrivals(timesMs: readonly number[], lengthMs: number): Float64Array {
  return Float64Array.from(timesMs.filter((at) => at >= 0 && at < lengthMs)).sort()
}

function gap(ratePerSecond: number, random: Random): number {
  return (-Math.log(1 - random.next()) * 1_000) / ratePerSecond
}
