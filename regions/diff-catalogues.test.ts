import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLayer, aLayerRegion, aPrice } from './a-layer.fixture.ts'
import type { Catalogue } from './catalogue.ts'
import { diffCatalogues, isSameCatalogue } from './diff-catalogues.ts'
import { makeCatalogue } from './make-catalogue.ts'

type Prices = Readonly<Record<string, number>>

function catalogueOf(regions: Readonly<Record<string, Prices>>, mbit = 100, usdPerGb = 0.09): Catalogue {
  const layer = aLayer({
    regions: Object.entries(regions).map(([name, prices]) =>
      aLayerRegion(name, { prices: Object.entries(prices).map(([model, usd]) => aPrice(model, usd)) }),
    ),
    defaultLink: { mbitPerSecond: mbit, roundTripMs: 40 },
    egress: [{ from: '*', to: '*', egress: { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb }] } }],
  })
  return makeCatalogue([layer]).catalogue
}

describe('two catalogues', () => {
  test('differ in what came, went and changed, with the share', () => {
    const diff = diffCatalogues(
      catalogueOf({ 'aws/a': { cpu: 1, t4: 2 }, 'aws/b': {} }),
      catalogueOf({ 'aws/a': { cpu: 1.5, v100: 3 }, 'aws/c': {} }, 200),
    )
    const row = { region: 'aws/a', market: 'on-demand', instanceType: '', zone: '' }
    expect(diff.prices.changed).toEqual([{ ...row, deviceModel: 'cpu', before: 1, after: 1.5, share: 0.5 }])
    expect(diff.prices.came).toEqual([{ ...row, deviceModel: 'v100', after: 3 }])
    expect(diff.prices.went).toEqual([{ ...row, deviceModel: 't4', before: 2 }])
    expect(diff.regions.came.map(({ region }) => region)).toEqual(['aws/c'])
    expect(diff.regions.went.map(({ region }) => region)).toEqual(['aws/b'])
    // Links of a region that came are no changes of links that were there.
    expect(diff.bandwidth.changed).toEqual([])
    expect(diff.bandwidth.came.map(({ from, to }) => `${from} ${to}`)).toEqual(['aws/a aws/c', 'aws/c aws/a'])
  })

  test('may differ in links and their price only', () => {
    const [slow, fast] = [
      catalogueOf({ 'aws/a': {}, 'aws/b': {} }),
      catalogueOf({ 'aws/a': {}, 'aws/b': {} }, 150, 0.1),
    ]
    const diff = diffCatalogues(slow, fast)
    expect(diff.bandwidth.changed.map(({ from, to, share }) => [from, to, share])).toEqual([
      ['aws/a', 'aws/b', 0.5],
      ['aws/b', 'aws/a', 0.5],
    ])
    expect(diff.egress.changed).toHaveLength(2)
    expect(diff.egress.changed[0]!.share).toBeNull()
    expect(diff.prices).toEqual({ came: [], went: [], changed: [] })
  })

  test('may differ in the memory of a device model only', () => {
    const of = (memory: object): Catalogue =>
      makeCatalogue([aLayer({ deviceModels: [{ name: 't4', relativeSpeed: 1, ...memory }] })]).catalogue
    const diff = diffCatalogues(of({ memoryGib: 16 }), of({ memoryGib: 24 }))
    expect(diff.deviceMemory.changed).toEqual([{ deviceModel: 't4', before: 16, after: 24, share: 0.5 }])
    expect([isSameCatalogue(diff), isSameCatalogue(diffCatalogues(of({}), of({})))]).toEqual([false, true])
    expect(diffCatalogues(of({}), of({ memoryGib: 24 })).deviceMemory.came).toEqual([{ deviceModel: 't4', after: 24 }])
  })

  test('nothing can be said of a share of zero', () => {
    const diff = diffCatalogues(catalogueOf({ 'aws/a': { cpu: 0 } }), catalogueOf({ 'aws/a': { cpu: 1 } }))
    expect(diff.prices.changed[0]!.share).toBeNull()
  })
})

describe('whatever they are', () => {
  const some = fc.dictionary(
    fc.constantFrom('aws/a', 'aws/b', 'aws/c'),
    fc.dictionary(fc.constantFrom('cpu', 't4'), fc.integer({ min: 0, max: 5 })),
  )

  test('a catalogue does not differ from itself, and equal ones have one hash', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const [before, after] = [catalogueOf(a), catalogueOf(b)]
        expect(isSameCatalogue(diffCatalogues(before, before))).toBe(true)
        expect(isSameCatalogue(diffCatalogues(before, after))).toBe(before.hash === after.hash)
      }),
    )
  })

  test('what came one way went the other way', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const there = diffCatalogues(catalogueOf(a), catalogueOf(b)).prices
        const back = diffCatalogues(catalogueOf(b), catalogueOf(a)).prices
        expect(there.came.map(({ after, ...name }) => ({ ...name, before: after }))).toEqual(back.went)
        expect(there.changed.map((row) => [row.before, row.after])).toEqual(
          back.changed.map((row) => [row.after, row.before]),
        )
      }),
    )
  })
})
