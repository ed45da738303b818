// I7 to the end, through every codec and filter that leaves something out on the way: after all was told and delivered,
// every region holds the first values minus all regions' steps. The regions of a job that run through it are here, too.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { codecNames } from '#proto/sync/settings.ts'
import { seededRandom } from '#runtime/random.ts'
import { Cluster } from '../../cluster.fixture.ts'
import { aLayout } from '../../partition.fixture.ts'
import { aSide, receive, seal, step, type Sealed, type Side } from '../side.fixture.ts'

const regions = ['a', 'b', 'c'] as const
const shares = { a: 0.6, b: 0.3, c: 0.1 } as const
const initial = [1, -2, 3, 0]
const cases: readonly (GivenSync & { readonly strategy: string })[] = [
  ...codecNames
    .filter((codec) => codec !== 'sparse-loco')
    .map((codec) => ({ strategy: 'asgd-ga', interval: 2, codec, ...(codec === 'top-k' ? { density: 0.25 } : {}) })),
  { strategy: 'asp', interval: 2, significance: 0.5 },
]
const named = cases.map((given) => [`${given.strategy} ${given.codec ?? ''}`, given] as const)

const anyGradient = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 })
const anySteps = fc.array(fc.tuple(fc.constantFrom(0, 1, 2), anyGradient), { minLength: 1, maxLength: 15 })

describe('I7: what a region tells last is exact', () => {
  test.each(named)('%s: every region ends with all steps of all', async (_, given) => {
    await fc.assert(
      fc.asyncProperty(anySteps, fc.constantFrom(0, 0.5), fc.integer(), async (steps, momentum, seed) => {
        const random = seededRandom(seed)
        const layout = aLayout(4, { group: { momentum } })
        const sides = regions.map((region) =>
          aSide(given, layout, initial, { region, members: regions, dataShare: shares[region] }),
        )
        // A sender's updates arrive in their order, senders' in any.
        const underWay = new Map<Side, Sealed[]>(sides.map((side) => [side, []]))
        const moved = sides.map(() => [0, 0, 0, 0])
        const told = new Map<Side, number>()
        const tell = async (side: Side, isLast: boolean): Promise<void> => {
          const seq = (told.get(side) ?? 0) + 1
          told.set(side, seq)
          const sealed = await seal(side, seq, isLast)
          for (const other of sides) if (other !== side) underWay.get(other)!.push(sealed)
        }
        for (const [r, gradient] of steps) {
          const side = sides[r]!
          const before = side.replica.values.slice()
          step(side, gradient, 0.125)
          moved[r] = moved[r]!.map((sum, i) => sum + side.replica.values[i]! - before[i]!)
          if (side.strategy.isDue(false)) await tell(side, false)
          const late = underWay.get(sides[random.integer(3)]!)!
          if (late.length > 0)
            await receive(
              sides.find((one) => underWay.get(one) === late)!,
              late.shift()!,
            )
        }
        for (const side of sides) {
          if (side.strategy.isDue(true)) await tell(side, true)
          expect(side.strategy.isDue(true)).toBe(false)
        }
        for (const [side, updates] of underWay) for (const update of updates) await receive(side, update)
        const expected = initial.map((value, i) => value + moved.reduce((sum, move) => sum + move[i]!, 0))
        for (const { replica } of sides) {
          for (const [i, value] of expected.entries()) expect(Math.abs(replica.values[i]! - value)).toBeLessThan(1e-4)
        }
      }),
      { numRuns: 25 },
    )
  })

  test.each(named)('%s: a job ends with all steps of all regions', async (_, given) => {
    const samples = { a: 24, b: 12, c: 4 }
    const gradientAt = (region: string, position: number): number[] =>
      initial.map((value, i) => (((region.charCodeAt(0) * 7 + position * 5 + i * 3) % 11) - 4) / 8)
    const cluster = await Cluster.open({
      regions: regions.map((name) => ({ name, samples: samples[name] })),
      sync: { ...given, interval: 3 },
      layout: aLayout(4),
      initial,
      gradientOf: ({ region, position }) => gradientAt(region, position),
      learningRate: 2 ** -4,
    })
    await cluster.finish(600_000)
    const sums = regions.flatMap((region) =>
      Array.from({ length: samples[region] }, (none, position) => gradientAt(region, position)),
    )
    const expected = initial.map((value, i) => value - 2 ** -4 * sums.reduce((sum, gradient) => sum + gradient[i]!, 0))
    for (const [i, value] of cluster.agreedReplica().entries()) expect(value).toBeCloseTo(expected[i]!, 4)
  })
})
