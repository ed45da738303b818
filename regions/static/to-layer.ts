// The rows of a catalogue file as a layer. Amounts become USD by the file's own rates, or those of the layers below.
import type { Names } from '../below.ts'
import type { EgressPrice, Price, Provider } from '../catalogue.ts'
import type { Layer, LayerRegion } from '../layer.ts'
import type { CatalogueFile } from './file-schema.ts'

export function toLayer(file: CatalogueFile, path: string, below: Names): Layer {
  const rates = Object.fromEntries(Object.entries(file.usdPer).map(([name, { usd }]) => [name, usd]))
  const usdPer = { ...below.usdPer, ...rates }
  const ratesOn = Object.fromEntries(Object.entries(file.usdPer).map(([name, { on }]) => [name, on]))
  return {
    id: file.version ?? layerName(path),
    fetchedAtMs: null,
    usdPer: rates,
    ratesOn,
    regions: file.regions.map((region) => regionOf(region, usdPer)),
    links: file.links.map(({ from, to, mbitPerSecond, roundTripMs, egressUsdPerGb: usd }) => {
      return { from, to, mbitPerSecond, roundTripMs, egress: usd === undefined ? null : perGb(usd) }
    }),
    egress: file.egress.map(({ from, to, usdPerGb, usdPerMbitMonth }) => {
      if (usdPerGb !== undefined) return { from, to, egress: perGb(usdPerGb) }
      return { from, to, egress: { kind: 'p95-month', tiers: [{ upToMbit: null, usdPerMbitMonth: usdPerMbitMonth! }] } }
    }),
    defaultLink:
      file.defaultLink === undefined
        ? null
        : { mbitPerSecond: file.defaultLink.mbitPerSecond, roundTripMs: file.defaultLink.roundTripMs },
    deviceModels: file.deviceModels.map(({ name, relativeSpeed, memoryGib }) => {
      return { name, relativeSpeed, ...(memoryGib === undefined ? {} : { memoryGib }) }
    }),
  }
}

/** "/etc/cloudless/our rack.yaml" is "our-rack". */
export function layerName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.(ya?ml|json)$/i, '')
  return name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 63) || 'file'
}

function regionOf(region: CatalogueFile['regions'][number], usdPer: Readonly<Record<string, number>>): LayerRegion {
  const { name, latitude, longitude, storageUsdPerGbMonth } = region
  const coordinates = latitude === undefined || longitude === undefined ? null : { latitude, longitude }
  return {
    name,
    provider: region.provider ?? (name.slice(0, name.indexOf('/')) as Provider),
    coordinates,
    storageUsdPerGbMonth: storageUsdPerGbMonth ?? null,
    prices: region.prices.map((row): Price => {
      const { deviceModel, market, instanceType, zone, pricedOn, lossesPerHour } = row
      const currency = row.currency ?? 'USD'
      const perUnitHour = row.perUnitHour ?? row.usdPerUnitHour!
      const usdPerUnitHour = perUnitHour * usdPer[currency]!
      const amounts = { usdPerUnitHour, perUnitHour, currency }
      const what = { deviceModel, market, instanceType, zone }
      return { ...what, ...amounts, pricedOn: pricedOn ?? '', lossesPerHour, stock: 'unknown' }
    }),
    complete: [],
  }
}

function perGb(usdPerGb: number): EgressPrice {
  return { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb }] }
}
