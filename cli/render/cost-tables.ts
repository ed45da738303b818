// The tables of a cost report as words: what its text and its page both show.
import type { CostAmounts__Output } from '#proto/generated/cloudless/v1/CostAmounts.ts'
import type { Costs__Output } from '#proto/generated/cloudless/v1/Costs.ts'
import type { JobCost__Output } from '#proto/generated/cloudless/v1/JobCost.ts'
import type { Money } from '../money.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatTime } from '../units.ts'

export type CostTable = {
  /** Words to the left, numbers to the right. */
  readonly words: readonly string[]
  readonly numbers: readonly string[]
  /** A row has its words first. */
  readonly rows: readonly (readonly string[])[]
}

export function groupTable(costs: Costs__Output, money: Money): CostTable {
  const { groupBy, groups } = costs
  const ofGpu = isShared(costs) ? ['share of GPU'] : []
  return {
    words: groupBy,
    numbers: ['total', 'share', 'compute', 'egress', 'data moved', 'storage', 'device-seconds', ...ofGpu, 'sent'],
    rows: groups.map(({ key, amounts, share }) => [
      ...key.map((each) => each || '-'),
      ...figures(costs, amounts, share, money),
    ]),
  }
}

/** The last row of the groups. */
export function totalRow(costs: Costs__Output, money: Money): readonly string[] {
  return [...costs.groupBy.map((_, i) => (i === 0 ? 'total' : '')), ...figures(costs, costs.total, 1, money)]
}

/** Some of it had GPUs in shares. */
function isShared({ total }: Costs__Output): boolean {
  return (total?.leftSeconds ?? 0) > 0
}

function figures(
  costs: Costs__Output,
  amounts: CostAmounts__Output | null,
  share: number,
  money: Money,
): readonly string[] {
  return [
    money.format(amounts?.totalUsd ?? 0),
    formatPercent(share),
    money.format(amounts?.computeUsd ?? 0),
    money.format(amounts?.egressUsd ?? 0),
    money.format(amounts?.movementUsd ?? 0),
    money.format(amounts?.storageUsd ?? 0),
    formatCount(amounts?.deviceSeconds ?? 0),
    ...(isShared(costs) ? [shareOfGpu(amounts)] : []),
    formatBytes(amounts?.wanBytes ?? 0),
  ]
}

/** What was used of each GPU on average, of what was shared and of what was not. */
function shareOfGpu(amounts: CostAmounts__Output | null): string {
  const { deviceSeconds = 0, leftSeconds = 0 } = amounts ?? {}
  return leftSeconds > 0 ? (deviceSeconds / (deviceSeconds + leftSeconds)).toFixed(2) : '-'
}

/** What was forecast beside what came. No rows without a forecast. */
export function forecastTable({ forecast, amounts, seconds }: JobCost__Output, money: Money): CostTable {
  const [words, numbers] = [['of the plan'], ['forecast', 'came', 'off by']]
  if (forecast === null || amounts === null) return { words, numbers, rows: [] }
  const row = (name: string, planned: number, came: number, format: (value: number) => string): readonly string[] => {
    return [name, format(planned), format(came), planned > 0 ? signed(came / planned - 1) : '-']
  }
  const isUsed = (planned: number, came: number): boolean => planned > 0 || came > 0
  const { movementUsd, storageUsd } = forecast
  const rows = [
    row('time', forecast.seconds, seconds, formatSeconds),
    // What is done again for spot capacity that was taken away is compute once it is done.
    row('compute', forecast.computeUsd + forecast.spotLossUsd, amounts.computeUsd, money.format),
    row('egress', forecast.egressUsd, amounts.egressUsd, money.format),
    ...(isUsed(movementUsd, amounts.movementUsd)
      ? [row('data moved', movementUsd, amounts.movementUsd, money.format)]
      : []),
    ...(isUsed(storageUsd, amounts.storageUsd) ? [row('storage', storageUsd, amounts.storageUsd, money.format)] : []),
    row('sent', forecast.wanBytes, amounts.wanBytes, formatBytes),
    row('total', forecast.totalUsd, amounts.totalUsd, money.format),
  ]
  return { words, numbers, rows }
}

/** Of one job: those of which it is known what they would have cost. */
export function wayTable({ counterfactuals }: JobCost__Output, money: Money): CostTable {
  return {
    words: ['instead of this run'],
    numbers: ['time', 'compute', 'egress', 'data moved', 'storage', 'cost', 'saved'],
    rows: counterfactuals
      .filter(({ known }) => known)
      .map((way) => [
        `${wayTitle(way.name)}${way.region === '' ? '' : `, ${way.region}`}${way.allowed ? '' : ' (not allowed)'}`,
        formatSeconds(way.seconds),
        money.format(way.computeUsd),
        money.format(way.egressUsd),
        money.format(way.movementUsd),
        money.format(way.storageUsd),
        money.format(way.totalUsd),
        formatPercent(way.saving),
      ]),
  }
}

/** What each of them means, or why it is not known. */
export function wayTexts({ counterfactuals }: JobCost__Output): readonly string[] {
  return counterfactuals.map(({ name, known, text }) => `${wayTitle(name)}: ${known ? '' : 'not known, '}${text}`)
}

export function comparisonTable({ comparisons }: Costs__Output, money: Money): CostTable {
  return {
    words: ['instead of what was done'],
    numbers: ['jobs', 'cost', 'these did', 'saved'],
    rows: comparisons.map(({ name, jobs, forbidden, totalUsd, actualUsd, saving }) => [
      `${wayTitle(name)}${forbidden > 0 ? ` (not allowed for ${formatCount(forbidden)})` : ''}`,
      formatCount(jobs),
      money.format(totalUsd),
      money.format(actualUsd),
      formatPercent(saving),
    ]),
  }
}

export function jobTable({ jobs }: Costs__Output, money: Money): CostTable {
  return {
    words: ['job', 'name', 'owner', 'strategy', 'state'],
    numbers: ['time', 'cost in all', 'wasted', 'forecast'],
    rows: jobs.map((job) => [
      job.jobId,
      job.name,
      job.owner || '-',
      job.strategy,
      job.state,
      formatSeconds(job.seconds),
      money.format(job.amounts?.totalUsd ?? 0),
      formatPercent(wasteShare(job.amounts)),
      job.forecast === null ? '-' : money.format(job.forecast.totalUsd),
    ]),
  }
}

export function linkTable({ linkMonths }: Costs__Output, money: Money): CostTable {
  return {
    words: ['from', 'to', 'month', 'billed by'],
    numbers: ['carried', '95th percentile', 'bill', 'in the ledger'],
    rows: linkMonths.map((each) => [
      each.fromRegion,
      each.toRegion,
      each.month,
      { 'per-gb': 'GB', 'p95-month': '95th percentile' }[each.priceKind] ?? 'no price known',
      formatBytes(each.bytes),
      each.priceKind === 'p95-month' ? `${Number(each.p95MbitPerSecond.toPrecision(3))} Mbit/s` : '-',
      money.format(each.billUsd),
      money.format(each.ledgerUsd),
    ]),
  }
}

export function gapTable({ gaps }: Costs__Output, money: Money): CostTable {
  return {
    words: ['nobody told of the use of', 'attempt', 'from', 'to'],
    numbers: ['for', 'about'],
    rows: gaps.map((gap) => [
      gap.instanceId,
      String(gap.attempt),
      formatTime(gap.fromMs),
      gap.open ? 'now' : formatTime(gap.toMs),
      formatSeconds((gap.toMs - gap.fromMs) / 1000),
      money.format(gap.estimatedUsd),
    ]),
  }
}

export function wayTitle(name: string): string {
  const titles: Readonly<Record<string, string>> = {
    'use-everything': 'use everything',
    'single-region': 'one region',
    asgd: 'ASGD every step',
    'on-demand': 'on demand',
    exclusive: 'whole GPUs',
  }
  return titles[name] ?? name
}

/** Of compute: until first steps, work that was done again, and waiting. */
export function wasteShare(amounts: CostAmounts__Output | null): number {
  if (amounts === null || amounts.computeUsd <= 0) return 0
  return (amounts.startUsd + amounts.redoUsd + amounts.idleUsd) / amounts.computeUsd
}

/** '' where nothing was computed. */
export function wasteText(amounts: CostAmounts__Output | null): string {
  if (amounts === null || amounts.computeUsd <= 0) return ''
  const share = (usd: number): string => formatPercent(usd / amounts.computeUsd)
  const { startUsd, redoUsd, idleUsd } = amounts
  return (
    `${formatPercent(wasteShare(amounts))} of compute was wasted: starting ${share(startUsd)}, ` +
    `doing work again ${share(redoUsd)}, waiting ${share(idleUsd)}`
  )
}

/** Where prices and rates are from. */
export function sourceTexts({ catalogues }: Costs__Output, { rateText }: Money): readonly string[] {
  const names = catalogues.map(({ version, hash }) => `${version || 'one'} (${hash.slice(0, 12)})`).join(', ')
  return [
    ...(names === '' ? [] : [`prices of catalogue ${names}, without tax`]),
    ...(rateText === '' ? [] : [rateText]),
  ]
}

function signed(fraction: number): string {
  return `${fraction > 0 ? '+' : ''}${formatPercent(fraction)}`
}
