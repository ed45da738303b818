// A hundred histories of the whole system; those of rounds alone are many more. A seed that once failed stays in the list for ever, with what it found.
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { briefRun } from './options.ts'
import { simulate } from './simulate.ts'

const seedsPerFile = 50

/**
 * What they found, when they did: the weight of a last round (22), samples of a lost disk in the rounds but unused (1),
 * two hubs in one term (3), a shelf that lost content lying there twice (20), an old snapshot (47), one with steps that
 * were told later (74), final models with what an encoding left over (125, 188), a finished job whose evaluator is gone
 * (144), a first plan with other fragments than all the others (83), a snapshot without its taker's own updates (145), one that is taken for ever (221).
 */
const onceFailed = [1, 3, 20, 22, 47, 74, 83, 125, 144, 145, 188, 221]

export function seedTests(remainder: 0 | 1): void {
  describe('every job ends well, nothing is used, applied or billed twice', () => {
    const first = Array.from({ length: seedsPerFile }, (_, index) => 2 * index + remainder)
    const seeds = [...new Set([...first, ...onceFailed.filter((seed) => seed % 2 === remainder)])]
    test.each(seeds)('seed %i', { timeout: 120_000 }, async (seed) => {
      const catalogue = await loadCatalogue()
      const { jobs, succeeded, cancelled } = await simulate({ ...briefRun, seed }, catalogue)
      expect(succeeded + cancelled).toBe(jobs)
    })
  })
}
