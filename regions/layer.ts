// A catalogue is made of layers: the price list that comes with Cloudless, what adapters have fetched from clouds since, what
// Terraform has built, and an operator's own file, each over the ones before it. A layer holds what its source knows and
// says nothing of the rest.
import type {
  Catalogue,
  CatalogueLink,
  CatalogueRegion,
  DeviceModel,
  EgressPrice,
  Market,
  Price,
  Provider,
} from './catalogue.ts'
import { unknownLossesPerHour } from './config.ts'
import { everyLink, type UnknownPair } from './every-link.ts'

export type Layer = {
  /** For example "2026-11", "aws", "terraform" or a file's name. */
  readonly id: string
  /** When a cloud was asked; null for versioned files. */
  readonly fetchedAtMs: number | null
  readonly usdPer: Readonly<Record<string, number>>
  /** The day of each of those, where it is known. */
  readonly ratesOn?: Readonly<Record<string, string>>
  readonly regions: readonly LayerRegion[]
  readonly links: readonly LayerLink[]
  readonly egress: readonly EgressRule[]
  /** Of two regions between which nothing is known; null where the layer has none. */
  readonly defaultLink: { readonly mbitPerSecond: number; readonly roundTripMs: number } | null
  readonly deviceModels: readonly DeviceModel[]
}

export type LayerRegion = {
  readonly name: string
  readonly provider: Provider
  readonly coordinates: CatalogueRegion['coordinates']
  readonly storageUsdPerGbMonth: number | null
  readonly prices: readonly LayerPrice[]
  /** Markets of which these are all prices of the region: rows of layers below that are not among them are gone. */
  readonly complete: readonly Market[]
}

/** A cloud tells what spot capacity costs, but not how often it takes it back: null leaves that to the layers below. */
export type LayerPrice = Omit<Price, 'lossesPerHour'> & { readonly lossesPerHour: number | null }

/** Without a price of its own, the rules say what it costs. */
export type LayerLink = Omit<CatalogueLink, 'egress'> & { readonly egress: EgressPrice | null }

export type EgressRule = {
  /** A region, "provider/*" or "*". */
  readonly from: string
  readonly to: string
  readonly egress: EgressPrice
}

export type Merged = {
  readonly catalogue: Omit<Catalogue, 'hash'>
  /** Pairs that were left out because nothing says what they cost or carry. */
  readonly unknownPairs: readonly UnknownPair[]
}

/** What layers make together, the later ones over those before. Ids are joined by "+" to the version. */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const regions = new Map<string, CatalogueRegion>()
  for (const region of layers.flatMap((layer) => layer.regions)) regions.set(region.name, over(regions, region))
  const models = new Map<string, DeviceModel>()
  // Who has another speed for a model says nothing of its memory.
  for (const model of layers.flatMap(({ deviceModels }) => deviceModels))
    models.set(model.name, { ...models.get(model.name), ...model })
  const { links, unknownPairs } = everyLink(layers, [...regions.keys()].sort())
  const catalogue = {
    version: layers.map(versionOf).join('+'),
    ...ratesOf(layers),
    regions: [...regions.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    links,
    deviceModels: [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
  return { catalogue, unknownPairs }
}

/** A rate and its day are of the same layer. */
function ratesOf(layers: readonly Layer[]): Pick<Catalogue, 'usdPer' | 'ratesOn'> {
  const usdPer = Object.assign({ USD: 1 }, ...layers.map((layer) => layer.usdPer)) as Record<string, number>
  const days = Object.keys(usdPer).flatMap((currency) => {
    const day = layers.findLast((layer) => layer.usdPer[currency] !== undefined)?.ratesOn?.[currency]
    return day === undefined ? [] : [[currency, day] as const]
  })
  return { usdPer, ...(days.length === 0 ? {} : { ratesOn: Object.fromEntries(days) }) }
}

function over(regions: ReadonlyMap<string, CatalogueRegion>, layer: LayerRegion): CatalogueRegion {
  const { name, provider, coordinates, storageUsdPerGbMonth, prices, complete } = layer
  const below = regions.get(name)
  const known = below?.prices ?? []
  const kept = known.filter(({ market }) => !complete.includes(market))
  const added = prices.map((price) => ({ ...price, lossesPerHour: price.lossesPerHour ?? lossesOf(price, known) }))
  const rows = new Map([...kept, ...added].map((price) => [rowKey(price), price]))
  return {
    name,
    provider,
    coordinates: coordinates ?? below?.coordinates ?? null,
    storageUsdPerGbMonth: storageUsdPerGbMonth ?? below?.storageUsdPerGbMonth ?? null,
    prices: [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, price]) => price),
  }
}

/** As known for the same machine in the zone, else in the region, else the most of any machine with such a device. */
function lossesOf({ deviceModel, market, instanceType, zone }: LayerPrice, known: readonly Price[]): number {
  if (market === 'on-demand') return 0
  const same = known.filter((price) => price.market === market && price.deviceModel === deviceModel)
  const machine = same.filter((price) => price.instanceType === instanceType)
  const here = machine.filter((price) => price.zone === zone)
  const closest = here.length > 0 ? here : machine.length > 0 ? machine : same
  return closest.length === 0 ? unknownLossesPerHour : Math.max(...closest.map(({ lossesPerHour }) => lossesPerHour))
}

/** One price for each. */
export function rowKey({
  deviceModel,
  market,
  instanceType,
  zone,
}: Pick<Price, 'deviceModel' | 'market' | 'instanceType' | 'zone'>): string {
  return [deviceModel, market, instanceType, zone].join(' ')
}

/** For example "aws.2026-11-22". */
function versionOf({ id, fetchedAtMs }: Layer): string {
  return fetchedAtMs === null ? id : `${id}.${new Date(fetchedAtMs).toISOString().slice(0, 10)}`
}
