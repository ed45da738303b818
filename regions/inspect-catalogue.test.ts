import { expect, test } from 'vitest'
import { aLayer, aLayerRegion, aPrice } from './a-layer.fixture.ts'
import { inspectCatalogue } from './inspect-catalogue.ts'
import { makeCatalogue } from './make-catalogue.ts'

const nowMs = Date.UTC(2026, 10, 22)

test('counts, and what deserves a look', () => {
  const { catalogue } = makeCatalogue([
    aLayer({
      regions: [
        aLayerRegion('aws/a', { prices: [aPrice('t4', 1), aPrice('t4', 0.4, { market: 'spot' })] }),
        aLayerRegion('aws/b', { prices: [aPrice('t4', 1.2), aPrice('t4', 1.1, { pricedOn: '2025-11-01' })] }),
        aLayerRegion('aws/c', { prices: [aPrice('t4', 7, { zone: 'c-1' }), aPrice('v100', 1, { market: 'spot' })] }),
        aLayerRegion('aws/d'),
      ],
    }),
  ])
  const { counts, oddities } = inspectCatalogue(catalogue, nowMs)
  expect(counts).toEqual({
    regions: 4,
    regionsWithoutPrice: 1,
    prices: 5,
    spotPrices: 2,
    deviceModels: 0,
    links: 0,
    oldestPrice: '2025-11-01',
    newestPrice: '2026-11-01',
  })
  expect(oddities).toEqual([
    'aws/c: t4 on-demand c-1 costs 7 USD an hour; the median of such devices is 1.1',
    'aws/b: 1 of 1 prices are more than 365 days old, the oldest of 2025-11-01',
    'aws/c: v100 has a spot price and none on demand',
  ])
})

test('an even spread is not odd', () => {
  const prices = [0.5, 1, 2, 2.4].map((usd, i) => aPrice('t4', usd, { zone: `z${i}` }))
  const { catalogue } = makeCatalogue([aLayer({ regions: [aLayerRegion('aws/a', { prices })] })])
  expect(inspectCatalogue(catalogue, nowMs).oddities).toEqual([])
})
