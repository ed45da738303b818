// The strategy itself over a network that delays and reorders: sum and mass of all models, those under way included.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { VectorMemory } from '../../replica/memory.ts'
import { Replica } from '../../replica/replica.ts'
import { PushSum } from '../push-sum.ts'
import type { Draft } from '../update.ts'
import { someSettings } from '../when/settings.fixture.ts'

const names = ['a', 'b', 'c'] as const
const shares = { a: 0.5, b: 0.3, c: 0.2 } as const
type Message = { readonly from: string; readonly draft: Draft }

function someRegions(starts: readonly number[]) {
  return names.map((region, r) => {
    const memory = VectorMemory.create(2 ** 20)
    const replica = Replica.create(aLayout([aTensor({ shape: [1] })]), memory)
    replica.values[0] = starts[r]!
    const context = {
      settings: someSettings({ strategy: 'model-averaging', mode: 'asynchronous', interval: 1 }),
      region,
      dataShare: shares[region],
      replica,
      memory,
      seed: 7,
      members: () => names,
      versions: () => ({}),
      dropped: () => {},
    }
    return { region, replica, strategy: new PushSum(context) }
  })
}
type Region = ReturnType<typeof someRegions>[number]

async function send({ region, strategy }: Region, underWay: Message[]): Promise<void> {
  strategy.stepped({ gradient: new Float32Array(1), learningRates: [0], samples: 1 })
  if (!strategy.isDue(false)) return
  const draft = await strategy.prepare()
  strategy.sealed()
  underWay.push({ from: region, draft })
}

function deliver(regions: readonly Region[], { from, draft }: Message): void {
  const { encoded, ...header } = draft
  const values = Float32Array.from(new Float32Array(encoded.bytes.slice().buffer))
  for (const { region, strategy } of regions) {
    if (region === from) continue
    strategy.receive({ ...header, region: from, seq: 1, payload: null, cursor: '' }, values.slice())
  }
}

function sums(
  regions: readonly Region[],
  underWay: readonly Message[],
): { readonly value: number; readonly mass: number } {
  const parts = [
    ...regions.map(({ replica, strategy }) => ({ value: replica.values[0]!, mass: strategy.finalMass })),
    ...underWay.map(({ draft }) => {
      return { value: new Float32Array(draft.encoded.bytes.slice().buffer)[0]!, mass: draft.mass }
    }),
  ]
  return {
    value: parts.reduce((sum, { value, mass }) => sum + value * mass, 0),
    mass: parts.reduce((sum, { mass }) => sum + mass, 0),
  }
}

describe('I13: asynchronous model averaging', () => {
  test('keeps the mean weighted by data, and the mass, through delays and reordering', async () => {
    const anyStarts = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(anyStarts, fc.integer(), async (starts, seed) => {
        const random = seededRandom(seed)
        const regions = someRegions(starts)
        const expected = starts.reduce((sum, value, r) => sum + value * shares[names[r]!], 0)
        const underWay: Message[] = []
        for (let i = 0; i < 60; i++) {
          await send(regions[random.integer(3)]!, underWay)
          while (underWay.length > 2 || (underWay.length > 0 && random.next() < 0.5)) {
            deliver(regions, underWay.splice(random.integer(underWay.length), 1)[0]!)
          }
          const { value, mass } = sums(regions, underWay)
          expect(Math.abs(mass - 1)).toBeLessThan(1e-12)
          // Each of the exchanges rounds to float32.
          expect(Math.abs(value - expected)).toBeLessThan(1e-5)
        }
      }),
      { numRuns: 30 },
    )
  })
})
