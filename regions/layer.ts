// A catalogue is made of layers: the price list that comes with Cloudless, what adapters have fetched from clouds since, what
// Terraform has built, and an operator's own file, each over the ones before it. A layer holds what its source knows and
// says nothing of the rest.
import type { Catalogue, CatalogueLink, CatalogueRegion, DeviceModel, Market, Price, Provider } from './catalogue.ts'

export type Layer = {
  /** For example "2026-11", "aws", "terraform" or a file's name. */
  readonly id: string
  /** When a cloud was asked; null for versioned files. */
  readonly fetchedAtMs: number | null
  readonly usdPer: Readonly<Record<string, number>>
  readonly regions: readonly LayerRegion[]
  readonly links: readonly CatalogueLink[]
  readonly deviceModels: readonly DeviceModel[]
}

export type LayerRegion = {
  readonly name: string
  readonly provider: Provider
  readonly coordinates: CatalogueRegion['coordinates']
  readonly storageUsdPerGbMonth: number | null
  readonly prices: readonly Price[]
  /** Markets of which these are all prices of the region: rows of layers below that are not among them are gone. */
  readonly complete: readonly Market[]
}

/** What layers make together, the later ones over those before. Ids are joined by "+" to the version. */
export function mergeLayers(layers: readonly Layer[]): Omit<Catalogue, 'hash'> {
  const regions = new Map<string, CatalogueRegion>()
  for (const region of layers.flatMap((layer) => layer.regions)) regions.set(region.name, over(regions, region))
  const links = new Map(layers.flatMap((layer) => layer.links).map((link) => [`${link.from} ${link.to}`, link]))
  const models = new Map(layers.flatMap((layer) => layer.deviceModels).map((model) => [model.name, model]))
  return {
    version: layers.map(versionOf).join('+'),
    usdPer: Object.assign({ USD: 1 }, ...layers.map(({ usdPer }) => usdPer)) as Record<string, number>,
    regions: [...regions.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    links: [...links.values()].sort((a, b) => (a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1)),
    deviceModels: [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

function over(regions: ReadonlyMap<string, CatalogueRegion>, layer: LayerRegion): CatalogueRegion {
  const { name, provider, coordinates, storageUsdPerGbMonth, prices, complete } = layer
  const below = regions.get(name)
  const kept = (below?.prices ?? []).filter(({ market }) => !complete.includes(market))
  const rows = new Map([...kept, ...prices].map((price) => [rowKey(price), price]))
  return {
    name,
    provider,
    coordinates: coordinates ?? below?.coordinates ?? null,
    storageUsdPerGbMonth: storageUsdPerGbMonth ?? below?.storageUsdPerGbMonth ?? null,
    prices: [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, price]) => price),
  }
}

/** One price for each. */
export function rowKey({ deviceModel, market, instanceType, zone }: Price): string {
  return [deviceModel, market, instanceType, zone].join(' ')
}

/** For example "aws.2026-11-22". */
function versionOf({ id, fetchedAtMs }: Layer): string {
  return fetchedAtMs === null ? id : `${id}.${new Date(fetchedAtMs).toISOString().slice(0, 10)}`
}
