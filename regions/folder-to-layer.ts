// The rows of a catalogue folder as a layer, with what they must say of each other: sources, regions, device models and currencies
// exist, and nothing is there twice that could not be told apart. What real price lists get wrong is mended and told.
import type { Below } from './below.ts'
import type { EgressPrice, Price } from './catalogue.ts'
import type { FolderFile } from './folder-schema.ts'
import { rowKey, type EgressRule, type Layer, type LayerRegion } from './layer.ts'
import type { FolderFault, FolderRows, Placed } from './read-folder.ts'

export type Made = {
  readonly layer: Layer
  readonly warnings: readonly string[]
  readonly faults: readonly FolderFault[]
}

export function toLayer(file: FolderFile, rows: FolderRows, below: Below): Made {
  const faults: FolderFault[] = []
  const warnings: string[] = []
  const rates = Object.fromEntries(Object.entries(file.usdPer).map(([name, { usd }]) => [name, usd]))
  const usdPer = { ...below.usdPer, ...rates }
  checkReferences(file, rows, { ...below, usdPer }, faults)
  const prices = pricesByRegion(rows.prices, usdPer, warnings)
  const regions = unique(rows.regions, ({ name }) => name, 'name', faults).map(({ row }): LayerRegion => {
    const { name, provider, latitude, longitude, storage_usd_per_gb_month: storageUsdPerGbMonth } = row
    const coordinates = latitude === null || longitude === null ? null : { latitude, longitude }
    return { name, provider, coordinates, storageUsdPerGbMonth, prices: prices.get(name) ?? [], complete: [] }
  })
  const layer: Layer = {
    id: file.version,
    fetchedAtMs: null,
    usdPer: rates,
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
      return { name: row.device_model, relativeSpeed: row.relative_speed }
    }),
  }
  return { layer, warnings, faults }
}

function checkReferences(file: FolderFile, rows: FolderRows, below: Below, faults: FolderFault[]): void {
  const sources = new Set(file.sources.map(({ id }) => id))
  const regions = new Set([...below.regions, ...rows.regions.map(({ row }) => row.name)])
  const models = new Set([...below.deviceModels, ...rows.devices.map(({ row }) => row.device_model)])
  const check = (at: string, field: string, isKnown: boolean, value: string, fix: string): void => {
    if (!isKnown) faults.push({ field: `${at} ${field}`, description: `"${value}" does not exist; ${fix}` })
  }
  const all = [...rows.devices, ...rows.regions, ...rows.prices, ...rows.links, ...rows.egress]
  for (const { row, at } of all) {
    for (const source of row.source.split('+')) {
      check(at, 'source', sources.has(source), source, 'describe it under sources in catalogue.yaml')
    }
  }
  for (const { row, at } of rows.prices) {
    check(at, 'region', regions.has(row.region), row.region, 'add it to regions.csv')
    check(at, 'device_model', models.has(row.device_model), row.device_model, 'add it to devices.csv')
  }
  for (const { row, at } of [...rows.prices, ...rows.egress]) {
    check(
      at,
      'currency',
      below.usdPer[row.currency] !== undefined,
      row.currency,
      'give its rate under usdPer in catalogue.yaml',
    )
  }
  for (const { row, at } of rows.links) {
    check(at, 'from', regions.has(row.from), row.from, 'add it to regions.csv')
    check(at, 'to', regions.has(row.to), row.to, 'add it to regions.csv')
    if (row.from === row.to)
      faults.push({ field: `${at} to`, description: `"${row.to}" is the same region as from; remove the row` })
  }
}

function unique<T extends { readonly row: object; readonly at: string }>(
  placed: readonly T[],
  keyOf: (row: T['row']) => string,
  field: string,
  faults: FolderFault[],
): readonly T[] {
  const first = new Map<string, T>()
  for (const each of placed) {
    const key = keyOf(each.row)
    const before = first.get(key)
    if (before === undefined) first.set(key, each)
    else
      faults.push({
        field: `${each.at} ${field}`,
        description: `"${key}" is at ${before.at} already; remove one of them`,
      })
  }
  return [...first.values()]
}

function pricesByRegion(
  placed: readonly Placed<'prices'>[],
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

function priceOf(row: Placed<'prices'>['row'], usdPer: Readonly<Record<string, number>>): Price {
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
