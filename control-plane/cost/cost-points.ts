// The total so far over time, in all and by group, in a bounded number of points: a page draws it.
import type { CostDimension, CostGroup, CostPoint, LedgerCell } from '#control-plane/model/costs.ts'
import { costConfig } from './config.ts'
import { groupKey, type FactsOf } from './group-costs.ts'

/** Something that cost at a time: a cell at the end of its hour, or an entry at the end of its window. */
export type Cost = { readonly atMs: number; readonly cell: LedgerCell }

/** In ascending order of time; the last one is the total. */
export function costPoints(
  costs: readonly Cost[],
  groups: readonly CostGroup[],
  facts: FactsOf,
  by: readonly CostDimension[],
): readonly CostPoint[] {
  const sorted = costs.toSorted((a, b) => a.atMs - b.atMs)
  const first = sorted[0]
  const last = sorted.at(-1)
  if (first === undefined || last === undefined) return []
  const place = new Map(groups.map(({ key }, i) => [JSON.stringify(key), i]))
  const groupUsd = groups.map(() => 0)
  let totalUsd = 0
  const step = Math.max(1, (last.atMs - first.atMs) / costConfig.pointsMax)
  const points: CostPoint[] = []
  sorted.forEach(({ atMs, cell }, i) => {
    totalUsd += cell.amountUsd
    const group = place.get(JSON.stringify(groupKey(cell, facts, by)))
    if (group !== undefined) groupUsd[group]! += cell.amountUsd
    const next = sorted[i + 1]
    const isDue =
      next === undefined || Math.floor((next.atMs - first.atMs) / step) > Math.floor((atMs - first.atMs) / step)
    if (isDue) points.push({ atMs, totalUsd, groupUsd: [...groupUsd] })
  })
  return points
}
