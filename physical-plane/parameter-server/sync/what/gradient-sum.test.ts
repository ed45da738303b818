import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { codecNames } from '#proto/sync/settings.ts'
import { aGroup, aLayout, aTensor } from '../../replica/a-layout.ts'
import { aSide, receive, seal, step } from '../side.fixture.ts'

const layout = aLayout([aTensor({ shape: [4] })], [aGroup()])
const codecs = codecNames.filter((codec) => codec !== 'sparse-loco')
const lossyCodecs = codecs.filter((codec) => codec !== 'fp32')

const anyGradient = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 4, maxLength: 4 })
const anyRate = fc.constantFrom(0, 5e-7, 1e-5, 1e-3, 0.5)
const anySteps = fc.array(fc.tuple(anyGradient, anyRate), { minLength: 1, maxLength: 16 })

describe('a sum of gradients under a schedule of rates', () => {
  test.each(codecs)('in %s: what was told and what is untold are the steps (I9)', async (codec) => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const given: GivenSync = { strategy: 'asgd-ga', interval: 2, codec, density: 0.5 }
        const a = aSide(given, layout, [0, 0, 0, 0])
        const b = aSide(given, layout, [0, 0, 0, 0], { region: 'b' })
        for (const [i, [gradient, rate]] of steps.entries()) {
          step(a, gradient, rate)
          if (a.strategy.isDue(false)) await receive(b, await seal(a, i + 1))
        }
        const known = a.replica.values.slice()
        a.strategy.takeUntoldFrom(known)
        for (const [i, value] of known.entries()) expect(b.replica.values[i]).toBeCloseTo(value, 4)
      }),
      { numRuns: 40 },
    )
  })

  test.each(lossyCodecs)('in %s: after a warm-up it has the size of the gradients that are in it', async (codec) => {
    const a = aSide({ strategy: 'asgd-ga', interval: 4, codec, density: 0.5 }, layout, [0, 0, 0, 0])
    const told: { readonly rate: number; readonly largest: number }[] = []
    for (let i = 0; i < 40; i++) {
      step(a, [90, -70, 50, 110], i < 4 ? 5e-7 : 1e-3)
      if (!a.strategy.isDue(false)) continue
      const { header, bytes } = await seal(a, i + 1)
      const values = a.memory.allocate(4)
      await a.strategy.decodes(header, bytes, values)
      told.push({ rate: header.learningRates[0]!, largest: Math.max(...values.map(Math.abs)) })
      a.memory.release(values)
    }
    expect(told.map(({ rate }) => rate)).toEqual([5e-7, ...Array.from({ length: 9 }, () => 1e-3)])
    // Four gradients, and what stayed behind of as many.
    for (const { largest } of told) expect(largest).toBeLessThanOrEqual(2 * 4 * 110)
  })

  test('that warms up while it grows follows', async () => {
    const a = aSide({ strategy: 'asgd-ga', interval: 4 }, layout, [0, 0, 0, 0])
    for (const rate of [0, 0.125, 0.25, 1]) step(a, [1, 1, 1, 1], rate)
    const { header, bytes } = await seal(a)
    expect(header.learningRates).toEqual([1])
    expect([...new Float32Array(bytes.buffer)]).toEqual([1.375, 1.375, 1.375, 1.375])
  })

  test('that ends at almost nothing is not blown up', async () => {
    const a = aSide({ strategy: 'asgd-ga', interval: 1, codec: 'int4' }, layout, [0, 0, 0, 0])
    step(a, [1, 0.3, 0.2, 0.1], 0.5)
    await seal(a, 1)
    step(a, [1, 1, 1, 1], 1e-30)
    expect((await seal(a, 2)).header.learningRates).toEqual([0.5])
  })
})
