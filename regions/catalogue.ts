// The catalogue: where training can run, at what price, over which links. A value, loaded once and pinned by hash.

export type Catalogue = {
  /** For example "2026-11-01". */
  readonly version: string
  /** sha256 of the canonical content, hex. */
  readonly hash: string
  /** In ascending order of name. */
  readonly regions: readonly CatalogueRegion[]
  /** In ascending order of (from, to). */
  readonly links: readonly CatalogueLink[]
  readonly deviceModels: readonly DeviceModel[]
}

export type CatalogueRegion = {
  readonly name: string
  readonly provider: 'aws' | 'tencent' | 'onprem'
  /** Price of one unit-hour by device model. A model that is absent is not offered there. */
  readonly usdPerUnitHour: Readonly<Record<string, number>>
}

export type CatalogueLink = {
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
  readonly roundTripMs: number
  readonly egressUsdPerGb: number
}

export type DeviceModel = {
  readonly name: string
  /** Throughput of one unit relative to one "cpu" unit, for plans without a declared or measured figure. */
  readonly relativeSpeed: number
}
