// Cells by what was asked for. Every cell is in exactly one group, so grouping moves money about and makes none.
import { classNamed } from '#control-plane/model/device-class.ts'
import type { CostDimension, CostGroup, JobFacts, LedgerCell } from '#control-plane/model/costs.ts'
import { amountsOf } from './amounts.ts'

export type FactsOf = ReadonlyMap<string, JobFacts>

/** The dearest first; of equals the lower key. */
export function groupCosts(
  cells: readonly LedgerCell[],
  facts: FactsOf,
  by: readonly CostDimension[],
): readonly CostGroup[] {
  const total = amountsOf(cells).totalUsd
  const groups = Map.groupBy(cells, (cell) => JSON.stringify(groupKey(cell, facts, by)))
  return [...groups]
    .map(([key, own]): CostGroup => {
      const amounts = amountsOf(own)
      return { key: JSON.parse(key) as string[], amounts, share: total > 0 ? amounts.totalUsd / total : 0 }
    })
    .sort((a, b) => b.amounts.totalUsd - a.amounts.totalUsd || (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1))
}

export function groupKey(cell: LedgerCell, facts: FactsOf, by: readonly CostDimension[]): readonly string[] {
  return by.map((dimension) => valueOf(cell, facts.get(cell.jobId), dimension))
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive but for labels
function valueOf(cell: LedgerCell, facts: JobFacts | undefined, dimension: CostDimension): string {
  switch (dimension) {
    case 'region':
      return cell.region
    case 'kind':
      return cell.kind
    case 'attempt':
      return cell.attempt === 0 ? '' : String(cell.attempt)
    case 'purpose':
      return cell.purpose
    case 'market':
      return cell.kind === 'device-seconds' ? classNamed(cell.subject).market : ''
    case 'device':
      return cell.kind === 'device-seconds' ? cell.subject : ''
    case 'link':
      return cell.kind === 'wan-bytes' ? `${cell.region} -> ${cell.subject}` : ''
    case 'job':
      return cell.jobId
    case 'strategy':
      return facts?.strategy ?? ''
    case 'owner':
      return facts?.owner ?? ''
    default:
      return facts?.labels[dimension.slice('label:'.length)] ?? ''
  }
}
