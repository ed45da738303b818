// Two plans side by side: only what differs.
import type { Difference } from '../plan/differences.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'

export function renderDifferences(
  differences: readonly Difference[],
  heads: readonly [before: string, after: string],
  style: Style,
): string {
  const hasChange = differences.some(({ change }) => change !== '')
  return renderTable(
    [
      { head: 'what differs' },
      { head: heads[0] },
      { head: heads[1] },
      ...(hasChange ? [{ head: 'change', align: 'right' as const }] : []),
    ],
    differences.map(({ what, before, after, change }) => [what, before, after, ...(hasChange ? [change] : [])]),
    style,
  )
}
