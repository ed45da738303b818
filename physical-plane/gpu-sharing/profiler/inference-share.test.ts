import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyCurve, measured, measureOn, type Curve } from './curves.fixture.ts'
import { plainGrid } from './grid.ts'
import type { Measure } from './measure.ts'
import { searchInferenceShare } from './inference-share.ts'
import { Probes } from './probes.ts'

const curve: Curve = { launchMs: 5, sampleMs: 1, enoughMilli: 600 }

describe('the share that an inference function asks for', () => {
  test('request and limit meet the SLO, carry their rates, and the limit is no less than the request', async () => {
    const rates = fc.option(fc.double({ min: 0.5, max: 5000, noNaN: true }), { nil: undefined })
    const property = fc.asyncProperty(anyCurve, rates, async (any, ratePerSecond) => {
      const whole = measured(any, { smMilli: 1000, quotaMilli: 1000, batch: 1, processes: 1 })
      const sloLatencyMs = 2.5 * whole.latencyMs
      const probes = new Probes({ measure: measureOn(any) })
      const found = await searchInferenceShare({
        probes,
        grid: plainGrid,
        sloLatencyMs,
        ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      })
      expect(found.kind).toBe('found')
      if (found.kind === 'none') return
      const { request, limit, instances } = found
      expect(limit.milli).toBeGreaterThanOrEqual(request.milli)
      expect(limit.milli).toBeLessThanOrEqual(1000)
      for (const { configuration } of [request, limit])
        expect(measured(any, configuration).latencyMs).toBeLessThanOrEqual(sloLatencyMs)
      expect(request.perSecond * instances).toBeGreaterThanOrEqual((ratePerSecond ?? 0) * (1 - 1e-9))
      expect(probes.made).toBeLessThanOrEqual(40)
    })
    await fc.assert(property, { numRuns: 100 })
  })

  test('a rate that one instance does not carry goes to several', async () => {
    const probes = new Probes({ measure: measureOn(curve) })
    const one = await searchInferenceShare({ probes, grid: plainGrid, sloLatencyMs: 40 })
    if (one.kind === 'none') throw new Error(one.because)
    const rate = 3.5 * one.star.measurement.throughputPerSecond
    const many = await searchInferenceShare({ probes, grid: plainGrid, sloLatencyMs: 40, ratePerSecond: rate })
    expect(many).toMatchObject({ kind: 'found', instances: 4 })
  })

  test('a small rate asks for less than the star point, and its limit carries twice as much', async () => {
    const probes = new Probes({ measure: measureOn(curve) })
    const found = await searchInferenceShare({ probes, grid: plainGrid, sloLatencyMs: 40, ratePerSecond: 20 })
    expect(found).toMatchObject({ kind: 'found', instances: 1, request: { milli: 50 } })
    expect(found.kind === 'found' ? found.limit.perSecond : 0).toBeGreaterThanOrEqual(40)
  })

  test('where a larger share only gives as much more, the small one is asked for', async () => {
    // Shares of time: twice the share, half of the latency. What differs is noise.
    const measure: Measure = async ({ smMilli, batch }) => {
      const latencyMs = (10 * (1 + 0.02 * Math.sin(smMilli))) / (smMilli / 1000)
      return await Promise.resolve({ latencyMs, throughputPerSecond: (1000 * batch) / latencyMs })
    }
    const found = await searchInferenceShare({ probes: new Probes({ measure }), grid: plainGrid, sloLatencyMs: 110 })
    expect(found).toMatchObject({ kind: 'found', request: { milli: 100 } })
  })

  test('where the whole GPU is too slow it says so', async () => {
    const probes = new Probes({ measure: measureOn(curve) })
    const found = await searchInferenceShare({ probes, grid: plainGrid, sloLatencyMs: 3 })
    expect(found).toMatchObject({ kind: 'none', because: expect.stringContaining('SLO is 3 ms') as unknown })
  })
})
