// What a job has cost: the sum of its ledger entries, by region and by link, against its forecast and against the
// use-everything plan. Entries may come in any order and more than once; they are counted once by id and added in
// ascending order of id, so that the same ledger always gives the same sums to the last bit.
import type { CostReport, LedgerEntry, LinkCost, RegionCost } from '#control-plane/model/ledger.ts'
import type { Plan } from '#control-plane/model/plan.ts'

export type CostReportInput = {
  readonly jobId: string
  readonly entries: Iterable<LedgerEntry>
  readonly plan: Plan | null
  /** From the start of the job to its end, or to now. */
  readonly seconds: number
  readonly isFinal: boolean
}

export function costReport(input: CostReportInput): CostReport {
  const entries = distinct(input.entries, input.jobId)
  const compute = entries.filter((entry) => entry.kind === 'device-seconds')
  const wan = entries.filter((entry) => entry.kind === 'wan-bytes')
  const computeUsd = sum(compute, (entry) => entry.amountUsd)
  const egressUsd = sum(wan, (entry) => entry.amountUsd)
  const totalUsd = computeUsd + egressUsd
  const useEverythingUsd = everythingUsd(input.plan, computeUsd, input.seconds) + egressUsd
  return {
    jobId: input.jobId,
    seconds: input.seconds,
    computeUsd,
    egressUsd,
    totalUsd,
    regions: regionCosts(compute, wan),
    links: linkCosts(wan),
    forecast: input.plan?.forecast ?? null,
    forecastUseEverything: input.plan?.forecastUseEverything ?? null,
    useEverythingUsd,
    saving: useEverythingUsd > 0 ? 1 - totalUsd / useEverythingUsd : 0,
    isFinal: input.isFinal,
    catalogVersion: input.plan?.catalogVersion ?? '',
    catalogHash: input.plan?.catalogHash ?? '',
  }
}

function distinct(entries: Iterable<LedgerEntry>, jobId: string): readonly LedgerEntry[] {
  const byId = new Map<string, LedgerEntry>()
  for (const entry of entries) if (entry.jobId === jobId && !byId.has(entry.id)) byId.set(entry.id, entry)
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function sum(entries: readonly LedgerEntry[], value: (entry: LedgerEntry) => number): number {
  return entries.reduce((total, entry) => total + value(entry), 0)
}

/**
 * Compute cost of every unit, held as long as this run held its own on average (start-up and ramp-down included): the
 * run's cost times the ratio of the hourly rates. A run of the use-everything plan therefore saves exactly nothing.
 */
function everythingUsd(plan: Plan | null, computeUsd: number, seconds: number): number {
  if (plan?.forecast == null || plan.forecastUseEverything == null) return computeUsd
  const planned = rateOf(plan.forecast)
  const everything = rateOf(plan.forecastUseEverything)
  return planned > 0 ? computeUsd * (everything / planned) : everything * seconds
}

/** USD per second while all planned units are held. */
function rateOf({ computeUsd, seconds }: { readonly computeUsd: number; readonly seconds: number }): number {
  return seconds > 0 ? computeUsd / seconds : 0
}

function regionCosts(compute: readonly LedgerEntry[], wan: readonly LedgerEntry[]): readonly RegionCost[] {
  const computeBy = Map.groupBy(compute, (entry) => entry.region)
  const wanBy = Map.groupBy(wan, (entry) => entry.region)
  const regions = [...new Set([...computeBy.keys(), ...wanBy.keys()])].sort()
  return regions.map((region): RegionCost => {
    const computeHere = computeBy.get(region) ?? []
    const wanHere = wanBy.get(region) ?? []
    const computeUsd = sum(computeHere, (entry) => entry.amountUsd)
    const egressUsd = sum(wanHere, (entry) => entry.amountUsd)
    return {
      region,
      deviceSeconds: sum(computeHere, (entry) => entry.quantity),
      computeUsd,
      wanBytesSent: sum(wanHere, (entry) => entry.quantity),
      egressUsd,
      totalUsd: computeUsd + egressUsd,
    }
  })
}

function linkCosts(wan: readonly LedgerEntry[]): readonly LinkCost[] {
  const byLink = Map.groupBy(wan, (entry) => `${entry.region} ${entry.subject}`)
  return [...byLink.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entries]): LinkCost => {
      const bytes = sum(entries, (entry) => entry.quantity)
      const egressUsd = sum(entries, (entry) => entry.amountUsd)
      // Should the price have changed during the run, this is what the bytes cost on average.
      const prices = new Set(entries.map((entry) => entry.unitPriceUsd))
      const usdPerGb = prices.size === 1 || bytes === 0 ? entries[0]!.unitPriceUsd : (egressUsd / bytes) * 1e9
      return { fromRegion: entries[0]!.region, toRegion: entries[0]!.subject, bytes, usdPerGb, egressUsd }
    })
}
