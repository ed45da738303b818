import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aForecast, anAllocation, aPartition, aPlan, aUsage } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { LedgerEntry, Usage } from '#control-plane/model/ledger.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { costReport } from './cost-report.ts'
import { leftSeconds, priceUsage } from './price-usage.ts'

const index = indexCatalogue(aCatalogue({ a: { cpu: 0.5, t4: 2 }, b: { cpu: 1 } }))
const plan = aPlan(
  { a: 3 },
  {
    partitions: [aPartition('a', 3, { allocations: [anAllocation(3, { usdPerUnitHour: 0.36 })] })],
    forecast: aForecast({ seconds: 100, computeUsd: 3 }),
    forecastUseEverything: aForecast({ seconds: 100, computeUsd: 4 }),
    catalogVersion: 'planned',
    catalogHash: 'planned-hash',
  },
)
const entry = (part: Partial<Usage> = {}): LedgerEntry => {
  const priced = priceUsage(aUsage(part), plan, index)
  if (priced.kind === 'refused') throw new Error(priced.violations.map(({ description }) => description).join())
  return priced.entry
}
const report = (entries: readonly LedgerEntry[], of: Plan | null = plan) =>
  costReport({ jobId: 'j-1', entries, plan: of, seconds: 100, isFinal: true })

describe('a price', () => {
  test("of device seconds is the plan's, even when the catalogue has moved on", () => {
    expect(entry()).toMatchObject({ id: 'a:u-1@0', unitPriceUsd: 0.36, amountUsd: 0.01, catalogHash: 'planned-hash' })
  })

  test("of a device that the plan did not name is the catalogue's", () => {
    expect(entry({ subject: 't4', quantity: 3600 })).toMatchObject({ amountUsd: 2, catalogHash: index.catalogue.hash })
  })

  test('of device seconds of a share is that of the whole device: agents meter the part that was used', () => {
    const gpuShare = { requestMilli: 300, limitMilli: 900, memoryBytes: 0 }
    const shared = (usdPerUnitHour: number): LedgerEntry => {
      const allocation = anAllocation(3, { deviceModel: 't4', usdPerUnitHour, gpuShare })
      const of = { ...plan, partitions: [aPartition('a', 3, { allocations: [allocation] })] }
      const priced = priceUsage(aUsage({ subject: 't4', quantity: 1800 }), of, index)
      return (priced as { readonly entry: LedgerEntry }).entry
    }
    expect(shared(2 * 0.3)).toMatchObject({ unitPriceUsd: 2, unitPrice: 2, amountUsd: 1, catalogHash: 'planned-hash' })
    expect(shared(0.9)).toMatchObject({ unitPriceUsd: expect.closeTo(3) as unknown, currency: 'USD' })
  })

  test('of a share leaves the rest of the GPU to others; a whole device, a CPU and bytes leave nothing', () => {
    const share = { requestMilli: 300, limitMilli: 900, memoryBytes: 0 }
    const usage = aUsage({ subject: 't4', quantity: 3, fromMs: 1000, toMs: 11_000 })
    expect(leftSeconds(usage, share)).toEqual({ leftSeconds: 7 })
    expect(leftSeconds({ ...usage, quantity: 10 }, share)).toEqual({})
    expect(leftSeconds(usage, null)).toEqual({})
    expect(leftSeconds({ ...usage, subject: 'cpu@spot' }, share)).toEqual({})
    expect(leftSeconds({ ...usage, kind: 'wan-bytes' }, share)).toEqual({})
  })

  test("of bytes is the link's, by decimal gigabytes; inside a region it is 0", () => {
    expect(entry({ kind: 'wan-bytes', subject: 'b', quantity: 5e9 })).toMatchObject({
      unitPriceUsd: 0.1,
      amountUsd: 0.5,
    })
    expect(entry({ kind: 'wan-bytes', subject: 'a', quantity: 5e9 })).toMatchObject({ amountUsd: 0 })
  })

  test('of storage is its region’s; without one it is 0, and the use stands all the same', () => {
    const month = (365.25 * 86_400) / 12
    const stored = { kind: 'storage-byte-seconds' as const, subject: 'data', quantity: 5e9 * month }
    expect(entry(stored)).toMatchObject({ amountUsd: 0, quantity: 5e9 * month })
    const catalogue = aCatalogue({ a: { cpu: 1 } })
    const priced = { ...catalogue, regions: [{ ...catalogue.regions[0]!, storageUsdPerGbMonth: 0.02 }] }
    const kept = priceUsage(aUsage(stored), null, indexCatalogue(priced))
    expect(kept).toMatchObject({ entry: { amountUsd: expect.closeTo(0.1) as unknown, unitPriceUsd: 0.02 } })
    const nowhere = priceUsage(aUsage({ ...stored, region: 'x' }), null, index)
    expect(nowhere).toMatchObject({ kind: 'refused' })
  })

  test('of bytes goes on in the tier that its link has reached in its month', () => {
    const catalogue = aCatalogue({ a: { cpu: 0.5 }, b: { cpu: 1 } })
    const tiers = [
      { upToGb: 10, usdPerGb: 0.1 },
      { upToGb: null, usdPerGb: 0.04 },
    ]
    const links = catalogue.links.map((link) => ({ ...link, egress: { kind: 'per-gb' as const, tiers } }))
    const sent = (gigabytes: number, before: number) =>
      priceUsage(
        aUsage({ kind: 'wan-bytes', subject: 'b', quantity: gigabytes * 1e9 }),
        null,
        indexCatalogue({ ...catalogue, links }),
        before * 1e9,
      )
    expect(sent(5, 0)).toMatchObject({ entry: { amountUsd: 0.5, unitPriceUsd: 0.1 } })
    expect(sent(5, 8)).toMatchObject({ entry: { amountUsd: expect.closeTo(0.32) as unknown } })
    expect(sent(5, 8)).toMatchObject({ entry: { unitPriceUsd: expect.closeTo(0.064) as unknown } })
    expect(sent(5, 50)).toMatchObject({ entry: { amountUsd: expect.closeTo(0.2) as unknown } })
  })

  test.each<[string, Partial<Usage>, string]>([
    ['usage.quantity', { quantity: -1 }, '-1'],
    ['usage.quantity', { quantity: Number.NaN }, 'NaN'],
    ['usage.toMs', { fromMs: 5, toMs: 4 }, 'before fromMs 5'],
    ['usage.toMs', { toMs: Number.NaN }, 'NaN'],
    ['usage.id', { id: '' }, 'is empty'],
    ['usage.subject', { subject: 'tpu' }, 'device tpu in a has no price in catalogue test'],
    ['usage.subject', { kind: 'wan-bytes', subject: 'x' }, 'link to x from a has no price'],
  ])('is refused for a wrong %s %#', (field, part, text) => {
    expect(priceUsage(aUsage(part), plan, index)).toMatchObject({
      kind: 'refused',
      violations: [{ field, description: expect.stringContaining(text) as unknown }],
    })
  })
})

describe('the report', () => {
  test('by region and link, against the forecast and use-everything', () => {
    const entries = [
      entry({ id: '1', quantity: 1000 }),
      entry({ id: '2', quantity: 500 }),
      entry({ id: '3', region: 'b', quantity: 3600 }),
      entry({ id: '4', kind: 'wan-bytes', subject: 'b', quantity: 2e9 }),
      entry({ id: '5', kind: 'wan-bytes', subject: 'b', quantity: 1e9 }),
      entry({ id: '6', region: 'b', kind: 'wan-bytes', subject: 'a', quantity: 1e9 }),
    ]
    const result = report(entries)
    expect(result.regions).toEqual([
      {
        region: 'a',
        deviceSeconds: 1500,
        computeUsd: expect.closeTo(0.15),
        wanBytesSent: 3e9,
        egressUsd: expect.closeTo(0.3),
        storageUsd: 0,
        totalUsd: expect.closeTo(0.45),
      },
      {
        region: 'b',
        deviceSeconds: 3600,
        computeUsd: 1,
        wanBytesSent: 1e9,
        egressUsd: 0.1,
        storageUsd: 0,
        totalUsd: 1.1,
      },
    ])
    expect(result.links).toEqual([
      { fromRegion: 'a', toRegion: 'b', bytes: 3e9, usdPerGb: 0.1, egressUsd: expect.closeTo(0.3) },
      { fromRegion: 'b', toRegion: 'a', bytes: 1e9, usdPerGb: 0.1, egressUsd: 0.1 },
    ])
    expect(result.totalUsd).toBeCloseTo(1.55)
    // Everything costs 4/3 an hour of the plan, for as long as the plan's own units were held, and the same egress.
    expect(result.useEverythingUsd).toBeCloseTo((1.15 * 4) / 3 + 0.4)
    expect(result.saving).toBeCloseTo(1 - 1.55 / ((1.15 * 4) / 3 + 0.4))
    expect(result).toMatchObject({
      catalogVersion: 'planned',
      catalogHash: 'planned-hash',
      seconds: 100,
      isFinal: true,
    })
  })

  test('a run of the use-everything plan saves exactly nothing', () => {
    const everything = { ...plan, forecast: plan.forecastUseEverything }
    expect(report([entry({ quantity: 77 })], everything).saving).toBe(0)
  })

  test('nothing metered, no plan, free devices: no NaN', () => {
    expect(report([], null)).toMatchObject({ totalUsd: 0, useEverythingUsd: 0, saving: 0, regions: [], links: [] })
    const free = {
      ...plan,
      forecast: aForecast({ seconds: 100, computeUsd: 0 }),
      forecastUseEverything: aForecast({ seconds: 100, computeUsd: 0 }),
    }
    expect(report([], free)).toMatchObject({ useEverythingUsd: 0, saving: 0 })
  })
})

const someEntries = fc
  .array(
    fc.record({
      id: fc.integer({ min: 0, max: 30 }).map(String),
      region: fc.constantFrom('a', 'b'),
      kind: fc.constantFrom<Usage['kind']>('device-seconds', 'wan-bytes'),
      quantity: fc.double({ min: 0, max: 1e9, noNaN: true }),
    }),
    { maxLength: 40 },
  )
  .map((list) =>
    list.map(({ region, kind, ...rest }) => {
      const subject = kind === 'device-seconds' ? 'cpu' : region === 'a' ? 'b' : 'a'
      return entry({ region, kind, subject, ...rest, id: `${kind}-${rest.id}` })
    }),
  )

describe('conservation', () => {
  test('the entries, counted once by id, are the total, the regions and the links', () => {
    fc.assert(
      fc.property(someEntries, (entries) => {
        const once = new Map(entries.toReversed().map((each) => [each.id, each.amountUsd]))
        const sum = [...once.values()].reduce((a, b) => a + b, 0)
        const result = report(entries)
        expect(result.totalUsd).toBeCloseTo(sum, 6)
        expect(result.regions.reduce((a, { totalUsd }) => a + totalUsd, 0)).toBeCloseTo(sum, 6)
        expect(result.links.reduce((a, { egressUsd }) => a + egressUsd, 0)).toBeCloseTo(result.egressUsd, 6)
      }),
    )
  })

  test("any order, with repeats and other jobs' entries among them, gives the same report to the last bit", () => {
    fc.assert(
      fc.property(someEntries, fc.infiniteStream(fc.nat()), (entries, chance) => {
        // A repeated record is the same record, so the first of each id stands for all.
        const distinct = [...new Map(entries.map((each) => [each.id, each])).values()]
        const noisy = [...distinct, ...distinct.slice(0, 5), ...distinct.map((each) => ({ ...each, jobId: 'j-2' }))]
        const keys = new Map(noisy.map((each) => [each, chance.next().value]))
        const shuffled = noisy.toSorted((x, y) => keys.get(x)! - keys.get(y)!)
        expect(report(shuffled)).toEqual(report(distinct))
      }),
    )
  })
})
