// What `catalog show` prints, as values: the same for people and for --json.
import type { Catalogue, CatalogueLink, CatalogueRegion, Market, Price } from '#regions/catalogue.ts'
import type { Machine } from '#regions/machines.ts'

export type Head = {
  readonly version: string
  readonly hash: string
  readonly usdPer: readonly { readonly currency: string; readonly usd: number }[]
}

export type RegionSummary = {
  readonly name: string
  readonly provider: string
  readonly deviceModels: readonly string[]
  readonly prices: number
  /** The cheapest unit of a GPU, or of a CPU where there are none. */
  readonly cheapest: Price | null
  readonly storageUsdPerGbMonth: number | null
}

export type DeviceSummary = {
  readonly deviceModel: string
  readonly relativeSpeed: number
  /** Null where nobody says. */
  readonly memoryGib: number | null
  readonly regions: number
  readonly onDemand: Cheapest | null
  readonly spot: Cheapest | null
}
type Cheapest = { readonly region: string; readonly instanceType: string; readonly usdPerUnitHour: number }

export type OneRegion = CatalogueRegion & {
  readonly linksFrom: readonly CatalogueLink[]
  readonly linksTo: readonly CatalogueLink[]
}

export function headOf({ version, hash, usdPer }: Catalogue): Head {
  const rates = Object.entries(usdPer).map(([currency, usd]) => ({ currency, usd }))
  return { version, hash, usdPer: rates.filter(({ currency }) => currency !== 'USD') }
}

export function regionsOf({ regions }: Catalogue): readonly RegionSummary[] {
  return regions.map(({ name, provider, prices, storageUsdPerGbMonth }) => {
    const gpus = prices.filter(({ deviceModel }) => deviceModel !== 'cpu')
    return {
      name,
      provider,
      deviceModels: [...new Set(prices.map(({ deviceModel }) => deviceModel))],
      prices: prices.length,
      cheapest: cheapestOf(gpus.length > 0 ? gpus : prices),
      storageUsdPerGbMonth,
    }
  })
}

export function regionOf({ regions, links }: Catalogue, name: string): OneRegion {
  const region = regions.find((each) => each.name === name)!
  return {
    ...region,
    linksFrom: links.filter(({ from }) => from === name),
    linksTo: links.filter(({ to }) => to === name),
  }
}

export function linksOf({ links }: Catalogue, region: string | null): readonly CatalogueLink[] {
  return links.filter(({ from, to }) => region === null || from === region || to === region)
}

/** Of the region's cloud, with its zones only, save those that are known to be sold elsewhere only. */
export function machinesIn(machines: readonly Machine[], region: string | null): readonly Machine[] {
  if (region === null) return machines
  const [cloud, place] = [region.slice(0, region.indexOf('/')), region.slice(region.indexOf('/') + 1)]
  return machines
    .filter(({ provider }) => provider === cloud)
    .map((machine) => ({ machine, zones: machine.zones.filter((zone) => zone.startsWith(`${place}-`)) }))
    .filter(({ machine, zones }) => machine.zones.length === 0 || zones.length > 0)
    .map(({ machine, zones }) => ({ ...machine, zones }))
}

export function devicesOf({ regions, deviceModels }: Catalogue, region: string | null): readonly DeviceSummary[] {
  const considered = regions.filter(({ name }) => region === null || name === region)
  return deviceModels.flatMap(({ name: deviceModel, relativeSpeed, memoryGib = null }) => {
    const having = considered.filter(({ prices }) => prices.some((price) => price.deviceModel === deviceModel))
    if (region !== null && having.length === 0) return []
    const cheapest = (market: Market): Cheapest | null => {
      const rows = having.flatMap(({ name, prices }) => {
        const price = cheapestOf(prices.filter((row) => row.deviceModel === deviceModel && row.market === market))
        return price === null ? [] : [{ region: name, ...price }]
      })
      return pick(cheapestOf(rows))
    }
    return {
      deviceModel,
      relativeSpeed,
      memoryGib,
      regions: having.length,
      onDemand: cheapest('on-demand'),
      spot: cheapest('spot'),
    }
  })
}

function pick(row: Cheapest | null): Cheapest | null {
  return row === null
    ? null
    : { region: row.region, instanceType: row.instanceType, usdPerUnitHour: row.usdPerUnitHour }
}

/** Of equal ones the first. */
function cheapestOf<Row extends { readonly usdPerUnitHour: number }>(rows: readonly Row[]): Row | null {
  return rows.reduce<Row | null>(
    (best, row) => (best === null || row.usdPerUnitHour < best.usdPerUnitHour ? row : best),
    null,
  )
}
