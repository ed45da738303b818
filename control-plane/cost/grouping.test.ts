import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { costDimensions, dimensionNamed, type CostDimension, type JobFacts } from '#control-plane/model/costs.ts'
import { anEntry, shuffled, someLedger } from '#test/some-ledger.ts'
import { amountsOf, cellsOf } from './amounts.ts'
import { costPoints } from './cost-points.ts'
import { groupCosts } from './group-costs.ts'

const facts = new Map(
  ['j-1', 'j-2'].map((id): [string, JobFacts] => [
    id,
    { id, name: id, owner: id === 'j-1' ? 'ada' : '', labels: { team: id }, strategy: 'auto' },
  ]),
)
const dimension: fc.Arbitrary<CostDimension> = fc.constantFrom(...costDimensions, 'label:team' as const)

function expectSame(value: number, wanted: number): void {
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(wanted), 1e-300))
}

describe('groups', () => {
  test('never change the total, whatever is asked for', () => {
    fc.assert(
      fc.property(someLedger, fc.uniqueArray(dimension, { maxLength: 3 }), (entries, by) => {
        const sum = entries.reduce((total, { amountUsd }) => total + amountUsd, 0)
        const cells = cellsOf(entries)
        const total = amountsOf(cells)
        expectSame(total.totalUsd, sum)
        expectSame(total.computeUsd + total.egressUsd + total.movementUsd + total.storageUsd, sum)
        expect(total.startUsd + total.redoUsd + total.idleUsd).toBeLessThanOrEqual(total.computeUsd * (1 + 1e-12))
        const groups = groupCosts(cells, facts, by)
        expectSame(
          groups.reduce((all, { amounts }) => all + amounts.totalUsd, 0),
          sum,
        )
        expect(groups.reduce((all, { amounts }) => all + amounts.entries, 0)).toBe(entries.length)
        expect(groups.every(({ key }) => key.length === by.length)).toBe(true)
        const shares = groups.reduce((all, { share }) => all + share, 0)
        expect(shares).toBeCloseTo(sum > 0 ? 1 : 0, 9)
      }),
    )
  })

  test('of repeated and reordered entries are the same to the last bit', () => {
    fc.assert(
      fc.property(
        someLedger.chain((entries) => fc.tuple(fc.constant(entries), shuffled(entries))),
        fc.uniqueArray(dimension, { maxLength: 3 }),
        ([entries, noisy], by) => {
          expect(groupCosts(cellsOf(noisy), facts, by)).toEqual(groupCosts(cellsOf(entries), facts, by))
        },
      ),
    )
  })

  test('by what entries hold and by what their jobs say', () => {
    const cells = cellsOf([
      anEntry({ id: '1', subject: 'cpu@spot', amountUsd: 1 }),
      anEntry({ id: '2', jobId: 'j-2', purpose: 'redo', attempt: 2, amountUsd: 2 }),
      anEntry({ id: '3', kind: 'wan-bytes', subject: 'b', purpose: 'sync', amountUsd: 4 }),
      anEntry({ id: '4', jobId: 'j-9', kind: 'storage-byte-seconds', subject: 'data', attempt: 0, amountUsd: 8 }),
    ])
    const by = (...dimensions: CostDimension[]) =>
      groupCosts(cells, facts, dimensions).map(({ key, amounts }) => [...key, amounts.totalUsd])
    expect(by('market')).toEqual([
      ['', 12],
      ['on-demand', 2],
      ['spot', 1],
    ])
    expect(by('attempt', 'label:team')).toEqual([
      ['', '', 8],
      ['1', 'j-1', 5],
      ['2', 'j-2', 2],
    ])
    expect(by('link')).toContainEqual(['a -> b', 4])
    expect(by('owner')).toEqual([
      ['', 10],
      ['ada', 5],
    ])
    expect(by()).toEqual([[15]])
    expect(dimensionNamed('label:team')).toBe('label:team')
    expect(['label:', 'colour', ''].map(dimensionNamed)).toEqual([null, null, null])
  })
})

describe('points over time', () => {
  test('end at the total, rise only, and are few', () => {
    fc.assert(
      fc.property(someLedger, dimension, (entries, by) => {
        const costs = entries.map((entry) => ({ atMs: entry.toMs, cell: cellsOf([entry])[0]! }))
        const cells = cellsOf(entries)
        const points = costPoints(costs, groupCosts(cells, facts, [by]), facts, [by])
        expect(points.length).toBeLessThanOrEqual(202)
        points.forEach((point, i) => {
          expect(point.totalUsd).toBeGreaterThanOrEqual(points[i - 1]?.totalUsd ?? 0)
          expectSame(
            point.groupUsd.reduce((sum, usd) => sum + usd, 0),
            point.totalUsd,
          )
        })
        expectSame(points.at(-1)?.totalUsd ?? 0, amountsOf(cells).totalUsd)
      }),
    )
  })
})
