import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aForecast, anAllocation, aPartition, aShard, aSpec, aSync } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { secondsPerMonth } from '#control-plane/model/egress.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import type { Partition } from '#control-plane/model/plan.ts'
import { recoverySeconds } from './config.ts'
import { forecast, movementsOf } from './forecast.ts'

// Links: 100 Mbit/s, 50 ms, 0.1 USD/GB. One update of 1.25 MB takes 0.05 + 0.1 s.
const index = indexCatalogue(aCatalogue({ a: {}, b: {}, c: {} }))
const modelSize = { updateBytes: 1_250_000, samplesPerStep: 10 }
const partition = (region: string, samples: number, units: number, samplesPerSecond: number): Partition =>
  aPartition(region, units, {
    samples,
    allocations: [anAllocation(units, { samplesPerSecondPerUnit: samplesPerSecond, usdPerUnitHour: 3.6 })],
    loadPower: (units * samplesPerSecond) / samples,
  })
const two = [partition('a', 1000, 2, 5), partition('b', 500, 1, 5)]
const run = (sync: GivenSync, partitions = two, size: typeof modelSize | null = modelSize) =>
  forecast({
    spec: aSpec({ sync: aSync({ strategy: 'asgd-ga', interval: 10, ...sync }, partitions.length) }),
    partitions,
    exchange: null,
    index,
    links: index.link,
    modelSize: size,
    throughputSource: 'declared',
  })

describe('forecast', () => {
  test('without a model size: compute only', () => {
    expect(run({}, two, null)).toEqual(aForecast({ seconds: 100, computeUsd: 0.3 }))
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

  test('an exchange weighs what the codec makes of it', () => {
    const whole = run({ interval: 10 }).wanBytes
    // First and final parameters stay exact.
    expect(run({ codec: 'fp16' }).wanBytes).toBe(whole - (15 * 1_250_000) / 2)
  })

  test('blocking rounds add, overlapped ones are hidden behind the steps', () => {
    // int8 makes 317,384 bytes of the model: 0.05 + 0.0254 s.
    const blocking = run({ strategy: 'diloco', interval: 10 })
    expect(blocking.seconds).toBeCloseTo(100 + 10 * 0.0754 + 0.3, 3)
    const overlapped = run({ strategy: 'streaming-diloco', interval: 10, fragments: 2 })
    expect(overlapped.seconds).toBeCloseTo(100.3)
    expect(overlapped.wanBytes).toBe(blocking.wanBytes)
    expect(blocking.wanBytes).toBe(20 * 317_384 + 3 * 1_250_000)
  })

  test('with even pacing everybody waits for the slowest that still has samples', () => {
    // Five rounds of 20 s, in which b makes its 10 steps; then a goes on alone.
    const even = run({ strategy: 'model-averaging', pacing: 'even' })
    expect(even.seconds).toBeCloseTo(5 * 20 + 5 * 10 + 10 * 0.15 + 0.3)
  })

  test('overlapped rounds that take longer than their steps bound it', () => {
    const fast = [partition('a', 1000, 1, 1000), partition('b', 1000, 1, 1000)]
    const { seconds } = run({ strategy: 'streaming-diloco', interval: 4, codec: 'fp32' }, fast)
    expect(seconds).toBeCloseTo(25 * 0.15 + 0.3)
  })

  test('auto is reckoned with the interval that the links will lead to', () => {
    const fast = [partition('a', 100_000, 1, 1000), partition('b', 100_000, 1, 1000)]
    // A step takes 10 ms, so a fragment of a quarter takes 6 of them: one leaves every 7 steps, a model every 28.
    const { wanBytes, seconds } = run({ strategy: 'auto' }, fast)
    expect(wanBytes).toBe(2 * Math.ceil(10_000 / 28) * 317_384 + 3 * 1_250_000)
    expect(seconds).toBeLessThan(100 * 1.06)
  })

  test('gossip reaches one peer at a time, and asp sends little', () => {
    const three = [...two, partition('c', 500, 1, 5)]
    const exact = 1_250_000
    const gossip = run({ strategy: 'model-averaging', mode: 'asynchronous', interval: 10 }, three)
    expect(gossip.wanBytes).toBe((10 + 5 + 5) * exact + (2 + 6) * exact)
    expect(run({ strategy: 'asp', interval: 10 }).wanBytes).toBe((15 * exact * 6) / 40 + 3 * exact)
  })

  test('rounds of three regions go over the lowest of them', () => {
    const three = [...two, partition('c', 500, 1, 5)]
    expect(run({ strategy: 'model-averaging', interval: 10 }, three).wanBytes).toBe((4 * 10 + 4 + 2) * 1_250_000)
  })

  test('rounds that wait for nobody bring every region the result of every region', () => {
    const three = ['a', 'b', 'c'].map((region) => partition(region, 1000, 1, 10))
    // Two contributions and three results to two regions in each of ten intervals.
    expect(run({ strategy: 'hierarchical', codec: 'fp32', interval: 10 }, three).wanBytes).toBe(
      (10 * (2 + 6) + 4 + 2) * 1_250_000,
    )
  })

  test.each([...strategies.keys()])('%s never gets cheaper or quicker with a bigger model', (strategy) => {
    const size = fc.integer({ min: 1, max: 1e9 })
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 4 }), (one, other, regions) => {
        const names = ['a', 'b', 'c', 'd'].slice(0, regions)
        const partitions = names.map((name, i) => partition(name, 1000 * (i + 1), 1, 100))
        // One codec throughout, and one interval: auto would answer a bigger model with fewer bytes.
        const given = {
          strategy,
          ...(strategy === 'auto' ? { codec: 'top-k', intervalMin: 256, intervalMax: 256 } : {}),
        }
        const at = (updateBytes: number) => run(given, partitions, { updateBytes, samplesPerStep: 10 })
        const small = at(4 * Math.min(one, other))
        const big = at(4 * Math.max(one, other))
        expect(big.seconds).toBeGreaterThanOrEqual(small.seconds)
        expect(big.wanBytes).toBeGreaterThanOrEqual(small.wanBytes)
        expect(Number.isFinite(big.totalUsd)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('three regions send to two peers each; one region sends nothing', () => {
    const three = [...two, partition('c', 500, 1, 5)]
    expect(run({}, three).wanBytes).toBe(2 * (10 + 5 + 5 + 3 + 1) * 1_250_000)
    expect(run({}, [partition('a', 1000, 1, 10)])).toMatchObject({ wanBytes: 0, egressUsd: 0, seconds: 100 })
  })
})

describe('data on its way', () => {
  // 1 GB at 100 Mbit/s: 80 s and 50 ms, 0.1 USD.
  const spec = aSpec({ shards: [aShard('a', 1000), aShard('b', 500, { bytes: 1e9, mayMoveTo: ['a'] })] })
  const both = (place = 'a'): Partition =>
    aPartition('a', 1, {
      place,
      samples: 1500,
      dataRegions: ['a', 'b'],
      allocations: [anAllocation(1, { samplesPerSecondPerUnit: 15, usdPerUnitHour: 3.6 })],
      loadPower: 0.01,
    })
  const of = (catalogue = index) =>
    forecast({
      spec,
      partitions: [both()],
      exchange: null,
      index: catalogue,
      links: catalogue.link,
      modelSize,
      throughputSource: 'declared',
    })

  test('is waited for and paid for; workers begin when it is there', () => {
    expect(of()).toMatchObject({ movementSeconds: 80.05, seconds: 180.05, movementUsd: 0.1, egressUsd: 0 })
    expect(of().computeUsd).toBeCloseTo(0.1)
    expect(of()).toMatchObject({ wanBytes: 1e9, totalUsd: of().computeUsd + 0.1 })
  })

  test('is stored where it goes, for as long as the job lasts', () => {
    const stored = aCatalogue({ a: {}, b: {} })
    const regions = stored.regions.map((region) => ({ ...region, storageUsdPerGbMonth: 0.03 }))
    const { storageUsd } = of(indexCatalogue({ ...stored, regions }))
    expect(storageUsd).toBeCloseTo((0.03 * 180.05) / secondsPerMonth, 12)
  })

  test('of the same region costs nothing', () => {
    expect(movementsOf(spec, [both()], index, index.link)).toEqual([
      { from: 'b', to: 'a', bytes: 1e9, seconds: 80.05, usd: 0.1 },
    ])
    const apart = ['a', 'b'].map((region) => aPartition(region, 1))
    expect(movementsOf(spec, apart, index, index.link)).toEqual([])
  })
})

test('spot capacity costs what has to be done again', () => {
  const spot = aPartition('a', 2, {
    allocations: [anAllocation(2, { market: 'spot', usdPerUnitHour: 1, lossesPerHour: 0.5 })],
    loadPower: 1 / 7200,
  })
  const made = run({}, [spot], null)
  // Two units for two hours, each lost once: three minutes of one unit each.
  expect(made).toMatchObject({ computeUsd: 4, spotLossUsd: (2 * recoverySeconds) / 3600 })
  expect(made.totalUsd).toBeCloseTo(4 + made.spotLossUsd)
})
