// Rounds that are kept for those who missed them.
import { describe, expect, test } from 'vitest'
import { recentBytesMax, recentRoundsForSnapshotMax, recentRoundsMax } from './config.ts'
import { CommonState } from './common-state.ts'
import { aLaboratory } from './laboratory.fixture.ts'
import { aProposal } from './proposal.fixture.ts'

/** The rounds that are kept after `rounds` of so many bytes each, while a snapshot of `snapshotRound` is on offer. */
function kept(rounds: number, bytes: number, snapshotRound: number | null): readonly number[] {
  const { settings, parts, memory } = aLaboratory()
  const common = new CommonState({ settings, parts, regions: ['a', 'b'], memory }, null)
  let oldest = 0
  for (let round = 1; round <= rounds; round++) {
    oldest = common.committed(aProposal({ round }), snapshotRound, () => bytes)
  }
  expect(common.recent[0]!.round).toBe(oldest)
  return common.recent.map(({ round }) => round)
}

describe('rounds that are kept', () => {
  test('are the newest, in number and in bytes, and one however large it is', () => {
    expect(kept(9, 1, null)).toHaveLength(recentRoundsMax)
    expect(kept(9, recentBytesMax / 2, null)).toEqual([8, 9])
    expect(kept(9, 2 * recentBytesMax, null)).toEqual([9])
  })

  test('are all since a snapshot that somebody fetches, however large they are', () => {
    expect(kept(9, 2 * recentBytesMax, 4)).toEqual([5, 6, 7, 8, 9])
    expect(kept(9, 1, 8)).toEqual([6, 7, 8, 9])
    expect(kept(100, 2 * recentBytesMax, 4)).toHaveLength(recentRoundsForSnapshotMax)
  })
})
