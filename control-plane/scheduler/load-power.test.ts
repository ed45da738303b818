// The matching's invariants on random instances, a brute force beside it, and the published-range table.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainClass } from '#control-plane/model/device-class.ts'
import { coverCheaply } from './cover-cheaply.ts'
import { matchLoadPower } from './load-power.ts'
import { throughputOf, type Choice, type DeviceOffer, type RegionOffer } from './policy.ts'
import { everyUnit, takeEverything } from './use-everything.ts'

function aDevice(
  deviceModel: string,
  offer: Pick<DeviceOffer, 'unitsFree' | 'samplesPerSecondPerUnit' | 'usdPerUnitHour'>,
): DeviceOffer {
  return { ...plainClass(deviceModel), key: deviceModel, lossesPerHour: 0, ...offer }
}

const isAtLeast = (value: number, bound: number): boolean => value >= bound * (1 - 1e-8)

function cost(offer: RegionOffer, units: ReadonlyMap<string, number>): number {
  return offer.devices.reduce((sum, { key, usdPerUnitHour }) => sum + (units.get(key) ?? 0) * usdPerUnitHour, 0)
}

function loadPowers(regions: readonly RegionOffer[], choices: readonly Choice[]): readonly number[] {
  return regions.map((offer, i) => throughputOf(offer, choices[i]!.units) / offer.samples)
}

const totalCost = (regions: readonly RegionOffer[], choices: readonly Choice[]): number =>
  regions.reduce((sum, offer, i) => sum + cost(offer, choices[i]!.units), 0)

function someRegions(limits: { regions: number; units: number; models: number }): fc.Arbitrary<readonly RegionOffer[]> {
  const device = fc.record({
    unitsFree: fc.integer({ min: 1, max: limits.units }),
    samplesPerSecondPerUnit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0.1, max: 50, noNaN: true })),
    // Few distinct prices, so that ties happen; 0 is a machine that is paid for anyway.
    usdPerUnitHour: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0.01, max: 5, noNaN: true })),
  })
  const region = fc.record({
    samples: fc.integer({ min: 1, max: 1000 }),
    devices: fc.array(device, { minLength: 1, maxLength: limits.models }),
    limit: fc.option(fc.integer({ min: 1, max: limits.units }), { nil: undefined }),
  })
  return fc.array(region, { minLength: 1, maxLength: limits.regions }).map((regions) =>
    regions.map(({ samples, devices, limit }, r): RegionOffer => {
      const free = devices.reduce((sum, { unitsFree }) => sum + unitsFree, 0)
      const named = devices.map((each, d) => aDevice(`model-${d}`, each))
      return { region: `region-${r}`, samples, unitsMax: Math.min(free, limit ?? free), devices: named }
    }),
  )
}

const regionSets = someRegions({ regions: 4, units: 12, models: 3 })

describe('what must hold for every instance', () => {
  test('the epoch takes as long as with everything', () => {
    fc.assert(
      fc.property(regionSets, (regions) => {
        const matched = Math.min(...loadPowers(regions, matchLoadPower(regions)))
        const everything = Math.min(...loadPowers(regions, regions.map(takeEverything)))
        expect(matched / everything).toBeCloseTo(1, 8)
      }),
    )
  })

  test('it costs no more than everything, and takes no more than is offered', () => {
    fc.assert(
      fc.property(regionSets, (regions) => {
        const choices = matchLoadPower(regions)
        expect(totalCost(regions, choices)).toBeLessThanOrEqual(totalCost(regions, regions.map(takeEverything)) + 1e-6)
        for (const [i, offer] of regions.entries()) {
          const counts = offer.devices.map(({ key }) => choices[i]!.units.get(key) ?? 0)
          expect(counts.every((count, d) => count >= 0 && count <= offer.devices[d]!.unitsFree)).toBe(true)
          const sum = counts.reduce((a, b) => a + b, 0)
          expect(sum).toBeGreaterThanOrEqual(1)
          expect(sum).toBeLessThanOrEqual(offer.unitsMax)
        }
      }),
    )
  })

  test('no unit can be taken away', () => {
    fc.assert(
      fc.property(regionSets, (regions) => {
        const slowest = Math.min(...loadPowers(regions, regions.map(takeEverything)))
        for (const [i, { units }] of matchLoadPower(regions).entries()) {
          const offer = regions[i]!
          const sum = [...units.values()].reduce((a, b) => a + b, 0)
          for (const [model, count] of units) {
            const fewer = new Map(units).set(model, count - 1)
            expect(sum === 1 || !isAtLeast(throughputOf(offer, fewer) / offer.samples, slowest * (1 + 1e-7))).toBe(true)
          }
        }
      }),
    )
  })

  test('the order of the regions does not matter', () => {
    fc.assert(
      fc.property(regionSets, fc.nat(), (regions, turn) => {
        const at = turn % regions.length
        const turned = [...regions.slice(at), ...regions.slice(0, at)]
        const byRegion = (choices: readonly Choice[]): object =>
          Object.fromEntries(choices.map(({ place, units }) => [place, Object.fromEntries(units)]))
        expect(byRegion(matchLoadPower(turned))).toEqual(byRegion(matchLoadPower(regions)))
      }),
    )
  })

  test('more data everywhere changes nothing', () => {
    fc.assert(
      fc.property(regionSets, fc.constantFrom(2, 3, 7, 10, 1000), (regions, factor) => {
        const scaled = regions.map((offer) => ({ ...offer, samples: offer.samples * factor }))
        const units = (choices: readonly Choice[]): object => choices.map((choice) => [choice.rule, [...choice.units]])
        expect(units(matchLoadPower(scaled))).toEqual(units(matchLoadPower(regions)))
      }),
    )
  })
})

describe('brute force over all allocations agrees', () => {
  test('on up to 3 regions, 6 units and 2 device models', () => {
    fc.assert(
      fc.property(someRegions({ regions: 3, units: 6, models: 2 }), (regions) => {
        const slowest = Math.min(...regions.map((offer) => throughputOf(offer, everyUnit(offer)) / offer.samples))
        for (const [i, choice] of matchLoadPower(regions).entries()) {
          const offer = regions[i]!
          const fitting = allocations(offer).filter((units) =>
            isWithin(throughputOf(offer, units) / offer.samples, slowest),
          )
          const cheapest = Math.min(...fitting.map((units) => nanoCost(offer, units)))
          expect(nanoCost(offer, choice.units)).toBe(cheapest)
          const fewest = Math.min(...fitting.filter((units) => nanoCost(offer, units) === cheapest).map(countUnits))
          expect(countUnits(choice.units)).toBe(fewest)
        }
      }),
      { numRuns: 500 },
    )
  })

  // The same tolerance and the same whole nano-dollars as the search, or rounding would decide ties differently.
  const isWithin = (value: number, bound: number): boolean => value >= bound * (1 - 1e-9)
  const countUnits = (units: ReadonlyMap<string, number>): number => [...units.values()].reduce((a, b) => a + b, 0)
  const nanoCost = (offer: RegionOffer, units: ReadonlyMap<string, number>): number =>
    offer.devices.reduce((sum, d) => sum + (units.get(d.key) ?? 0) * Math.round(d.usdPerUnitHour * 1e9), 0)

  function allocations(offer: RegionOffer): readonly ReadonlyMap<string, number>[] {
    let all: readonly (readonly number[])[] = [[]]
    for (const { unitsFree } of offer.devices) {
      all = all.flatMap((counts) => Array.from({ length: unitsFree + 1 }, (_, n) => [...counts, n]))
    }
    return all
      .filter((counts) => counts.some((n) => n > 0) && counts.reduce((a, b) => a + b, 0) <= offer.unitsMax)
      .map((counts) => new Map(offer.devices.map(({ key }, d) => [key, counts[d]!])))
  }
})

describe('two regions of 12 equal cores each', () => {
  const region = (name: string, samples: number, speed: number): RegionOffer => ({
    region: name,
    samples,
    unitsMax: 12,
    devices: [aDevice('cpu', { unitsFree: 12, samplesPerSecondPerUnit: speed, usdPerUnitHour: 1 })],
  })
  test.each([
    ['data 2:1', 2, 1, 1, 6, 25.0],
    ['data 3:2', 3, 2, 1, 8, 16.7],
    ['data 1:1, the second 20 % faster', 1, 1, 1.2, 10, 8.3],
    ['data 3:2, the second 20 % faster', 3, 2, 1.2, 7, 20.8],
  ])('%s', (_, dataA, dataB, speedB, coresB, savingPercent) => {
    const regions = [region('a', dataA * 1000, 1), region('b', dataB * 1000, speedB)]
    const choices = matchLoadPower(regions)
    expect(choices.map(({ units }) => units.get('cpu'))).toEqual([12, coresB])
    const saving = 1 - totalCost(regions, choices) / totalCost(regions, regions.map(takeEverything))
    expect(100 * saving).toBeCloseTo(savingPercent, 1)
  })

  test('the straggler is named, ties go to the lower name', () => {
    const choices = matchLoadPower([region('a', 10, 1), region('b', 10, 1)])
    expect(choices.map(({ rule }) => rule)).toEqual(['bounds-the-epoch', 'matched-load-power'])
    expect(choices[1]!.text).toBe(
      'b takes 12 of 12 cpu: load power 1.2 epochs/s keeps up with 1.2 of a, which bounds the epoch',
    )
  })
})

describe('several device models in a region', () => {
  const device = (model: string, unitsFree: number, samplesPerSecondPerUnit: number, usdPerUnitHour: number) =>
    aDevice(model, { unitsFree, samplesPerSecondPerUnit, usdPerUnitHour })
  const offer = (...devices: readonly ReturnType<typeof device>[]): RegionOffer => ({
    region: 'a',
    samples: 1,
    unitsMax: devices.reduce((sum, { unitsFree }) => sum + unitsFree, 0),
    devices,
  })

  test('a greedy choice by value would pay more', () => {
    // The best value is the big one, but two of it overshoot: one big and two small cost 14, two big 20.
    const { units } = coverCheaply(offer(device('big', 2, 10, 10), device('small', 3, 1, 2)), 12)
    expect(Object.fromEntries(units)).toEqual({ big: 1, small: 2 })
  })

  test('equal cost takes fewer units', () => {
    const { units } = coverCheaply(offer(device('big', 2, 10, 1), device('small', 20, 1, 0.1)), 10)
    expect([...units]).toEqual([['big', 1]])
  })

  test('a limit of workers makes it take the faster ones', () => {
    const limited = { ...offer(device('big', 2, 10, 100), device('small', 20, 1, 0.1)), unitsMax: 3 }
    expect(Object.fromEntries(coverCheaply(limited, 12).units)).toEqual({ big: 1, small: 2 })
  })

  test('the search stops at its limit with units that suffice', () => {
    const models = Array.from({ length: 6 }, (_, i) => device(`m-${i}`, 40, 7 + i * 1.37, 1 + i * 0.21))
    const wide = offer(...models)
    const stopped = coverCheaply(wide, 1234.5, { nodesMax: 50, tolerance: 0 })
    expect(stopped.isExact).toBe(false)
    expect(throughputOf(wide, stopped.units)).toBeGreaterThanOrEqual(1234.5 * (1 - 1e-9))
  })

  test('a large region is solved exactly within the limit', () => {
    const { units, isExact } = coverCheaply(
      offer(device('cpu', 2000, 1, 0.0425), device('t4', 64, 100, 0.526), device('v100', 32, 281, 3.06)),
      5000.5,
    )
    expect(isExact).toBe(true)
    expect(Object.fromEntries(units)).toEqual({ cpu: 1, t4: 50 })
  })
})
