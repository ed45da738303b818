// The catalogue: where training can run, at what price, over which links. A value, loaded once and pinned by hash.

export type Catalogue = {
  /** For example "2026-11", or "2026-11+aws.2026-11-22" once something newer lies over it. */
  readonly version: string
  /** sha256 of the canonical content, hex. */
  readonly hash: string
  /** USD that one unit of a currency is worth, as stated by the catalogue; USD itself is 1. */
  readonly usdPer: Readonly<Record<string, number>>
  /** The day that a rate is of, ISO 8601, where its source says; absent where none does. */
  readonly ratesOn?: Readonly<Record<string, string>>
  /** In ascending order of name. */
  readonly regions: readonly CatalogueRegion[]
  /** In ascending order of (from, to). */
  readonly links: readonly CatalogueLink[]
  /** In ascending order of name. */
  readonly deviceModels: readonly DeviceModel[]
}

export const providers = ['aws', 'azure', 'gcp', 'onprem', 'tencent'] as const
export type Provider = (typeof providers)[number]

export const markets = ['on-demand', 'spot'] as const
/** How capacity is bought: spot is cheaper and may be taken away. */
export type Market = (typeof markets)[number]

/** What a cloud says of how much is left. */
export const stocks = ['unknown', 'enough', 'low', 'none'] as const

export type CatalogueRegion = {
  readonly name: string
  readonly provider: Provider
  /** Degrees north and east, for maps; null where nobody knows. */
  readonly coordinates: { readonly latitude: number; readonly longitude: number } | null
  /** In ascending order of (deviceModel, market, instanceType, zone); one each. Nothing is offered that has no price. */
  readonly prices: readonly Price[]
  /** Of an object store in the region; null where it is not known. */
  readonly storageUsdPerGbMonth: number | null
}

export type Price = {
  readonly deviceModel: string
  readonly market: Market
  /** '' is any machine with such a device. */
  readonly instanceType: string
  /** '' is every zone of the region. */
  readonly zone: string
  /** Of one unit: a GPU with its share of the host, or one vCPU. */
  readonly usdPerUnitHour: number
  /** The same in the currency that its source states. */
  readonly perUnitHour: number
  readonly currency: string
  /** The day the source had it from, ISO 8601. */
  readonly pricedOn: string
  /** Times that such capacity is taken away in an hour, on average; 0 on demand. */
  readonly lossesPerHour: number
  readonly stock: (typeof stocks)[number]
}

export type CatalogueLink = {
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
  readonly roundTripMs: number
  readonly egress: EgressPrice
}

/** What the sender pays. Tiers ascend; the last one has no end. */
export type EgressPrice =
  /** For bytes; GB is 1e9 bytes, and tiers count a calendar month. */
  | {
      readonly kind: 'per-gb'
      readonly tiers: readonly { readonly upToGb: number | null; readonly usdPerGb: number }[]
    }
  /** For the 95th percentile of a calendar month's five-minute means, as Tencent Cloud's Cloud Connect Network has it. */
  | {
      readonly kind: 'p95-month'
      readonly tiers: readonly { readonly upToMbit: number | null; readonly usdPerMbitMonth: number }[]
    }

export type DeviceModel = {
  readonly name: string
  /** Throughput of one unit relative to one "cpu" unit, for plans without a declared or measured figure. */
  readonly relativeSpeed: number
  /** The most that one of this model has; absent where nobody says, and for CPUs, which use their host's. */
  readonly memoryGib?: number
}
