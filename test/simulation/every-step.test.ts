// A region is killed after every single event of a small job, in every role, with its disk and without: whatever the
// protocol was at, the job ends well. The sweep finds what takes several faults; this leaves no step out (I19).
import { describe, expect, test } from 'vitest'
import { strategies } from '#proto/sync/strategies.ts'
import { killAt } from './kill-at.ts'

const cases = [...strategies.keys()].flatMap((strategy) =>
  ['a/1', 'b/2'].flatMap((region) => [false, true].map((isDiskLost) => ({ strategy, region, isDiskLost }))),
)

describe('a region that is killed at any step comes back', () => {
  test.each(cases)(
    '$strategy, $region, its disk lost: $isDiskLost',
    { timeout: 300_000 },
    async ({ strategy, region, isDiskLost }) => {
      let event = 0
      while ((await killAt(strategy, { region, event, isDiskLost })) > event) event += 1
      expect(event).toBeGreaterThan(100)
    },
  )
})
