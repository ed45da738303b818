// I13 in the long run: push-sum brings every region to the mean that it keeps, and what it is used instead of does not
// keep one. That it keeps sum and mass at every moment is in push-sum.test.ts.
import { describe, expect, test } from 'vitest'
import { seededRandom, type Random } from '#runtime/random.ts'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { aSide, receive, seal, step, type Sealed, type Side } from '../side.fixture.ts'

const names = ['a', 'b', 'c', 'd', 'e'] as const
const shares = [0.4, 0.3, 0.15, 0.1, 0.05]
const given = { strategy: 'model-averaging', mode: 'asynchronous', interval: 1 } as const

function someSides(starts: readonly number[]): readonly Side[] {
  const layout = aLayout([aTensor({ shape: [1] })])
  return names.map((region, i) => aSide(given, layout, [starts[i]!], { region, members: names, dataShare: shares[i]! }))
}

/** Exchanges between sides that make no steps of their own, over a network that delays and reorders; all arrives. */
async function gossip(sides: readonly Side[], exchanges: number, random: Random): Promise<void> {
  const underWay: Sealed[] = []
  const arrive = async (sealed: Sealed): Promise<void> => {
    for (const side of sides) if (side.region !== sealed.header.region) await receive(side, sealed)
  }
  for (let i = 1; i <= exchanges; i++) {
    const from = sides[random.integer(sides.length)]!
    step(from, [0])
    if (from.strategy.isDue(false)) underWay.push(await seal(from, i))
    while (underWay.length > 0 && random.next() < 0.7)
      await arrive(underWay.splice(random.integer(underWay.length), 1)[0]!)
  }
  for (const sealed of underWay) await arrive(sealed)
}

const massOf = (sides: readonly Side[]): number => sides.reduce((sum, { strategy }) => sum + strategy.finalMass, 0)

describe('I13: gossip that keeps the mean', () => {
  test('push-sum brings every region to the mean weighted by data', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandom(seed)
      const starts = names.map(() => 2 * random.next() - 1)
      const sides = someSides(starts)
      await gossip(sides, 400, random)
      const mean = starts.reduce((sum, value, i) => sum + value * shares[i]!, 0)
      expect(Math.abs(massOf(sides) - 1)).toBeLessThan(1e-12)
      // Models are float32, and each exchange rounds.
      for (const { replica } of sides) expect(Math.abs(replica.values[0]! - mean)).toBeLessThan(1e-5)
    }
  })

  test('a snapshot that a region takes over changes no mass, and all come to one mean again', async () => {
    const random = seededRandom(4)
    const sides = someSides([1, -1, 0.5, 0.25, -0.75])
    await gossip(sides, 20, random)
    const [giver, taker] = [sides[0]!, sides[3]!]
    const snapshot = giver.replica.values.slice()
    giver.strategy.takeUntoldFrom(snapshot)
    taker.strategy.rebase(snapshot, [])
    expect(taker.replica.values[0]).toBe(giver.replica.values[0])
    const mean = sides.reduce((sum, { replica, strategy }) => sum + replica.values[0]! * strategy.finalMass, 0)
    expect(Math.abs(massOf(sides) - 1)).toBeLessThan(1e-12)
    await gossip(sides, 400, random)
    for (const { replica } of sides) expect(Math.abs(replica.values[0]! - mean)).toBeLessThan(1e-5)
  })

  test('one-sided mixing, which no strategy here does and this is a toy of, does not', () => {
    const drifts = Array.from({ length: 20 }, (_, seed) => {
      const random = seededRandom(seed)
      const models = names.map(() => 2 * random.next() - 1)
      const sum = models.reduce((total, model) => total + model, 0)
      for (let i = 0; i < 400; i++) {
        const to = random.integer(models.length)
        const from = (to + 1 + random.integer(models.length - 1)) % models.length
        models[to] = (models[to]! + models[from]!) / 2
      }
      return Math.abs(models.reduce((total, model) => total + model, 0) - sum) / models.length
    })
    expect(drifts.filter((drift) => drift > 1e-3).length).toBeGreaterThan(15)
    expect(Math.max(...drifts)).toBeGreaterThan(0.2)
  })
})
