// That sum and mass are kept over a whole network is in invariants/push-sum.test.ts.
import { describe, expect, test } from 'vitest'
import { aLayout, aTensor } from '../replica/a-layout.ts'
import { aSide, receive, seal, step } from './side.fixture.ts'

const layout = aLayout([aTensor({ shape: [1] })])
const given = { strategy: 'model-averaging', mode: 'asynchronous', interval: 1 } as const

describe('push-sum', () => {
  test('who has given almost all of its mass away waits for a receipt', async () => {
    const a = aSide(given, layout, [1])
    const b = aSide(given, layout, [3], { region: 'b' })
    let times = 0
    for (; times < 50; times++) {
      step(a, [0])
      if (!a.strategy.isDue(false)) break
      await seal(a, times + 1)
    }
    expect([times, a.strategy.finalMass]).toEqual([7, 0.5 / 128])
    step(b, [0])
    await receive(a, await seal(b))
    expect(a.strategy.isDue(false)).toBe(true)
    expect(a.strategy.finalMass).toBe(0.5 / 128 + 0.25)
  })

  test('takes the mean by mass; what is for another region changes nothing', async () => {
    const members = ['a', 'b', 'c']
    const sides = members.map((region, i) => aSide(given, layout, [4 * i], { region, members }))
    const [a, b, c] = [sides[0]!, sides[1]!, sides[2]!]
    step(b, [0])
    const sent = await seal(b)
    const [target, other] = sent.header.targetRegion === 'a' ? [a, c] : [c, a]
    const before = [target.replica.values[0]!, other.replica.values[0]!] as const
    for (const side of [a, c]) await receive(side, sent)
    const mean = (before[0] / 3 + 4 / 6) / (1 / 3 + 1 / 6)
    expect(target.replica.values[0]).toBeCloseTo(mean, 6)
    expect(target.strategy.finalMass).toBeCloseTo(1 / 2, 12)
    expect([other.replica.values[0], other.strategy.finalMass]).toEqual([before[1], 1 / 3])
  })

  test('has nothing to tell at the end: the last round takes every model with its mass', () => {
    const a = aSide(given, layout, [1])
    step(a, [0])
    expect([a.strategy.isDue(false), a.strategy.isDue(true)]).toEqual([true, false])
  })

  test('a restored one goes on with its mass and its turn', async () => {
    const [a, again] = [aSide(given, layout, [1]), aSide(given, layout, [1])]
    for (const seq of [1, 2]) {
      step(a, [0])
      await seal(a, seq)
    }
    step(a, [0])
    again.strategy.restore(JSON.parse(JSON.stringify(a.strategy.save())) as ReturnType<typeof a.strategy.save>)
    expect(await seal(again, 3)).toEqual(await seal(a, 3))
  })
})
