import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { sharingConfig } from './config.ts'
import { addCycles, cycleLatencyUs, noCycles, percentileOf, type CycleModel } from './cycles.ts'

const config = sharingConfig.cycles
const add = (model: CycleModel, cycles: readonly number[], workNs = 2e6): CycleModel =>
  addCycles(model, cycles, workNs, sharingConfig.dilu.outlier, config)

/** About so long each, a tenth more or less. */
function trace(seed: number, count: number, us: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => us * (0.95 + 0.1 * random.next()))
}

describe('kernel launch cycles', () => {
  test('cycles of 2 ms are seen, and their inflation is that of the trace', () => {
    const calm = add(noCycles, trace(1, 200, 2000))
    expect(calm.inflation).toBeCloseTo(1.05, 1)
    const troubled = add(calm, trace(2, 20, 4000))
    expect(troubled.inflation).toBeGreaterThan(1.9)
    expect(troubled.inflation).toBeLessThan(2.3)
    expect(add(troubled, trace(3, 20, 2000)).inflation).toBeLessThan(1.2)
  })

  test('a few cycles say nothing', () => {
    expect(add(noCycles, trace(1, 9, 2000)).inflation).toBeNull()
    expect(add(noCycles, trace(1, 10, 2000)).inflation).not.toBeNull()
  })

  test('a larger batch is another size, not trouble', () => {
    let model = noCycles
    for (let round = 0; round < 40; round++) {
      model = add(model, trace(round, 3, 2000), 2e6)
      model = add(model, trace(round, 3, 8000), 8e6)
    }
    expect(model.inflation).toBeLessThan(1.15)
    expect(model.classes.size).toBe(2)
  })

  test('one outlier is no emergency; lasting ones are', () => {
    const calm = add(noCycles, trace(1, 100, 2000))
    expect(add(calm, [200_000]).inflation).toBeLessThan(1.6 + 0.3)
    expect(add(calm, [200_000, ...trace(2, 3, 2000)]).inflation).toBeLessThan(1.6)
    expect(add(calm, trace(3, 6, 200_000)).inflation).toBeGreaterThan(3)
  })

  test('what takes less than the noise of a host is not judged by it', () => {
    const short = add(noCycles, trace(1, 100, 40))
    expect(add(short, trace(2, 10, 160)).inflation).toBe(1)
  })

  test('memory stays within its bounds whatever the sizes', () => {
    const random = seededRandom(7)
    let model = noCycles
    for (let count = 0; count < 3000; count++) model = add(model, [random.next() * 1e5], 2 ** (random.next() * 40))
    expect(model.classes.size).toBeLessThanOrEqual(config.classesMax)
    for (const size of model.classes.values()) expect(size.newestUs.length).toBeLessThanOrEqual(config.window)
    expect(model.newestUs).toHaveLength(config.latencyWindow)
  })

  test('latency is the middle of few cycles and the edge of many: a bad start is no verdict', () => {
    const started = add(noCycles, [90_000, ...trace(1, 8, 2000)])
    expect(cycleLatencyUs(started, config)).toBeNull()
    const few = add(started, trace(2, 10, 2000))
    expect(cycleLatencyUs(few, config)).toBeLessThan(2100)
    const troubled = add(few, [...trace(3, 30, 2000), ...trace(4, 5, 9000)])
    expect(cycleLatencyUs(troubled, config)).toBeGreaterThan(8000)
  })

  test('percentiles are by nearest rank', () => {
    const values = [5, 1, 4, 2, 3]
    expect([5, 20, 21, 50, 100].map((percentile) => percentileOf(values, percentile))).toEqual([1, 1, 2, 3, 5])
  })
})
