// What differs between two catalogues: what came, what went, and what changed by how much. A price is the same row when its
// region, device model, market, instance type and zone are; a link when its two ends are.
import type { Catalogue, CatalogueLink, EgressPrice, Market, Price } from './catalogue.ts'
import { rowKey } from './layer.ts'

export type CatalogueDiff = {
  readonly before: { readonly version: string; readonly hash: string }
  readonly after: { readonly version: string; readonly hash: string }
  readonly rates: Differences<{ readonly currency: string }, number>
  readonly deviceModels: Differences<{ readonly deviceModel: string }, number>
  /** In GiB, of models of which it is known. */
  readonly deviceMemory: Differences<{ readonly deviceModel: string }, number>
  readonly regions: Differences<{ readonly region: string }, RegionFacts>
  readonly prices: Differences<PriceName, number>
  readonly bandwidth: Differences<Pair, number>
  readonly roundTrips: Differences<Pair, number>
  readonly egress: Differences<Pair, EgressPrice>
}

export type PriceName = {
  readonly region: string
  readonly deviceModel: string
  readonly market: Market
  readonly instanceType: string
  readonly zone: string
}
export type Pair = { readonly from: string; readonly to: string }
export type RegionFacts = { readonly storageUsdPerGbMonth: number | null }

/** In ascending order of name; changes too. */
export type Differences<Name, Value> = {
  readonly came: readonly (Name & { readonly after: Value })[]
  readonly went: readonly (Name & { readonly before: Value })[]
  readonly changed: readonly (Name & Change<Value>)[]
}

/** `share` is after / before - 1, for single figures; null where there is no such number. */
export type Change<Value> = { readonly before: Value; readonly after: Value; readonly share: number | null }

export function diffCatalogues(before: Catalogue, after: Catalogue): CatalogueDiff {
  const pairs = <Value>(valueOf: (link: CatalogueLink) => Value): Differences<Pair, Value> => {
    const rows = (links: readonly CatalogueLink[]): Rows<Pair, Value> =>
      links.map((link) => [{ from: link.from, to: link.to }, valueOf(link)])
    return differences(rows(before.links), rows(after.links), ({ from, to }) => `${from} ${to}`)
  }
  return {
    before: { version: before.version, hash: before.hash },
    after: { version: after.version, hash: after.hash },
    rates: differences(ratesOf(before), ratesOf(after), ({ currency }) => currency),
    deviceModels: differences(modelsOf(before), modelsOf(after), ({ deviceModel }) => deviceModel),
    deviceMemory: differences(memoriesOf(before), memoriesOf(after), ({ deviceModel }) => deviceModel),
    regions: differences(regionsOf(before), regionsOf(after), ({ region }) => region),
    prices: differences(pricesOf(before), pricesOf(after), (name) => `${name.region} ${rowKey(name)}`),
    bandwidth: pairs(({ mbitPerSecond }) => mbitPerSecond),
    roundTrips: pairs(({ roundTripMs }) => roundTripMs),
    egress: pairs(({ egress }) => egress),
  }
}

export function isSameCatalogue(diff: CatalogueDiff): boolean {
  const { rates, deviceModels, deviceMemory, regions, prices, bandwidth, roundTrips, egress } = diff
  const parts = [rates, deviceModels, deviceMemory, regions, prices, bandwidth, roundTrips, egress]
  return parts.every(({ came, went, changed }) => came.length + went.length + changed.length === 0)
}

type Rows<Name, Value> = readonly (readonly [Name, Value])[]

function ratesOf({ usdPer }: Catalogue): Rows<{ readonly currency: string }, number> {
  return Object.entries(usdPer).map(([currency, usd]) => [{ currency }, usd])
}

function modelsOf({ deviceModels }: Catalogue): Rows<{ readonly deviceModel: string }, number> {
  return deviceModels.map(({ name, relativeSpeed }) => [{ deviceModel: name }, relativeSpeed])
}

function memoriesOf({ deviceModels }: Catalogue): Rows<{ readonly deviceModel: string }, number> {
  return deviceModels.flatMap(({ name, memoryGib }) =>
    memoryGib === undefined ? [] : [[{ deviceModel: name }, memoryGib] as const],
  )
}

function regionsOf({ regions }: Catalogue): Rows<{ readonly region: string }, RegionFacts> {
  return regions.map(({ name, storageUsdPerGbMonth }) => [{ region: name }, { storageUsdPerGbMonth }])
}

function pricesOf({ regions }: Catalogue): Rows<PriceName, number> {
  const named = ({ deviceModel, market, instanceType, zone }: Price, region: string): PriceName => {
    return { region, deviceModel, market, instanceType, zone }
  }
  return regions.flatMap(({ name, prices }) => prices.map((row) => [named(row, name), row.usdPerUnitHour] as const))
}

function differences<Name, Value>(
  before: Rows<Name, Value>,
  after: Rows<Name, Value>,
  keyOf: (name: Name) => string,
): Differences<Name, Value> {
  const was = new Map(before.map(([name, value]) => [keyOf(name), { name, value }]))
  const is = new Map(after.map(([name, value]) => [keyOf(name), { name, value }]))
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort()
  const came: (Name & { after: Value })[] = []
  const went: (Name & { before: Value })[] = []
  const changed: (Name & Change<Value>)[] = []
  for (const key of keys) {
    const [old, now] = [was.get(key), is.get(key)]
    if (old === undefined && now !== undefined) came.push({ ...now.name, after: now.value })
    else if (now === undefined && old !== undefined) went.push({ ...old.name, before: old.value })
    else if (old !== undefined && now !== undefined && !isSame(old.value, now.value))
      changed.push({ ...now.name, before: old.value, after: now.value, share: shareOf(old.value, now.value) })
  }
  return { came, went, changed }
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function shareOf(before: unknown, after: unknown): number | null {
  if (typeof before !== 'number' || typeof after !== 'number' || before === 0) return null
  return after / before - 1
}
