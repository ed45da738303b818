// What a job has cost: the sum of its ledger entries, by region and by link, against its forecast and against the
// use-everything plan. Entries may come in any order and more than once; they are counted once by id and added in
// ascending order of id, so that the same ledger always gives the same sums to the last bit.
import type { CostReport, LedgerEntry, LinkCost, RegionCost } from '#control-plane/model/ledger.ts'
import type { LedgerCell } from '#control-plane/model/costs.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { amountsOf, cellsOf, distinctEntries } from './amounts.ts'

export type CostReportInput = {
  readonly jobId: string
  readonly entries: Iterable<LedgerEntry>
  readonly plan: Plan | null
  /** From the start of the job to its end, or to now. */
  readonly seconds: number
  readonly isFinal: boolean
}

export function costReport(input: CostReportInput): CostReport {
  const entries = distinctEntries([...input.entries].filter(({ jobId }) => jobId === input.jobId))
  const cells = cellsOf(entries)
  const { computeUsd, egressUsd, movementUsd, storageUsd } = amountsOf(cells)
  const otherUsd = egressUsd + movementUsd + storageUsd
  const totalUsd = computeUsd + otherUsd
  const useEverythingUsd = everythingUsd(input.plan, computeUsd, input.seconds) + otherUsd
  return {
    jobId: input.jobId,
    seconds: input.seconds,
    computeUsd,
    egressUsd: egressUsd + movementUsd,
    storageUsd,
    totalUsd,
    regions: regionCosts(cells),
    links: linkCosts(entries.filter(({ kind }) => kind === 'wan-bytes')),
    forecast: input.plan?.forecast ?? null,
    forecastUseEverything: input.plan?.forecastUseEverything ?? null,
    useEverythingUsd,
    saving: useEverythingUsd > 0 ? 1 - totalUsd / useEverythingUsd : 0,
    isFinal: input.isFinal,
    catalogVersion: input.plan?.catalogVersion ?? '',
    catalogHash: input.plan?.catalogHash ?? '',
  }
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

function regionCosts(cells: readonly LedgerCell[]): readonly RegionCost[] {
  return [...Map.groupBy(cells, ({ region }) => region)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, own]): RegionCost => {
      const { deviceSeconds, computeUsd, wanBytes, egressUsd, movementUsd, storageUsd, totalUsd } = amountsOf(own)
      return {
        region,
        deviceSeconds,
        computeUsd,
        wanBytesSent: wanBytes,
        egressUsd: egressUsd + movementUsd,
        storageUsd,
        totalUsd,
      }
    })
}

function linkCosts(wan: readonly LedgerEntry[]): readonly LinkCost[] {
  const byLink = Map.groupBy(wan, (entry) => `${entry.region} ${entry.subject}`)
  return [...byLink.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entries]): LinkCost => {
      const bytes = entries.reduce((sum, entry) => sum + entry.quantity, 0)
      const egressUsd = entries.reduce((sum, entry) => sum + entry.amountUsd, 0)
      // Should the price have changed during the run, this is what the bytes cost on average.
      const prices = new Set(entries.map((entry) => entry.unitPriceUsd))
      const usdPerGb = prices.size === 1 || bytes === 0 ? entries[0]!.unitPriceUsd : (egressUsd / bytes) * 1e9
      return { fromRegion: entries[0]!.region, toRegion: entries[0]!.subject, bytes, usdPerGb, egressUsd }
    })
}
