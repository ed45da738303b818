import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { planSegments, type SegmentDemand, type SegmentOption } from './plan-segments.ts'
import { arrange, fullGpus, isWithin, type SliceCounts, type SliceSize, sliceSizes } from './slots.ts'

const anOption = (size: SliceSize, ratePerSecond: number, over: Partial<SegmentOption> = {}): SegmentOption => ({
  size,
  batch: 8,
  processes: 1,
  ratePerSecond,
  latencyMs: 10,
  ...over,
})
const aDemand = (model: string, ratePerSecond: number, options: readonly SegmentOption[]): SegmentDemand => ({
  model,
  ratePerSecond,
  latencyMaxMs: 20,
  options,
})

test('an option that answers too late is not used, however much it gives', () => {
  const late = anOption(1, 1_000, { latencyMs: 21 })
  const plan = planSegments([aDemand('a', 100, [late, anOption(1, 60), anOption(2, 100)])], 4)
  expect(plan).toMatchObject({ kind: 'planned', isExact: true })
  const options = plan.kind === 'planned' ? plan.gpus.flat().map(({ option }) => option) : []
  expect(options).not.toContain(late)
  expect(options.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0)).toBeGreaterThanOrEqual(100)
})

test('the most efficient slices of each model are not taken where others pack better', () => {
  // Each alone does best on a slice of 3, and three of these need two GPUs; on slices of 2 they share one.
  const options = [anOption(3, 100), anOption(2, 60)]
  const plan = planSegments(
    ['a', 'b', 'c'].map((model) => aDemand(model, 60, options)),
    4,
  )
  expect(plan.kind === 'planned' && plan.gpus.length).toBe(1)
})

test.each([
  [[aDemand('slow', 1, [anOption(1, 9, { latencyMs: 99 })])], /no slice runs slow within 20 ms, at 1 per second/],
  [[aDemand('big', 100, [anOption(7, 10)])], /1 models need more than 4 GPUs/],
])('what can not be carried says why', (demands, because) => {
  const plan = planSegments(demands, 4)
  expect(plan.kind === 'impossible' ? plan.because : '').toMatch(because)
})

test('a model that needs many GPUs has some to itself, and its rate is met', () => {
  const demands = [aDemand('big', 1_000, [anOption(7, 100), anOption(3, 45)]), aDemand('small', 30, [anOption(1, 30)])]
  const plan = planSegments(demands, 20)
  const gpus = plan.kind === 'planned' ? plan.gpus : []
  const big = gpus.flat().filter(({ model }) => model === 'big')
  expect(big.reduce((sum, { option }) => sum + option.ratePerSecond, 0)).toBeGreaterThanOrEqual(1_000)
  expect(gpus.flat().some(({ model }) => model === 'small')).toBe(true)
  expect(gpus.length).toBe(11)
  expect(planSegments(demands, 10).kind).toBe('impossible')
})

const rates = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 5, maxLength: 5 })
const someDemands = fc
  .array(fc.record({ rate: fc.integer({ min: 1, max: 80 }), rates }), { minLength: 1, maxLength: 2 })
  .map((given) =>
    given.map(({ rate, rates: bySize }, at) =>
      aDemand(
        `m${at}`,
        rate,
        sliceSizes.map((size, number) => anOption(size, bySize[number]!)),
      ),
    ),
  )

test('no hand-out of slices needs fewer GPUs, by brute force up to two, and every rate is met', () => {
  const full = fullGpus()
  const pairs = full.flatMap((a) => full.map((b) => a.map((n, at) => n + b[at]!) as unknown as SliceCounts))
  fc.assert(
    fc.property(someDemands, (demands) => {
      const plan = planSegments(demands, 2)
      const needed = carries(full, demands) ? 1 : carries(pairs, demands) ? 2 : 0
      expect(plan.kind === 'planned' ? plan.gpus.length : 0).toBe(needed)
      const gpus = plan.kind === 'planned' ? plan.gpus : []
      for (const { model, ratePerSecond } of plan.kind === 'planned' ? demands : []) {
        const own = gpus.flat().filter((segment) => segment.model === model)
        expect(own.reduce((sum, { option }) => sum + option.ratePerSecond, 0)).toBeGreaterThanOrEqual(ratePerSecond)
      }
      for (const segments of gpus) {
        const counts = sliceSizes.map((size) => segments.filter(({ option }) => option.size === size).length)
        expect(arrange(counts as unknown as SliceCounts)).not.toBeNull()
      }
    }),
    { numRuns: 100 },
  )
})

/** Whether some cluster of these slices carries all models: slices are given out one model after the other, in every way. */
function carries(clusters: readonly SliceCounts[], demands: readonly SegmentDemand[]): boolean {
  const seen = new Set<string>()
  const rest = (free: SliceCounts, at: number): boolean => {
    const key = `${free.join(' ')} ${at}`
    if (at === demands.length) return true
    if (seen.has(key)) return false
    seen.add(key)
    const { ratePerSecond, options } = demands[at]!
    return subsets(free).some((taken) => {
      const rate = taken.reduce((sum, count, size) => sum + count * options[size]!.ratePerSecond, 0)
      return rate >= ratePerSecond && rest(free.map((n, size) => n - taken[size]!) as unknown as SliceCounts, at + 1)
    })
  }
  const largest = clusters.filter(
    (one) => !clusters.some((other) => other !== one && isWithin(one, other) && !isWithin(other, one)),
  )
  return largest.some((cluster) => rest(cluster, 0))
}

function subsets(free: SliceCounts): readonly (readonly number[])[] {
  return free.reduce<readonly (readonly number[])[]>(
    (found, count) => found.flatMap((one) => Array.from({ length: count + 1 }, (_, n) => [...one, n])),
    [[]],
  )
}
