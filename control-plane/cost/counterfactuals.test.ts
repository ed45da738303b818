import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aForecast, aPrice } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { anEntry, someLedger } from '#test/some-ledger.ts'
import type { Forecast } from '#control-plane/model/plan.ts'
import { amountsOf, cellsOf } from './amounts.ts'
import { compareJobs, counterfactual, exclusive, onDemand, type OtherWay } from './counterfactuals.ts'

const usd = fc.double({ min: 0, max: 1e4, noNaN: true })
const someForecast: fc.Arbitrary<Forecast> = fc
  .record({ seconds: usd, computeUsd: usd, egressUsd: usd, movementUsd: usd, storageUsd: usd, spotLossUsd: usd })
  .map((parts) => aForecast(parts))
const another = (own: Forecast, forecast: Forecast): OtherWay => {
  return { kind: 'forecast', name: 'single-region', isAllowed: true, region: 'b', own, forecast, text: '' }
}

describe('another way', () => {
  test('that is forecast as what was done costs exactly what it cost', () => {
    fc.assert(
      fc.property(someLedger, someForecast, usd, (entries, own, seconds) => {
        const amounts = amountsOf(cellsOf(entries))
        const same = counterfactual(another(own, own), { amounts, seconds })
        const { computeUsd, egressUsd, movementUsd, storageUsd } = amounts
        expect(same).toMatchObject({ computeUsd, egressUsd, movementUsd, storageUsd })
        expect(same.saving).toBeCloseTo(0, 9)
      }),
    )
  })

  test('carries what was measured over in the ratio of the forecasts', () => {
    const amounts = { ...amountsOf([]), computeUsd: 12, egressUsd: 3, totalUsd: 15 }
    const own = aForecast({ seconds: 100, computeUsd: 9, spotLossUsd: 1, egressUsd: 6 })
    const other = aForecast({ seconds: 200, computeUsd: 15, egressUsd: 0, movementUsd: 4, storageUsd: 1 })
    expect(counterfactual(another(own, other), { amounts, seconds: 150 })).toEqual({
      name: 'single-region',
      isKnown: true,
      isAllowed: true,
      region: 'b',
      seconds: 300,
      computeUsd: expect.closeTo(18),
      egressUsd: 0,
      movementUsd: 4,
      storageUsd: 1.5,
      totalUsd: expect.closeTo(23.5),
      saving: expect.closeTo(1 - 15 / 23.5),
      text: '',
    })
  })

  test('what is not known says why and is in no comparison', () => {
    const none = counterfactual(
      { kind: 'unknown', name: 'asgd', text: 'no size' },
      { amounts: amountsOf([]), seconds: 1 },
    )
    expect(none).toMatchObject({ isKnown: false, totalUsd: 0, text: 'no size' })
    const amounts = { ...amountsOf([]), totalUsd: 8, computeUsd: 8 }
    const own = aForecast({ seconds: 1, computeUsd: 1 })
    const twice = counterfactual(another(own, aForecast({ computeUsd: 2 })), { amounts, seconds: 1 })
    const jobs = [
      { amounts, counterfactuals: [none, twice] },
      { amounts, counterfactuals: [{ ...twice, isAllowed: false }] },
    ]
    expect(compareJobs(jobs)).toEqual([
      { name: 'single-region', jobs: 2, forbidden: 1, totalUsd: 32, actualUsd: 16, saving: 0.5 },
    ])
  })
})

describe('on demand instead of spot', () => {
  const catalogue = aCatalogue({ a: { cpu: 3.6 } })
  const index = indexCatalogue({
    ...catalogue,
    regions: [{ ...catalogue.regions[0]!, prices: [aPrice('cpu', 3.6), aPrice('cpu', 1, { market: 'spot' })] }],
  })
  const of = (...entries: Parameters<typeof anEntry>[0][]) => {
    const cells = cellsOf(entries.map((entry, i) => anEntry({ id: String(i), ...entry })))
    return onDemand(cells, index, { amounts: amountsOf(cells), seconds: 60 })
  }

  test('is the same seconds at the other price, but for what was done again', () => {
    const answer = of(
      { subject: 'cpu@spot', quantity: 1000, amountUsd: 0.3 },
      { subject: 'cpu@spot', quantity: 500, amountUsd: 0.15, purpose: 'redo' },
      { subject: 'cpu', quantity: 10, amountUsd: 0.01 },
      { kind: 'wan-bytes', subject: 'b', amountUsd: 0.5, purpose: 'sync' },
    )
    expect(answer).toMatchObject({ computeUsd: expect.closeTo(1.01) as unknown, egressUsd: 0.5, isKnown: true })
    expect(answer?.totalUsd).toBeCloseTo(1.51)
    expect(answer?.saving).toBeCloseTo(1 - 0.96 / 1.51)
  })

  test('is no question for who used no spot, and no answer where there is no such price', () => {
    expect(of({ subject: 'cpu' })).toBeNull()
    expect(of({ subject: 't4@spot' })).toMatchObject({
      isKnown: false,
      text: expect.stringContaining('t4@spot') as unknown,
    })
  })
})

describe('whole GPUs instead of shares', () => {
  const of = (...entries: Parameters<typeof anEntry>[0][]) => {
    const cells = cellsOf(entries.map((entry, i) => anEntry({ id: String(i), ...entry })))
    return exclusive(cells, { amounts: amountsOf(cells), seconds: 60 })
  }

  test('are the same GPUs for the same time, all of it paid for', () => {
    const answer = of(
      { subject: 't4', quantity: 300, leftSeconds: 700, amountUsd: 3 },
      { subject: 't4', quantity: 500, leftSeconds: 500, amountUsd: 5, purpose: 'idle' },
      { subject: 'cpu', quantity: 1000, amountUsd: 1 },
      { kind: 'wan-bytes', subject: 'b', amountUsd: 0.5, purpose: 'sync' },
    )
    expect(answer).toMatchObject({ name: 'exclusive', isKnown: true, seconds: 60, egressUsd: 0.5 })
    expect(answer?.computeUsd).toBeCloseTo(10 + 10 + 1)
    expect(answer?.saving).toBeCloseTo(1 - 9.5 / 21.5)
    expect(answer?.text).toContain('0.4 of each was used on average')
  })

  test('are no question for who had them whole', () => {
    expect(of({ subject: 't4', quantity: 300 })).toBeNull()
  })
})
