// Histories in which plans change while jobs run.
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { elasticRun } from './options.ts'
import { simulate } from './simulate.ts'

const seeds = Array.from({ length: 16 }, (_, seed) => seed)

describe('every job ends well whatever becomes of its plan, nothing is used, applied or billed twice', () => {
  test.each(seeds)('seed %i', { timeout: 120_000 }, async (seed) => {
    const { jobs, succeeded, cancelled } = await simulate({ ...elasticRun, seed }, await loadCatalogue())
    expect(succeeded + cancelled).toBe(jobs)
  })
})
