// What a careful reader would ask about a catalogue that is valid: how much it holds, how old it is, and what looks odd. Odd is
// not wrong: it is told, not refused.
import type { Catalogue, CatalogueRegion, Market } from './catalogue.ts'
import { oddPriceFactor, oldPriceDays } from './config.ts'

export type CatalogueCounts = {
  readonly regions: number
  readonly regionsWithoutPrice: number
  readonly prices: number
  readonly spotPrices: number
  readonly deviceModels: number
  readonly links: number
  /** Of the dates that are stated; '' where none is. */
  readonly oldestPrice: string
  readonly newestPrice: string
}

export type Inspection = { readonly counts: CatalogueCounts; readonly oddities: readonly string[] }

export function inspectCatalogue(catalogue: Catalogue, nowMs: number): Inspection {
  const rows = catalogue.regions.flatMap(({ prices }) => prices)
  const days = rows.flatMap(({ pricedOn }) => (pricedOn === '' ? [] : [pricedOn])).sort()
  const counts: CatalogueCounts = {
    regions: catalogue.regions.length,
    regionsWithoutPrice: catalogue.regions.filter(({ prices }) => prices.length === 0).length,
    prices: rows.length,
    spotPrices: rows.filter(({ market }) => market === 'spot').length,
    deviceModels: catalogue.deviceModels.length,
    links: catalogue.links.length,
    oldestPrice: days[0] ?? '',
    newestPrice: days.at(-1) ?? '',
  }
  return {
    counts,
    oddities: [...oddPrices(catalogue), ...oldPrices(catalogue, nowMs), ...spotAlone(catalogue.regions)],
  }
}

/** A price many times the median of its kind is more often a wrong column than a bad offer. */
function* oddPrices({ regions }: Catalogue): Iterable<string> {
  const byClass = new Map<string, number[]>()
  const classOf = (deviceModel: string, market: Market): string => `${deviceModel} ${market}`
  for (const { deviceModel, market, usdPerUnitHour } of regions.flatMap(({ prices }) => prices)) {
    const same = byClass.get(classOf(deviceModel, market))
    if (same === undefined) byClass.set(classOf(deviceModel, market), [usdPerUnitHour])
    else same.push(usdPerUnitHour)
  }
  const medians = new Map([...byClass].map(([key, values]) => [key, medianOf(values)]))
  for (const { name, prices } of regions) {
    for (const { deviceModel, market, instanceType, zone, usdPerUnitHour: usd } of prices) {
      const median = medians.get(classOf(deviceModel, market))!
      if (usd <= median * oddPriceFactor && usd * oddPriceFactor >= median) continue
      const what = [deviceModel, market, instanceType, zone].filter((word) => word !== '').join(' ')
      yield `${name}: ${what} costs ${round(usd)} USD an hour; the median of such devices is ${round(median)}`
    }
  }
}

function* oldPrices({ regions }: Catalogue, nowMs: number): Iterable<string> {
  const before = new Date(nowMs - oldPriceDays * 86_400_000).toISOString().slice(0, 10)
  for (const { name, prices } of regions) {
    const old = prices.filter(({ pricedOn }) => pricedOn !== '' && pricedOn < before)
    if (old.length === 0) continue
    const days = old.map(({ pricedOn }) => pricedOn).sort()
    yield `${name}: ${old.length} of ${prices.length} prices are more than ${oldPriceDays} days old, the oldest of ${days[0]}`
  }
}

function* spotAlone(regions: readonly CatalogueRegion[]): Iterable<string> {
  for (const { name, prices } of regions) {
    const onDemand = new Set(
      prices.filter(({ market }) => market === 'on-demand').map(({ deviceModel }) => deviceModel),
    )
    const alone = new Set(prices.map(({ deviceModel }) => deviceModel).filter((model) => !onDemand.has(model)))
    if (alone.size > 0) yield `${name}: ${[...alone].sort().join(', ')} has a spot price and none on demand`
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

function round(usd: number): number {
  return Number(usd.toPrecision(3))
}
