import { describe, expect, test } from 'vitest'
import { aCatalogue, aSpec, aSync } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import type { Partition } from '#control-plane/model/plan.ts'
import { forecast } from './forecast.ts'

// Links: 100 Mbit/s, 50 ms, 0.1 USD/GB. One update of 1.25 MB takes 0.05 + 0.1 s.
const index = indexCatalogue(aCatalogue({ a: {}, b: {}, c: {} }))
const modelSize = { updateBytes: 1_250_000, samplesPerStep: 10 }
const partition = (region: string, samples: number, units: number, samplesPerSecond: number): Partition => ({
  region,
  samples,
  allocations: [{ deviceModel: 'cpu', units, samplesPerSecondPerUnit: samplesPerSecond, usdPerUnitHour: 3.6 }],
  loadPower: (units * samplesPerSecond) / samples,
})
const two = [partition('a', 1000, 2, 5), partition('b', 500, 1, 5)]
const run = (sync: GivenSync, partitions = two, size: typeof modelSize | null = modelSize) =>
  forecast({
    spec: aSpec({ sync: aSync({ strategy: 'asgd-ga', interval: 10, ...sync }, partitions.length) }),
    partitions,
    index,
    modelSize: size,
    throughputSource: 'declared',
  })

describe('forecast', () => {
  test('without a model size: compute only', () => {
    expect(run({}, two, null)).toEqual({
      seconds: 100,
      computeUsd: 0.3,
      egressUsd: 0,
      totalUsd: 0.3,
      wanBytes: 0,
      throughputSource: 'declared',
    })
  })

  test('asgd-ga: one update per interval each way, the first parameters and the final average', () => {
    const { seconds, wanBytes, egressUsd } = run({})
    expect(wanBytes).toBe((10 + 5 + 2 + 1) * 1_250_000)
    expect(egressUsd).toBeCloseTo((18 * 1_250_000 * 0.1) / 1e9)
    // The wire keeps up, so only the first and the last exchange are waited for.
    expect(seconds).toBeCloseTo(100 + 0.15 + 0.15)
  })

  test('asgd sends every step, and the wire bounds it', () => {
    const fast = [partition('a', 1000, 1, 1000), partition('b', 1000, 1, 1000)]
    const { seconds, wanBytes } = run({ strategy: 'asgd', interval: 1 }, fast)
    expect(wanBytes).toBe((100 + 100 + 2 + 1) * 1_250_000)
    expect(seconds).toBeCloseTo(100 * 0.15 + 0.3)
  })

  test('synchronous averaging waits for the wire at every round', () => {
    expect(run({ strategy: 'model-averaging', mode: 'synchronous' }).seconds).toBeCloseTo(100 + 10 * 0.15 + 0.3)
    expect(run({ strategy: 'model-averaging', mode: 'asynchronous' }).seconds).toBeCloseTo(100.3)
  })

  test('three regions send to two peers each; one region sends nothing', () => {
    const three = [...two, partition('c', 500, 1, 5)]
    expect(run({}, three).wanBytes).toBe(2 * (10 + 5 + 5 + 3 + 1) * 1_250_000)
    expect(run({}, [partition('a', 1000, 1, 10)])).toMatchObject({ wanBytes: 0, egressUsd: 0, seconds: 100 })
  })
})
