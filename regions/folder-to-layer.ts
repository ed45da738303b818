// The rows of a catalogue folder as a layer. What real price lists get wrong is mended and told: of rows for the same thing the
// cheapest counts, and a spot price that is not below on demand is left out.
import type { Names } from './below.ts'
import { checkFolder, unique } from './check-folder.ts'
import type { EgressPrice, Price, Provider } from './catalogue.ts'
import type { FolderFile } from './folder-schema.ts'
import { rowKey, type EgressRule, type Layer, type LayerRegion } from './layer.ts'
import { mendPrices, type PricedRow } from './mend-prices.ts'
import type { FolderFault, FolderRows, Placed } from './read-folder.ts'

export type Made = {
  readonly layer: Layer
  readonly warnings: readonly string[]
  readonly faults: readonly FolderFault[]
}

export function toLayer(file: FolderFile, rows: FolderRows, below: Names): Made {
  const faults: FolderFault[] = []
  const warnings: string[] = []
  const rates = Object.fromEntries(Object.entries(file.usdPer).map(([name, { usd }]) => [name, usd]))
  const usdPer = { ...below.usdPer, ...rates }
  const ratesOn = Object.fromEntries(Object.entries(file.usdPer).map(([name, { on }]) => [name, on]))
  const names = {
    regions: new Set([...below.regions, ...rows.regions.map(({ row }) => row.name)]),
    deviceModels: new Set([...below.deviceModels, ...rows.devices.map(({ row }) => row.device_model)]),
    usdPer,
  }
  const priced = mendPrices(rows.prices, names.regions, names.deviceModels, warnings)
  checkFolder(file, { ...rows, prices: priced }, names, faults)
  const prices = pricesByRegion(priced, usdPer, warnings)
  const described = unique(rows.regions, ({ name }) => name, 'name', faults).map(({ row }): LayerRegion => {
    const { name, provider, latitude, longitude, storage_usd_per_gb_month: storageUsdPerGbMonth } = row
    const coordinates = latitude === null || longitude === null ? null : { latitude, longitude }
    return { name, provider, coordinates, storageUsdPerGbMonth, prices: prices.get(name) ?? [], complete: [] }
  })
  const regions = [...described, ...priceOnly(prices, new Set(described.map(({ name }) => name)))]
  const layer: Layer = {
    id: file.version,
    fetchedAtMs: null,
    usdPer: rates,
    ratesOn,
    regions,
    links: unique(rows.links, ({ from, to }) => `${from} to ${to}`, 'to', faults).map(({ row }) => {
      return { from: row.from, to: row.to, mbitPerSecond: row.mbit_s, roundTripMs: row.rtt_ms, egress: null }
    }),
    egress: egressRules(rows.egress, usdPer, faults),
    defaultLink:
      file.defaultLink === undefined
        ? null
        : { mbitPerSecond: file.defaultLink.mbitPerSecond, roundTripMs: file.defaultLink.roundTripMs },
    deviceModels: unique(rows.devices, (row) => row.device_model, 'device_model', faults).map(({ row }) => {
      const { device_model: name, relative_speed: relativeSpeed, memory_gib: memoryGib } = row
      return { name, relativeSpeed, ...(memoryGib === null ? {} : { memoryGib }) }
    }),
  }
  return { layer, warnings, faults }
}

/** Regions that lie below, and have other prices here. */
function priceOnly(
  prices: ReadonlyMap<string, readonly Price[]>,
  described: ReadonlySet<string>,
): readonly LayerRegion[] {
  return [...prices]
    .filter(([name]) => !described.has(name))
    .map(([name, rows]): LayerRegion => {
      const provider = name.slice(0, name.indexOf('/')) as Provider
      return { name, provider, coordinates: null, storageUsdPerGbMonth: null, prices: rows, complete: [] }
    })
}

function pricesByRegion(
  placed: readonly PricedRow[],
  usdPer: Readonly<Record<string, number>>,
  warnings: string[],
): ReadonlyMap<string, readonly Price[]> {
  const regions = new Map<string, Map<string, Price>>()
  for (const { row, at } of placed) {
    const price = priceOf(row, usdPer)
    const here = regions.get(row.region) ?? new Map<string, Price>()
    regions.set(row.region, here)
    const before = here.get(rowKey(price))
    if (before !== undefined)
      warnings.push(`${at}: ${row.region} ${rowText(price)} is there twice; the cheaper one counts`)
    if (before === undefined || price.usdPerUnitHour < before.usdPerUnitHour) here.set(rowKey(price), price)
  }
  return new Map([...regions].map(([region, prices]) => [region, withoutFalseSpots(region, prices, warnings)]))
}

function priceOf(row: PricedRow['row'], usdPer: Readonly<Record<string, number>>): Price {
  const perUnitHour = row.per_instance_hour / row.devices
  return {
    deviceModel: row.device_model,
    market: row.market,
    instanceType: row.instance_type,
    zone: row.zone,
    usdPerUnitHour: perUnitHour * (usdPer[row.currency] ?? 1),
    perUnitHour,
    currency: row.currency,
    pricedOn: row.priced_on,
    lossesPerHour: row.losses_per_hour,
    stock: 'unknown',
  }
}

function rowText({ deviceModel, market, instanceType, zone }: Price): string {
  return [deviceModel, market, instanceType, zone].filter((word) => word !== '').join(' ')
}

/** A spot price that is not below on demand is a wrong one, or nobody's choice. */
function withoutFalseSpots(region: string, prices: ReadonlyMap<string, Price>, warnings: string[]): readonly Price[] {
  return [...prices.values()].filter((price) => {
    if (price.market !== 'spot') return true
    const onDemand =
      prices.get(rowKey({ ...price, market: 'on-demand' })) ??
      prices.get(rowKey({ ...price, market: 'on-demand', zone: '' }))
    if (onDemand === undefined || price.usdPerUnitHour < onDemand.usdPerUnitHour) return true
    warnings.push(`${region} ${rowText(price)}: spot costs as much as on demand or more, so it is left out`)
    return false
  })
}

function egressRules(
  placed: readonly Placed<'egress'>[],
  usdPer: Readonly<Record<string, number>>,
  faults: FolderFault[],
): readonly EgressRule[] {
  return [...Map.groupBy(placed, ({ row }) => `${row.from} ${row.to}`).values()].map((same): EgressRule => {
    const tiers = same.toSorted(
      (a, b) => (a.row.up_to ?? Number.POSITIVE_INFINITY) - (b.row.up_to ?? Number.POSITIVE_INFINITY),
    )
    const { from, to, kind } = same[0]!.row
    for (const [i, { row, at }] of tiers.entries()) {
      const isLast = i === tiers.length - 1
      if (row.kind !== kind)
        faults.push({
          field: `${at} kind`,
          description: `${from} to ${to} is ${kind} and ${row.kind}; use one of them`,
        })
      if (isLast !== (row.up_to === null)) {
        const description = isLast
          ? `is ${row.up_to}; leave it out for the last tier of ${from} to ${to}`
          : `two tiers of ${from} to ${to} have no end`
        faults.push({ field: `${at} up_to`, description })
      } else if (!isLast && row.up_to === tiers[i + 1]!.row.up_to) {
        faults.push({
          field: `${at} up_to`,
          description: `${row.up_to} is there twice for ${from} to ${to}; remove one`,
        })
      }
    }
    return { from, to, egress: egressOf(kind, tiers, usdPer) }
  })
}

function egressOf(
  kind: EgressPrice['kind'],
  tiers: readonly Placed<'egress'>[],
  usdPer: Readonly<Record<string, number>>,
): EgressPrice {
  const usd = ({ row }: Placed<'egress'>): number => row.price * (usdPer[row.currency] ?? 1)
  if (kind === 'per-gb') return { kind, tiers: tiers.map((tier) => ({ upToGb: tier.row.up_to, usdPerGb: usd(tier) })) }
  return { kind, tiers: tiers.map((tier) => ({ upToMbit: tier.row.up_to, usdPerMbitMonth: usd(tier) })) }
}
