import { expect, test } from 'vitest'
import { planSlices, type SlicedFunction } from './plan-slices.ts'

const gib = 2 ** 30
const a100 = { deviceModel: 'nvidia-a100', memoryBytes: 40 * gib }

/** As quick as it has multiprocessors: 14 ms on one seventh. */
function aFunction(name: string, ratePerSecond: number, over: Partial<SlicedFunction> = {}): SlicedFunction {
  const point = (size: number) => ({
    deviceModel: 'nvidia-a100',
    batch: 1,
    smMilli: Math.floor((1_000 * size) / 7),
    quotaMilli: 1_000,
    latencyMs: 14 / size,
  })
  const profile = [1, 2, 3, 4, 7].map(point)
  return { name, ratePerSecond, sloMs: 28, batchMax: 1, memoryBytes: 0, profile, ...over }
}

test('slices carry the rates with the fewest GPUs, and go by the names that nvidia-smi cuts them by', () => {
  const plan = planSlices([aFunction('a', 200), aFunction('b', 280)], a100, 4)
  const gpus = plan.kind === 'planned' ? plan.gpus : []
  expect(plan).toMatchObject({ kind: 'planned', isFewest: true })
  expect(gpus.length).toBe(1)
  for (const name of ['a', 'b']) {
    const own = gpus.flat().filter((slice) => slice.function === name)
    expect(own.reduce((sum, slice) => sum + slice.ratePerSecond, 0)).toBeGreaterThanOrEqual(name === 'a' ? 200 : 280)
    for (const { profile, latencyMs } of own) {
      expect(profile).toMatch(/^(1g\.5gb|2g\.10gb|3g\.20gb|4g\.20gb|7g\.40gb)$/)
      expect(latencyMs).toBeLessThanOrEqual(14)
    }
  }
})

test('half of the objective is for the batch to fill, and a slice must hold what an instance needs', () => {
  const kept = planSlices([aFunction('a', 10, { sloMs: 14 })], a100, 4)
  // One seventh takes 14 ms, two sevenths 7.
  expect(kept).toMatchObject({ gpus: [[{ profile: '2g.10gb', latencyMs: 7 }]] })
  const large = planSlices([aFunction('a', 10, { memoryBytes: 12 * gib })], a100, 4)
  expect(large).toMatchObject({ gpus: [[{ profile: '3g.20gb' }]] })
  expect(planSlices([aFunction('a', 10, { memoryBytes: 41 * gib })], a100, 4)).toMatchObject({ kind: 'impossible' })
})

test('what no slice, or not so many GPUs, can carry is said', () => {
  expect(planSlices([aFunction('late', 1, { sloMs: 3 })], a100, 4)).toEqual({
    kind: 'impossible',
    because: 'no slice runs late within 1.5 ms, at 1 per second',
  })
  expect(planSlices([aFunction('much', 5_000)], a100, 2)).toMatchObject({ because: '1 models need more than 2 GPUs' })
})

test('of larger GPUs slices have the memory that these have', () => {
  const h200 = { deviceModel: 'nvidia-a100', memoryBytes: 141 * gib }
  expect(planSlices([aFunction('a', 10)], h200, 1)).toMatchObject({ gpus: [[{ profile: '1g.18gb' }]] })
})
