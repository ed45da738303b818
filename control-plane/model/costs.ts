// What jobs cost, added up and compared. Everything here is computed from ledger entries; nothing of it is billed.
import type { UsageKind, UsagePurpose } from './ledger.ts'
import type { Forecast } from './plan.ts'

export const hourMs = 3_600_000
export const dayMs = 86_400_000
/** Clouds bill by 95th percentile of means over so long. */
export const billingBinMs = 300_000

/** What went over a link in five minutes. */
export type TrafficBin = { readonly atMs: number; readonly bytes: number }

/** All entries that are alike but for instance and time within an hour, or a day. */
export type LedgerCell = {
  readonly jobId: string
  /** The beginning of the hour, or the day, in which their windows began. */
  readonly hourMs: number
  readonly region: string
  readonly kind: UsageKind
  readonly subject: string
  readonly attempt: number
  readonly purpose: UsagePurpose
  readonly catalogHash: string
  readonly quantity: number
  readonly amountUsd: number
  readonly entries: number
  /** As in entries. */
  readonly leftSeconds: number
}

/** What a job's entries can be grouped by beside what they hold themselves. */
export type JobFacts = {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly strategy: string
}

export const costDimensions = [
  'region',
  'kind',
  'attempt',
  'strategy',
  'market',
  'purpose',
  'owner',
  'device',
  'link',
  'job',
] as const
export type CostDimension = (typeof costDimensions)[number] | `label:${string}`

/** Null for a word that is none. */
export function dimensionNamed(word: string): CostDimension | null {
  if (word.startsWith('label:') && word.length > 'label:'.length) return word as CostDimension
  return costDimensions.find((each) => each === word) ?? null
}

export type CostAmounts = {
  readonly totalUsd: number
  readonly computeUsd: number
  /** WAN bytes for anything but moving data. */
  readonly egressUsd: number
  /** WAN bytes that moved data. */
  readonly movementUsd: number
  readonly storageUsd: number
  /** Of compute. */
  readonly startUsd: number
  readonly redoUsd: number
  readonly idleUsd: number
  readonly deviceSeconds: number
  readonly wanBytes: number
  readonly storageGbMonths: number
  readonly entries: number
  /** Of shares of GPUs: what others had of them, or nobody. */
  readonly leftSeconds: number
}

export type CostGroup = {
  /** One value per dimension; '' where it means nothing. */
  readonly key: readonly string[]
  readonly amounts: CostAmounts
  /** Of the total. */
  readonly share: number
}

/** A stretch of time in which an attempt's use was metered without a hole. */
export type MeteredSpan = {
  readonly jobId: string
  readonly instanceId: string
  readonly region: string
  readonly attempt: number
  readonly fromMs: number
  readonly toMs: number
}

/** When an instance ran and nobody told of its use. */
export type UsageGap = MeteredSpan & {
  /** It has not ended. */
  readonly isOpen: boolean
  /** At the instance's price; in no sum. */
  readonly estimatedUsd: number
}

export type Counterfactual = {
  readonly name: 'use-everything' | 'single-region' | 'asgd' | 'on-demand' | 'exclusive'
  /** False: it can not be told, or could not have been done; the text says why, and the figures are 0. */
  readonly isKnown: boolean
  /** False: the job file forbids it; the figures are what it would have cost. */
  readonly isAllowed: boolean
  /** Of single-region. */
  readonly region: string
  readonly seconds: number
  readonly computeUsd: number
  readonly egressUsd: number
  readonly movementUsd: number
  readonly storageUsd: number
  readonly totalUsd: number
  /** 1 - actual / total; 0 where there is nothing to compare. */
  readonly saving: number
  readonly text: string
}

export type JobCost = JobFacts & {
  readonly policy: string
  readonly state: string
  readonly isFinal: boolean
  readonly startedAtMs: number
  /** From the start to the end or to now, without the time before a resumption. */
  readonly seconds: number
  readonly amounts: CostAmounts
  /** Of all of its work; null where nobody knows. */
  readonly forecast: Forecast | null
  readonly planVersion: number
  readonly counterfactuals: readonly Counterfactual[]
}

/** One counterfactual over all jobs for which it is known. */
export type Comparison = {
  readonly name: Counterfactual['name']
  readonly jobs: number
  /** Of those, that were not allowed to. */
  readonly forbidden: number
  readonly totalUsd: number
  readonly actualUsd: number
  readonly saving: number
}

export type LinkMonth = {
  readonly fromRegion: string
  readonly toRegion: string
  /** For example "2026-11", in UTC. */
  readonly month: string
  /** '' where the catalogue has no price. */
  readonly priceKind: 'per-gb' | 'p95-month' | ''
  /** Of all jobs. */
  readonly bytes: number
  readonly p95MbitPerSecond: number
  /** Days with traffic. */
  readonly days: number
  readonly billUsd: number
  readonly ledgerUsd: number
}

/** Of the total so far. */
export type CostPoint = {
  readonly atMs: number
  readonly totalUsd: number
  /** In the order of the groups. */
  readonly groupUsd: readonly number[]
}

/** The first moment of the month in which a moment lies. */
export function monthOf(atMs: number): number {
  const date = new Date(atMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

/** For example "2026-11". */
export function monthName(monthMs: number): string {
  return new Date(monthMs).toISOString().slice(0, 7)
}
