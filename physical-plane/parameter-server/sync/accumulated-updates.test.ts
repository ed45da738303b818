import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { codecNames } from '#proto/sync/settings.ts'
import { aGroup, aLayout, aTensor } from '../replica/a-layout.ts'
import { aSide, receive, seal, step, type Side } from './side.fixture.ts'

const layoutOf = (length: number, momentum = 0) => aLayout([aTensor({ shape: [length] })], [aGroup({ momentum })])

/** What a replica has that the others were not told. */
function untoldOf(side: Side, parameters: readonly number[]): number[] {
  const given = Float32Array.from(parameters)
  side.strategy.rebase(given, [])
  return Array.from(side.replica.values, (value, i) => value - parameters[i]!)
}

describe('sums of gradients', () => {
  test('of steps at different rates arrive as what they did at the sender', async () => {
    const a = aSide({ strategy: 'asgd-ga', interval: 4 }, layoutOf(1), [0])
    const b = aSide({ strategy: 'asgd-ga', interval: 4 }, layoutOf(1), [0], { region: 'b' })
    for (const [gradient, rate] of [
      [4, 0],
      [2, 0.5],
      [8, 0.25],
      [16, 0],
    ] as const) {
      expect(a.strategy.isDue(false)).toBe(false)
      step(a, [gradient], rate)
    }
    expect(a.strategy.isDue(false)).toBe(true)
    await receive(b, await seal(a))
    expect(b.replica.values[0]).toBe(-3)
    expect(b.replica.values).toEqual(a.replica.values)
  })

  test('in mode mean count with the share of the region, there and here', async () => {
    const given: GivenSync = { strategy: 'asgd-ga', mode: 'mean', interval: 1 }
    const a = aSide(given, layoutOf(1), [0], { dataShare: 0.25 })
    const b = aSide(given, layoutOf(1), [0], { region: 'b', dataShare: 0.75 })
    step(a, [8])
    await receive(b, await seal(a))
    expect([a.replica.values[0], b.replica.values[0]]).toEqual([-1, -1])
  })

  test('say what they were made from: the sender, when its first step of the sum was made', async () => {
    const a = aSide({ strategy: 'asgd-ga', interval: 2 }, layoutOf(1), [0])
    a.versions['b'] = 3
    step(a, [1])
    a.versions['b'] = 9
    step(a, [1])
    expect((await seal(a)).header).toMatchObject({ basis: { b: 3 }, steps: 2, samples: 2, round: 1 })
  })

  test('that are too stale are dropped by name, and move nothing', async () => {
    const given: GivenSync = { strategy: 'asgd-ga', interval: 1, stalenessMax: 2 }
    const [a, b] = [aSide(given, layoutOf(1), [0]), aSide(given, layoutOf(1), [0], { region: 'b' })]
    step(b, [4])
    const late = await seal(b)
    for (let i = 0; i < 3; i++) step(a, [0])
    await receive(a, late)
    expect([a.dropped, a.replica.values[0]]).toEqual([[{ region: 'b', stalenessSteps: 3 }], 0])
  })
})

describe('whatever a codec leaves out', () => {
  const kinds = ['asgd-ga', 'asp'] as const
  const cases = kinds
    .flatMap((strategy) => codecNames.map((codec) => ({ strategy, codec })))
    .filter(({ strategy, codec }) => (strategy === 'asp' ? codec === 'fp32' : codec !== 'sparse-loco'))
  const anyGradients = fc.array(fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 6, maxLength: 6 }), {
    minLength: 1,
    maxLength: 12,
  })

  test.each(cases)(
    '$strategy in $codec: what was told and what is untold are the steps (I9)',
    async ({ strategy, codec }) => {
      await fc.assert(
        fc.asyncProperty(anyGradients, fc.constantFrom(0, 0.5), async (gradients, momentum) => {
          const given: GivenSync =
            strategy === 'asp' ? { strategy, interval: 2 } : { strategy, interval: 2, codec, density: 0.3 }
          const start = [1, 2, 3, -1, -2, -3]
          const layout = layoutOf(6, momentum)
          const a = aSide(given, layout, start)
          const b = aSide(given, layout, start, { region: 'b' })
          let seq = 0
          for (const gradient of gradients) {
            step(a, gradient, 0.125)
            if (a.strategy.isDue(false)) await receive(b, await seal(a, ++seq))
          }
          const moved = Array.from(a.replica.values)
          const untold = untoldOf(a, Array.from(b.replica.values))
          for (const [i, value] of moved.entries()) expect(b.replica.values[i]! + untold[i]!).toBeCloseTo(value, 3)
        }),
        { numRuns: 25 },
      )
    },
  )
})

describe('a saved and restored strategy', () => {
  test.each<[string, GivenSync, number]>([
    ['of gradient sums with delay compensation', { strategy: 'asgd-ga', interval: 4, delayCompensation: 0.25 }, 0],
    ['of gradient sums in top-k', { strategy: 'asgd-ga', interval: 4, codec: 'top-k', density: 0.5 }, 0],
    ['of changes in int8', { strategy: 'asgd-ga', interval: 4, codec: 'int8' }, 0.5],
    ['of significant changes', { strategy: 'asp', interval: 4 }, 0],
  ])('%s goes on as if nothing had happened', async (_, given, momentum) => {
    const layout = layoutOf(2, momentum)
    const [a, again, b] = [
      aSide(given, layout, [1, 2]),
      aSide(given, layout, [1, 2]),
      aSide(given, layout, [1, 2], { region: 'b' }),
    ]
    step(b, [2, 1])
    const heard = await seal(b)
    step(a, [4, 1])
    await seal(a, 1)
    await receive(a, heard)
    step(a, [0.25, 7])
    again.replica.values.set(a.replica.values)
    for (const [i, { values }] of again.replica.optimiserState.entries())
      values.set(a.replica.optimiserState[i]!.values)
    const { state, vectors } = a.strategy.save()
    const copies = Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, values.slice()]))
    again.strategy.restore({ state: JSON.parse(JSON.stringify(state)) as unknown, vectors: copies })
    again.versions['b'] = 1
    step(b, [1, 1])
    const next = await seal(b, 2)
    for (const side of [a, again]) {
      step(side, [1, 1])
      await receive(side, next)
    }
    expect(again.replica.values).toEqual(a.replica.values)
    expect(await seal(again, 2)).toEqual(await seal(a, 2))
  })
})

test('what diverged is not told, and its tensor is named', async () => {
  const layout = aLayout([aTensor({ shape: [2], name: 'first' }), aTensor({ shape: [2], name: 'second' })])
  const a = aSide({ strategy: 'asgd' }, layout, [0, 0, 0, 0])
  step(a, [1, 1, 1, Number.POSITIVE_INFINITY])
  await expect(a.strategy.prepare(false)).rejects.toMatchObject({
    reason: 'DIVERGED',
    message: expect.stringContaining('tensor second'),
  })
})
