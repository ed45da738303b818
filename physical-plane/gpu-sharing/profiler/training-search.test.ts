import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyCurve, measured, measureOn } from './curves.fixture.ts'
import type { Configuration, Measure } from './measure.ts'
import { Probes } from './probes.ts'
import { searchTraining } from './training-search.ts'

const shares = Array.from({ length: 20 }, (_, step) => 50 * (step + 1))

function probesOn(measure: Measure): Probes {
  return new Probes({ measure })
}

/** Throughput by share, for tests that name it. */
function measureBy(perSecond: (smMilli: number) => number): Measure {
  return async ({ smMilli }) => {
    const throughputPerSecond = perSecond(smMilli)
    return await Promise.resolve({ throughputPerSecond, latencyMs: 1000 / throughputPerSecond })
  }
}

describe('search for the share of a training function', () => {
  test('answers the least shares that keep 80 and 98 % on every monotone curve, in a few probes', async () => {
    const property = fc.asyncProperty(anyCurve, fc.integer({ min: 1, max: 64 }), async (curve, batch) => {
      const probes = probesOn(measureOn(curve))
      const found = await searchTraining({ probes, batch })
      const at = (smMilli: number): number => {
        const configuration: Configuration = { smMilli, quotaMilli: 1000, batch, processes: 1 }
        return measured(curve, configuration).throughputPerSecond
      }
      const least = (keeps: number) => shares.find((share) => at(share) >= keeps * at(1000))
      expect(found).toMatchObject({ requestMilli: least(0.8), limitMilli: least(0.98) })
      expect(probes.known.length).toBeLessThanOrEqual(14)
    })
    await fc.assert(property, { numRuns: 200 })
  })

  test('it goes on below the first share that is enough', async () => {
    // The first share tried is 50 %, and it keeps all: a search that stops there pays for 30 % too much.
    const found = await searchTraining({ probes: probesOn(measureBy((sm) => Math.min(sm, 200))) })
    expect(found).toMatchObject({ requestMilli: 200, limitMilli: 200, fullPerSecond: 200 })
  })

  test('near the threshold it measures again, so that one slow sample does not cost a step', async () => {
    let isFirst = true
    const measure = measureBy((sm) => {
      if (sm !== 600) return Math.min(sm, 600)
      const speed = isFirst ? 585 : 600
      isFirst = false
      return speed
    })
    expect(await searchTraining({ probes: probesOn(measure) })).toMatchObject({ limitMilli: 600 })
  })

  test('a dent in the curve does not cost half a GPU', async () => {
    const dented = measureBy((sm) => (sm === 500 ? 0.96 : 1) * Math.min(sm, 200))
    expect(await searchTraining({ probes: probesOn(dented) })).toMatchObject({ limitMilli: 200 })
  })

  test('a function that does not run on a whole GPU has no share', async () => {
    expect(await searchTraining({ probes: probesOn(async () => await Promise.resolve(null)) })).toBeNull()
  })

  test('shares that do not end with the whole GPU are refused', async () => {
    const searching = searchTraining({ probes: probesOn(measureBy((sm) => sm)), smMilli: [100, 500] })
    await expect(searching).rejects.toThrow('sm_milli: ends at 500')
  })
})
