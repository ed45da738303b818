// Two thousand histories of rounds and updates under faults, in blocks, shared by two processes.
import { describe, expect, test } from 'vitest'
import { sweep } from './rounds-sweep.ts'

const blocksPerFile = 20
const seedsPerBlock = 52

export function sweepTests(remainder: 0 | 1): void {
  describe('whoever dies and whatever is lost, every region ends with one model and every sample was used once', () => {
    const blocks = Array.from({ length: blocksPerFile }, (_, index) => (2 * index + remainder) * seedsPerBlock)
    test.each(blocks)(`${seedsPerBlock} seeds from %i`, { timeout: 300_000 }, async (first) => {
      let events = 0
      for (let seed = first; seed < first + seedsPerBlock; seed++) {
        events += (await sweep(seed, { withDiskLoss: false })).events
      }
      expect(events).toBeGreaterThan(seedsPerBlock)
    })
  })
}
