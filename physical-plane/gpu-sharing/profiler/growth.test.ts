import { describe, expect, test } from 'vitest'
import { measured, type Curve } from './curves.fixture.ts'
import { grow } from './growth.ts'
import type { Grid } from './grid.ts'
import type { Measurement } from './measure.ts'

const grid: Grid = {
  smMilli: [100, 200, 300, 400, 500, 1000],
  quotaMilli: [1000],
  batch: [1, 2, 4, 8, 16],
  processes: [1],
}
const curve: Curve = { launchMs: 4, sampleMs: 1, enoughMilli: 1000 }

/** The path as "share:batch", with throughput scaled: what a model's requests are worth must not matter. */
async function path(sloLatencyMs: number, options: { scale?: number; from?: Curve; probesMax?: number } = {}) {
  const { scale = 1, from = curve, probesMax = 100 } = options
  const walked: string[] = []
  await grow(grid, { sloLatencyMs }, async (configuration): Promise<Measurement | undefined> => {
    if (walked.length >= probesMax) return await Promise.resolve(undefined)
    walked.push(`${configuration.smMilli}:${configuration.batch}`)
    const { latencyMs, throughputPerSecond } = measured(from, configuration)
    return await Promise.resolve({ latencyMs, throughputPerSecond: scale * throughputPerSecond })
  })
  return walked
}

describe('growth', () => {
  test('adds multiprocessors until the SLO is met, then doubles the batch while it is', async () => {
    // 4 + 10 ms misses 10 ms, 4 + 5 ms meets it; from there on each batch that misses takes a step more.
    expect((await path(10)).slice(0, 4)).toEqual(['100:1', '200:1', '200:2', '300:2'])
  })

  test('looks one point beyond a miss, and no further', async () => {
    const flat: Curve = { launchMs: 4, sampleMs: 5, enoughMilli: 100 }
    expect(await path(60, { from: flat })).toEqual(['100:1', '100:2', '200:2'])
  })

  test('what a request is worth does not matter: the tolerance is relative', async () => {
    const curves: readonly Curve[] = [curve, { launchMs: 1, sampleMs: 3, enoughMilli: 350 }]
    for (const from of curves) {
      const whole = await path(30, { from })
      expect(await path(30, { from, scale: 0.001 })).toEqual(whole)
      expect(await path(30, { from, scale: 1000 })).toEqual(whole)
    }
  })

  test('an SLO that nothing meets is walked to the end of the shares, and a spent budget ends it', async () => {
    expect(await path(1)).toEqual(['100:1', '200:1', '300:1', '400:1', '500:1', '1000:1'])
    expect(await path(1, { probesMax: 2 })).toEqual(['100:1', '200:1'])
  })
})
