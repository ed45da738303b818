// What clouds bill for the months of the links that some use went over, all jobs' traffic together: a bill by 95th percentile, and
// tiers, belong to everybody's.
import { billMonth } from '#control-plane/cost/bill-month.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { monthName, monthOf, type LedgerCell, type LinkMonth } from '#control-plane/model/costs.ts'
import type { Store } from '#control-plane/store/store.ts'
import { apiConfig } from './config.ts'

/** Those that carried most first; of equals the lower names. */
export async function linkMonths(
  store: Store,
  index: CatalogueIndex,
  cells: readonly LedgerCell[],
): Promise<readonly LinkMonth[]> {
  const used = Map.groupBy(
    cells.filter(({ kind, region, subject }) => kind === 'wan-bytes' && subject !== region),
    ({ region, subject, hourMs }) => JSON.stringify([region, subject, monthOf(hourMs)]),
  )
  const busiest = [...used]
    .map(([key, own]) => ({ key, bytes: own.reduce((sum, { quantity }) => sum + quantity, 0) }))
    .sort((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1))
    .slice(0, apiConfig.costLinkMonthsMax)
  const months: LinkMonth[] = []
  for (const { key } of busiest) {
    const [fromRegion, toRegion, monthMs] = JSON.parse(key) as [string, string, number]
    const bins = await store.listLinkBins(fromRegion, toRegion, monthMs, monthOf(monthMs + 32 * 86_400_000))
    const price = index.link(fromRegion, toRegion)?.egress ?? null
    const ledger = await store.linkMonth(fromRegion, toRegion, monthMs)
    months.push({
      fromRegion,
      toRegion,
      month: monthName(monthMs),
      priceKind: price?.kind ?? '',
      ...billMonth(price, bins, monthMs),
      ledgerUsd: ledger.amountUsd,
    })
  }
  return months
}
