// Look-ups in a catalogue by name. Built once per decision, because 200 regions have 40,000 links; the links are
// indexed at the first question for one.
import type { Catalogue, CatalogueLink, CatalogueRegion, Price } from '#regions/catalogue.ts'
import type { DeviceClass } from './device-class.ts'
import { countedOnBytes } from './gpu-memory.ts'
import { migSlice } from './mig-slice.ts'

export type CatalogueIndex = {
  readonly catalogue: Catalogue
  readonly region: (name: string) => CatalogueRegion | null
  readonly link: (from: string, to: string) => CatalogueLink | null
  /** What a unit of a class costs in a region: the row that fits it most closely; null where the catalogue has none. */
  readonly price: (region: string, device: DeviceClass) => Price | null
  /** Throughput relative to one "cpu" unit; null for a model that the catalogue does not know. */
  readonly relativeSpeed: (deviceModel: string) => number | null
  /** What can be counted on that a GPU of a model has, before one is there; null where nobody knows. */
  readonly memoryBytes: (deviceModel: string) => number | null
}

export function indexCatalogue(catalogue: Catalogue): CatalogueIndex {
  const regions = new Map(catalogue.regions.map((region) => [region.name, region]))
  const speeds = new Map(catalogue.deviceModels.map((model) => [model.name, model.relativeSpeed]))
  const memories = new Map(catalogue.deviceModels.map(({ name, memoryGib }) => [name, memoryGib]))
  let links: Map<string, Map<string, CatalogueLink>> | null = null
  return {
    catalogue,
    region: (name) => regions.get(name) ?? null,
    link: (from, to) => {
      links ??= linksByPair(catalogue.links)
      return links.get(from)?.get(to) ?? null
    },
    price: (region, device) => priceOf(regions.get(region)?.prices ?? [], device),
    relativeSpeed: (deviceModel) => {
      const slice = migSlice(deviceModel)
      const whole = slice === null ? undefined : speeds.get(slice.of)
      return speeds.get(deviceModel) ?? (whole === undefined ? null : whole * slice!.part)
    },
    memoryBytes: (deviceModel) => {
      const gib = memories.get(deviceModel)
      return gib === undefined ? (migSlice(deviceModel)?.memoryBytes ?? null) : countedOnBytes(gib)
    },
  }
}

/** Of the catalogue in force, which may be replaced at any time; the index is made anew when it was. */
export function currentIndex(current: () => Catalogue): () => CatalogueIndex {
  let index: CatalogueIndex | null = null
  return () => {
    const catalogue = current()
    if (index?.catalogue !== catalogue) index = indexCatalogue(catalogue)
    return index
  }
}

/** Of a MIG slice without a row of its own its part of the GPU's. */
function priceOf(prices: readonly Price[], device: DeviceClass): Price | null {
  const own = closest(prices, device)
  const slice = migSlice(device.deviceModel)
  if (own !== null || slice === null) return own
  const whole = closest(prices, { ...device, deviceModel: slice.of })
  if (whole === null) return null
  const { part } = slice
  return {
    ...whole,
    deviceModel: device.deviceModel,
    usdPerUnitHour: whole.usdPerUnitHour * part,
    perUnitHour: whole.perUnitHour * part,
  }
}

/**
 * A row for the same instance type beats one for the same zone, and that one beats a row for every machine. Where the class
 * does not say what machine it is, the cheapest row of its model counts.
 */
function closest(prices: readonly Price[], device: DeviceClass): Price | null {
  let best: Price | null = null
  let bestFit = -1
  for (const price of prices) {
    const fit = fitOf(price, device)
    if (fit < 0) continue
    const isBetter = fit > bestFit || (fit === bestFit && price.usdPerUnitHour < best!.usdPerUnitHour)
    if (isBetter) [best, bestFit] = [price, fit]
  }
  return best
}

/** Below 0 for a row of another class. */
function fitOf(price: Price, { deviceModel, market, zone, instanceType }: DeviceClass): number {
  if (price.deviceModel !== deviceModel || price.market !== market) return -1
  const isOther = (has: string, wanted: string): boolean => has !== '' && wanted !== '' && has !== wanted
  if (isOther(price.instanceType, instanceType) || isOther(price.zone, zone)) return -1
  const isSame = (has: string, wanted: string): boolean => has !== '' && has === wanted
  return (isSame(price.instanceType, instanceType) ? 2 : 0) + (isSame(price.zone, zone) ? 1 : 0)
}

function linksByPair(links: readonly CatalogueLink[]): Map<string, Map<string, CatalogueLink>> {
  const byPair = new Map<string, Map<string, CatalogueLink>>()
  for (const link of links) {
    const fromHere = byPair.get(link.from)
    if (fromHere === undefined) byPair.set(link.from, new Map([[link.to, link]]))
    else fromHere.set(link.to, link)
  }
  return byPair
}
