import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { array, assert as check, double, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instancePerSecond } from './capacity.ts'
import { fastGshare, partsFor, surplusOf } from './fast-gshare.ts'
import { anInstance, aView, live, seconds, shapeOf } from './view.fixture.ts'

type Part = { readonly at: string; readonly perSecond: number; readonly perShare: number }

const part = (smPercent: number, quota: number, perSecond: number): Part => {
  return { at: `${smPercent}%,${quota}`, perSecond, perShare: perSecond / ((smPercent / 100) * quota) }
}
// Of a ResNet on a V100, as its authors measured it.
const best = part(12, 0.4, 35.12)
const middle = part(24, 0.6, 50.7)
const whole = part(100, 1, 74.93)
const some = [whole, middle, part(12, 1, 68.64), best]

const names = (parts: readonly Part[]): readonly string[] => parts.map(({ at }) => at)

describe('a gap is filled', () => {
  test('with the most efficient part, the rest with the smallest that covers it', () => {
    expect(best.perShare).toBeCloseTo(731.7, 1)
    expect(whole.perShare).toBeCloseTo(74.9, 1)
    const three = partsFor(100, some)
    expect(names(three)).toEqual(['12%,0.4', '12%,0.4', '12%,0.4'])
    expect(three.reduce((sum, { perSecond }) => sum + perSecond, 0)).toBeCloseTo(105.36, 9)
    expect(names(partsFor(35.12, some))).toEqual(['12%,0.4'])
    expect(names(partsFor(30, some))).toEqual(['12%,0.4'])
    expect(names(partsFor(10, some))).toEqual(['12%,0.4'])
    expect(names(partsFor(0, some))).toEqual([])
    expect(partsFor(10, [])).toEqual([])
  })

  test("as on the paper's ramp, of 30 to 110 requests a second and down to 20: one to four of them", () => {
    const counts = [30, 60, 110, 20].map((rate) => partsFor(rate, some).length)
    expect(counts).toEqual([1, 2, 4, 1])
  })

  test('with the efficient part once more where none covers the rest', () => {
    const small = part(10, 0.5, 10)
    expect(names(partsFor(25, [small]))).toEqual(['10%,0.5', '10%,0.5', '10%,0.5'])
  })

  const file = join(import.meta.dirname, '../../../../shared/data/fast-gshare-v100-throughput.csv')
  // Its licence is not stated, so that it does not come with the repository.
  test.skipIf(!existsSync(file))(
    'as in the published table, in which the best part of all is none that is in time',
    () => {
      const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1)
      const all = rows.flatMap((row) => {
        const [model, sm, quota, rate] = row.split(',')
        return model === 'ResNet' ? [part(Number(sm), Number(quota), Number(rate))] : []
      })
      expect(all).toHaveLength(35)
      const mostEfficient = all.toSorted((a, b) => b.perShare - a.perShare)[0]!
      expect([mostEfficient.at, Math.round(mostEfficient.perShare)]).toEqual(['6%,0.2', 1_125])
      const isInTime = ({ at }: Part): boolean => !at.startsWith('6%') && !at.endsWith(',0.2')
      expect(names(partsFor(100, all.filter(isInTime)))).toEqual(['12%,0.4', '12%,0.4', '12%,0.4'])
    },
  )

  test.skipIf(!existsSync(file))(
    'never with a part of the published tables that does less than a smaller one, of which there are some',
    () => {
      const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1)
      const tables = Map.groupBy(
        rows.map((row) => {
          const [model, sm, quota, rate] = row.split(',')
          const share = Number(sm) * Number(quota)
          return { model: model!, share, ...part(Number(sm), Number(quota), Number(rate)) }
        }),
        ({ model }) => model,
      )
      expect([...tables.values()].map((table) => table.length)).toEqual([35, 35, 35, 35])
      const gnmt = tables.get('GNMT')!
      // The more of the multiprocessors the better, up to a point.
      const fifths = gnmt.filter(({ at }) => at.endsWith('%,0.2')).map(({ perSecond }) => perSecond)
      expect(fifths.indexOf(Math.max(...fifths))).toBe(4)
      expect(fifths.at(-1)).toBeLessThan(0.8 * Math.max(...fifths))
      // All of them cover 5.5 most closely, and half of them do more.
      const large = gnmt.filter(({ at }) => Number(at.split('%')[0]) >= 50)
      expect(names(partsFor(5.5, large))).toEqual(['50%,0.2'])
      for (const table of tables.values())
        for (let gap = 0.5; gap < 150; gap += 0.7)
          for (const chosen of partsFor(gap, table))
            expect(table.some((one) => one.share < chosen.share && one.perSecond >= chosen.perSecond)).toBe(false)
    },
  )

  test('whatever the parts, it is covered, with no part too many', () => {
    const parts = array(
      record({
        perSecond: double({ min: 0.5, max: 100, noNaN: true }),
        perShare: double({ min: 1, max: 1_000, noNaN: true }),
      }),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    check(
      property(double({ min: 0, max: 500, noNaN: true }), parts, (gap, choices) => {
        const chosen = partsFor(gap, choices)
        const covered = chosen.reduce((sum, { perSecond }) => sum + perSecond, 0)
        expect(covered).toBeGreaterThanOrEqual(gap * (1 - 1e-6))
        const withoutLast = chosen.slice(0, -1).reduce((sum, { perSecond }) => sum + perSecond, 0)
        expect(withoutLast).toBeLessThanOrEqual(gap)
      }),
    )
  })
})

describe('a surplus', () => {
  test('takes away the least efficient, until one is too large', () => {
    const running = [best, middle, whole]
    const capacity = running.reduce((sum, { perSecond }) => sum + perSecond, 0)
    expect(capacity).toBeCloseTo(160.75, 9)
    expect(names(surplusOf(capacity - 80, running))).toEqual(['100%,1'])
  })

  test('shrinks with each that goes, and never takes all', () => {
    const small = [part(10, 0.5, 10), part(20, 0.5, 10), part(30, 0.5, 10)]
    expect(names(surplusOf(25, small))).toEqual(['30%,0.5', '20%,0.5'])
    expect(names(surplusOf(1_000, small))).toEqual(['30%,0.5', '20%,0.5'])
  })
})

describe('as a policy', () => {
  test('acts on a gap of more than a fifth, with parts that meet the objective only', () => {
    const decide = (arrived: number) =>
      fastGshare.decide(aView({ history: seconds(10, { arrived }) }), fastGshare.initial).actions
    const each = instancePerSecond(aView(), anInstance())
    expect(each).toBeCloseTo(25.7, 1)
    expect(decide(each)).toEqual([])
    expect(decide(1.19 * each)).toEqual([])
    expect(decide(1.21 * each).map(({ kind }) => kind)).toEqual(['add'])
    expect(decide(3 * each).length).toBeGreaterThan(0)
    const strict = aView({ history: seconds(10, { arrived: 200 }), slo: { latencyMs: 60, percentile: 99 } })
    const added = fastGshare.decide(strict, fastGshare.initial).actions
    expect(added.length).toBeGreaterThan(0)
    for (const action of added) {
      expect(action.kind).toBe('add')
      const { shape } = action as Extract<typeof action, { kind: 'add' }>
      expect(strict.latency('v100', 1, shape)).toBeLessThanOrEqual(30)
    }
  })

  test('decides every ten seconds, and not between', () => {
    const busy = (nowMs: number) => aView({ nowMs, history: seconds(10, { arrived: 100 }) })
    const first = fastGshare.decide(busy(1_000), fastGshare.initial)
    expect(first.actions.length).toBeGreaterThan(0)
    expect(fastGshare.decide(busy(10_999), first.memory).actions).toEqual([])
    expect(fastGshare.decide(busy(11_000), first.memory).actions).toEqual(first.actions)
  })

  test('gives up as many as there are to spare in one decision, not one of none', () => {
    const instances = [1, 2, 3, 4].map((at) => anInstance({ id: `i${at}`, shape: shapeOf(300, 300) }))
    const view = aView({ instances, history: seconds(10, { arrived: 20 }) })
    const { actions } = fastGshare.decide(view, fastGshare.initial)
    expect(actions.map(({ kind }) => kind)).toEqual(['remove', 'remove', 'remove'])
  })

  test('reaches a fixed point under a constant load, with enough to answer it', () => {
    const { instances, actions } = live(
      fastGshare as never,
      Array.from({ length: 120 }, () => 150),
    )
    expect(actions.filter(({ atSecond }) => atSecond > 20)).toEqual([])
    expect(instances.length).toBeGreaterThan(1)
    const fixed = live(
      fastGshare as never,
      Array.from({ length: 60 }, () => 5),
      {
        instances: [1, 2, 3].map((at) => anInstance({ id: `i${at}`, shape: shapeOf(300, 300) })),
      },
    )
    expect(fixed.instances).toHaveLength(1)
  })
})
