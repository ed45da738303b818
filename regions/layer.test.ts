import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Price } from './catalogue.ts'
import { unknownLossesPerHour } from './config.ts'
import { aLayer, aLayerRegion, aPrice as price } from './a-layer.fixture.ts'
import { makeCatalogue } from './make-catalogue.ts'
import { mergeLayers, rowKey, type Layer, type LayerRegion } from './layer.ts'

const region = (name: string, prices: readonly Price[], fields: Partial<LayerRegion> = {}): LayerRegion =>
  aLayerRegion(name, { prices, ...fields })
const layer = (id: string, fields: Partial<Layer> = {}): Layer => aLayer({ id, ...fields })
const link = (mbitPerSecond: number) => ({
  from: 'a',
  to: 'b',
  mbitPerSecond,
  roundTripMs: 10,
  egress: { kind: 'per-gb' as const, tiers: [] },
})

describe('layers', () => {
  const bundled = layer('2026-11', {
    usdPer: { CNY: 0.14 },
    regions: [
      region('a', [price('t4', 1), price('v100', 3), price('t4', 0.5, { market: 'spot', zone: 'x' })], {
        coordinates: { latitude: 1, longitude: 2 },
        storageUsdPerGbMonth: 0.02,
      }),
      region('b', [price('t4', 1)]),
    ],
    links: [link(100)],
    deviceModels: [{ name: 't4', relativeSpeed: 1, memoryGib: 16 }],
  })

  test('how often spot is taken back is known below, for the same machine first', () => {
    const known = (instanceType: string, zone: string, lossesPerHour: number): Price =>
      price('t4', 0.2, { market: 'spot', instanceType, zone, lossesPerHour })
    const below = layer('below', {
      regions: [region('a', [known('m', 'x', 0.3), known('m', '', 0.1), known('n', '', 0.5)])],
    })
    const asked = (instanceType: string, zone: string, deviceModel = 't4', market: Price['market'] = 'spot') => ({
      ...price(deviceModel, 0.1, { market, instanceType, zone }),
      lossesPerHour: null,
    })
    const rows = [asked('m', 'x'), asked('m', 'y'), asked('o', 'y'), asked('m', 'y', 'v100')]
    const above = layer('above', {
      regions: [{ ...region('a', []), prices: [...rows, asked('m', '', 't4', 'on-demand')], complete: ['spot'] }],
    })
    const merged = mergeLayers([below, above]).catalogue.regions[0]!.prices
    expect(merged.map((row) => [rowKey(row), row.lossesPerHour])).toEqual([
      ['t4 on-demand m ', 0],
      ['t4 spot m x', 0.3],
      ['t4 spot m y', 0.3],
      ['t4 spot o y', 0.5],
      ['v100 spot m y', unknownLossesPerHour],
    ])
  })

  test('a row replaces the same row below, and leaves the others', () => {
    const merged = mergeLayers([bundled, layer('mine', { regions: [region('a', [price('t4', 0.9)])] })]).catalogue
    expect(merged.regions.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(merged.regions[0]!.prices.map((row) => [row.deviceModel, row.market, row.usdPerUnitHour])).toEqual([
      ['t4', 'on-demand', 0.9],
      ['t4', 'spot', 0.5],
      ['v100', 'on-demand', 3],
    ])
    expect(merged.regions[0]).toMatchObject({ coordinates: { latitude: 1 }, storageUsdPerGbMonth: 0.02 })
  })

  test('where a layer knows all prices of a market, nothing else of it is left', () => {
    const fetched = layer('aws', {
      fetchedAtMs: Date.UTC(2026, 10, 22, 9),
      regions: [region('a', [price('a10g', 1.2)], { complete: ['on-demand'] })],
    })
    const merged = mergeLayers([bundled, fetched]).catalogue
    expect(merged.regions[0]!.prices.map((row) => `${row.deviceModel} ${row.market}`)).toEqual([
      'a10g on-demand',
      't4 spot',
    ])
    expect(merged.version).toBe('2026-11+aws.2026-11-22')
  })

  test('links, device models and rates of exchange are those of the last layer that has them', () => {
    const mine = layer('mine', {
      usdPer: { CNY: 0.15 },
      links: [link(7)],
      deviceModels: [
        { name: 'l4', relativeSpeed: 2 },
        { name: 't4', relativeSpeed: 3 },
      ],
    })
    const merged = mergeLayers([bundled, mine]).catalogue
    expect(merged).toMatchObject({ usdPer: { USD: 1, CNY: 0.15 }, links: [{ mbitPerSecond: 7 }] })
    // Who says another speed says nothing of the memory.
    expect(merged.deviceModels).toEqual([
      { name: 'l4', relativeSpeed: 2 },
      { name: 't4', relativeSpeed: 3, memoryGib: 16 },
    ])
    const larger = layer('larger', { deviceModels: [{ name: 't4', relativeSpeed: 3, memoryGib: 24 }] })
    expect(mergeLayers([bundled, mine, larger]).catalogue.deviceModels[1]).toMatchObject({ memoryGib: 24 })
  })

  test('a pair has the price of the rule that fits it most closely, and the default link where it was not measured', () => {
    const usd = (usdPerGb: number) => ({ kind: 'per-gb' as const, tiers: [{ upToGb: null, usdPerGb }] })
    const rule = (from: string, to: string, usdPerGb: number) => ({ from, to, egress: usd(usdPerGb) })
    const made = mergeLayers([
      layer('x', {
        regions: ['aws/a', 'aws/b', 'gcp/c'].map((name) => region(name, [])),
        links: [{ from: 'aws/a', to: 'gcp/c', mbitPerSecond: 700, roundTripMs: 5, egress: null }],
        egress: [rule('*', '*', 9), rule('aws/*', '*', 5), rule('aws/*', 'aws/*', 2), rule('aws/a', '*', 1)],
        defaultLink: { mbitPerSecond: 100, roundTripMs: 200 },
      }),
    ])
    expect(made.unknownPairs).toEqual([])
    const shown = made.catalogue.links.map(({ from, to, mbitPerSecond, egress }) => {
      return [from, to, mbitPerSecond, egress.kind === 'per-gb' ? egress.tiers[0]!.usdPerGb : null]
    })
    expect(shown).toEqual([
      ['aws/a', 'aws/b', 100, 1],
      ['aws/a', 'gcp/c', 700, 1],
      ['aws/b', 'aws/a', 100, 2],
      ['aws/b', 'gcp/c', 100, 5],
      ['gcp/c', 'aws/a', 100, 9],
      ['gcp/c', 'aws/b', 100, 9],
    ])
  })

  test('a pair of which nothing is known is left out, and told', () => {
    expect(mergeLayers([bundled]).unknownPairs).toEqual([{ from: 'b', to: 'a', lacks: 'link' }])
  })
})

describe('whatever the layers are', () => {
  const someLayer = fc
    .record({
      id: fc.constantFrom('x', 'y', 'z'),
      names: fc.uniqueArray(fc.constantFrom('aws/a', 'aws/b', 'gcp/c', 'onprem/d')),
      usd: fc.integer({ min: 0, max: 9 }),
      mbitPerSecond: fc.integer({ min: 1, max: 9 }),
      hasDefault: fc.boolean(),
      egress: fc.constantFrom('*', 'aws/*', 'aws/a'),
    })
    .map(({ id, names, usd, mbitPerSecond, hasDefault, egress }) =>
      layer(id, {
        usdPer: { CNY: usd + 1 },
        regions: names.map((name) => region(name, [price('cpu', usd), price('t4', usd + 1, { zone: 'z' })])),
        links: names.slice(1).map((to) => ({ from: names[0]!, to, mbitPerSecond, roundTripMs: 1, egress: null })),
        egress: [{ from: egress, to: '*', egress: { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb: usd }] } }],
        defaultLink: hasDefault ? { mbitPerSecond, roundTripMs: 9 } : null,
        deviceModels: [{ name: 'cpu', relativeSpeed: usd + 1 }],
      }),
    )
  const some = fc.array(someLayer, { minLength: 1, maxLength: 4 })

  test('every pair of regions has a link or is told, never both', () => {
    fc.assert(
      fc.property(some, (layers) => {
        const { catalogue, unknownPairs } = mergeLayers(layers)
        const pairs = [...catalogue.links, ...unknownPairs].map(({ from, to }) => `${from} ${to}`)
        const names = catalogue.regions.map(({ name }) => name)
        const every = names.flatMap((from) => names.filter((to) => to !== from).map((to) => `${from} ${to}`))
        expect(pairs.sort()).toEqual(every.sort())
      }),
    )
  })

  test('a layer that says it all again changes nothing but the version', () => {
    fc.assert(
      fc.property(some, (layers) => {
        const once = mergeLayers(layers).catalogue
        const twice = mergeLayers([...layers, layers.at(-1)!]).catalogue
        expect({ ...twice, version: '' }).toEqual({ ...once, version: '' })
      }),
    )
  })

  test('the order of rows within a layer does not change the hash', () => {
    fc.assert(
      fc.property(some, (layers) => {
        const turned = layers.map((each) => ({
          ...each,
          regions: each.regions.map((one) => ({ ...one, prices: one.prices.toReversed() })).reverse(),
          links: each.links.toReversed(),
        }))
        expect(makeCatalogue(turned).catalogue.hash).toBe(makeCatalogue(layers).catalogue.hash)
      }),
    )
  })
})

test('a rate has its day from the layer that it is from', () => {
  const dated = layer('old', { usdPer: { CNY: 0.14, EUR: 1.1 }, ratesOn: { CNY: '2026-11-01', EUR: '2026-10-01' } })
  const { usdPer, ratesOn } = makeCatalogue([dated, layer('new', { usdPer: { CNY: 0.15 } })]).catalogue
  expect(usdPer).toEqual({ USD: 1, CNY: 0.15, EUR: 1.1 })
  expect(ratesOn).toEqual({ EUR: '2026-10-01' })
  expect(makeCatalogue([layer('none')]).catalogue.ratesOn).toBeUndefined()
})
