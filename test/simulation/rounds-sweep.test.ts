// The sweep proves nothing about what it never does, so this asks what its seeds do.
import { expect, test } from 'vitest'
import { strategies } from '#proto/sync/strategies.ts'
import { sweep } from './rounds-sweep.ts'

const kinds = [/crashes/, /are cut for/, /loses its disk/, /wall clock of .* jumps/]

test.each([...strategies.keys()].map((strategy, index) => ({ strategy, index })))(
  'seeds of $strategy bring every kind of fault',
  async ({ strategy, index }) => {
    const seen = new Set<RegExp>()
    for (let seed = index; seed < 20 * strategies.size && seen.size < kinds.length; seed += strategies.size) {
      const result = await sweep(seed)
      expect(result.strategy).toBe(strategy)
      for (const kind of kinds) if (result.faults.some((fault) => kind.test(fault))) seen.add(kind)
    }
    expect([...seen].map(String).sort()).toEqual(kinds.map(String).sort())
  },
)

test('the same seed gives the same history', async () => {
  expect(await sweep(1313)).toEqual(await sweep(1313))
})
