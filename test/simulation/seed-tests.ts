// A few hundred histories. A seed that once failed stays in the list for ever, with what it found.
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { briefRun } from './options.ts'
import { simulate } from './simulate.ts'

const seedsPerFile = 120

export function seedTests(remainder: 0 | 1): void {
  describe('every job ends well, nothing is used, applied or billed twice', () => {
    const seeds = Array.from({ length: seedsPerFile }, (_, index) => 2 * index + remainder)
    test.each(seeds)('seed %i', { timeout: 120_000 }, async (seed) => {
      const catalogue = await loadCatalogue()
      const { jobs, succeeded, cancelled } = await simulate({ ...briefRun, seed }, catalogue)
      expect(succeeded + cancelled).toBe(jobs)
    })
  })
}
