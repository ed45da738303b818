import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { madeUpFunctions, recordedFunctions, sliceUsd } from './functions.ts'

const file = join(
  process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../../shared/data/profiles'),
  'parvagpu_a100_mig.csv',
)
if (!existsSync(file)) console.error(`bench/esg: skipped, no ${file} (set CLOUDLESS_PROFILES)`)

test('a slice costs its share of the GPU for as long as it is held', () => {
  expect(sliceUsd(1, 3_600_000)).toBeCloseTo(0.67, 12)
  expect(sliceUsd(7, 1_800_000)).toBeCloseTo(0.5 * 7 * 0.67, 12)
})

test.skipIf(!existsSync(file))('a job pays its part of the batches of all processes: time x slices / jobs', () => {
  const functions = recordedFunctions(file)
  expect(functions).toHaveLength(11)
  const densenet = functions.find(({ name }) => name === 'densenet121')!
  // Three processes with batches of 16 on three of seven slices.
  const [one] = densenet.configurations.filter(({ batch, slices }) => batch === 48 && slices === 3)
  expect(one!.cost).toBeCloseTo((3 * 0.67 * one!.timeMs) / 3_600_000 / 48, 15)
  for (const { configurations } of functions)
    for (const { cost, batch, slices, timeMs } of configurations)
      expect(cost / (sliceUsd(slices, timeMs) / batch)).toBeCloseTo(1, 12)
})

test('made-up functions are larger than a search may try, and quicker on more of a GPU', () => {
  for (const { configurations } of madeUpFunctions(seededRandom(1))) {
    expect(configurations.length).toBeGreaterThan(112)
    const mean = (slices: number): number => {
      const own = configurations.filter((each) => each.slices === slices)
      return own.reduce((sum, { timeMs }) => sum + timeMs, 0) / own.length
    }
    expect(mean(7)).toBeLessThan(mean(1))
  }
})
