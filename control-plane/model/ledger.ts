// Metered use times a pinned price, and the report that is made of it.
import type { Forecast } from './plan.ts'

export type UsageKind =
  | 'device-seconds' // seconds × units of a device
  | 'wan-bytes' // bytes sent over a directed link; the sender pays
  | 'storage-byte-seconds' // bytes kept × seconds

/** '' is of an agent that does not tell. */
export const usagePurposes = ['', 'train', 'start', 'redo', 'idle', 'sync', 'data', 'checkpoint', 'serve'] as const
export type UsagePurpose = (typeof usagePurposes)[number]

/** What an agent metered in one window. */
export type Usage = {
  /** Stable: the same window of the same meter always makes the same id. */
  readonly id: string
  readonly jobId: string
  readonly instanceId: string
  /** The region that metered it. */
  readonly region: string
  readonly kind: UsageKind
  /** Class key for device seconds; receiving region for WAN bytes; what is kept for storage. */
  readonly subject: string
  readonly quantity: number
  readonly fromMs: number
  readonly toMs: number
  /** Which start of the instance this was; 0 where that means nothing. */
  readonly attempt: number
  readonly purpose: UsagePurpose
}

export type LedgerEntry = Usage & {
  /** USD per unit-hour for device seconds; USD per GB (1e9 bytes) for WAN bytes; USD per GB-month for storage. */
  readonly unitPriceUsd: number
  /** The same in the currency that its source states. */
  readonly unitPrice: number
  readonly currency: string
  readonly amountUsd: number
  /** The catalogue that the price is from. */
  readonly catalogHash: string
  /** Of shares of GPUs: device-seconds of the same GPUs in the same time that others had, or nobody; absent for none. */
  readonly leftSeconds?: number
}

export type RegionCost = {
  readonly region: string
  readonly deviceSeconds: number
  readonly computeUsd: number
  readonly wanBytesSent: number
  readonly egressUsd: number
  readonly storageUsd: number
  readonly totalUsd: number
}

export type LinkCost = {
  readonly fromRegion: string
  readonly toRegion: string
  readonly bytes: number
  readonly usdPerGb: number
  readonly egressUsd: number
}

export type CostReport = {
  readonly jobId: string
  readonly seconds: number
  readonly computeUsd: number
  /** Of all WAN bytes, those that moved data among them. */
  readonly egressUsd: number
  readonly storageUsd: number
  readonly totalUsd: number
  /** In ascending order of region. */
  readonly regions: readonly RegionCost[]
  /** In ascending order of (from, to). */
  readonly links: readonly LinkCost[]
  readonly forecast: Forecast | null
  readonly forecastUseEverything: Forecast | null
  /** Every free unit of the regions with data, held as long as this run held its own, and this run's egress and storage. */
  readonly useEverythingUsd: number
  /** 1 - total / useEverything; 0 when there is nothing to compare. */
  readonly saving: number
  readonly isFinal: boolean
  readonly catalogVersion: string
  readonly catalogHash: string
}
