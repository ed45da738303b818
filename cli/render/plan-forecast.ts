// What a plan will take and cost, part by part, beside what else was considered.
import type { Forecast__Output } from '#proto/generated/cloudless/v1/Forecast.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Style } from '../output.ts'
import { renderTable, type Column } from '../table.ts'
import { formatBytes, formatPercent, formatSeconds, formatUsd } from '../units.ts'

/** The size of the model is measured in the function's first run. */
export function isWireKnown({ partitions, forecast, movements }: Plan__Output): boolean {
  const moved = movements.reduce((sum, { bytes }) => sum + bytes, 0)
  return partitions.length < 2 || (forecast?.wanBytes ?? 0) > moved
}

/** Parts of the cost; those that are 0 in every row are left out. */
const parts: readonly (readonly [string, (forecast: Forecast__Output) => number, boolean])[] = [
  ['compute', (forecast) => forecast.computeUsd, true],
  ['egress', (forecast) => forecast.egressUsd, true],
  ['moving data', (forecast) => forecast.movementUsd, false],
  ['storage', (forecast) => forecast.storageUsd, false],
  ['spot loss', (forecast) => forecast.spotLossUsd, false],
]

type Row = { readonly name: string; readonly forecast: Forecast__Output | null; readonly text: string }

export function forecastTable(plan: Plan__Output, style: Style): string {
  const rows = rowsOf(plan)
  const isKnown = isWireKnown(plan)
  const shown = parts.filter(
    ([, of, isAlways]) => isAlways || rows.some(({ forecast }) => forecast !== null && of(forecast) > 0),
  )
  const hasText = rows.some(({ text }) => text !== '')
  const right = (head: string): Column => ({ head, align: 'right' })
  const columns: readonly Column[] = [
    { head: 'forecast' },
    right('time'),
    ...shown.map(([name]) => right(name)),
    right('total'),
    right('WAN'),
    ...(hasText ? [{ head: 'compared' }] : []),
  ]
  const cells = ({ name, forecast, text }: Row): readonly string[] => {
    const compared = hasText ? [text] : []
    if (forecast === null) return [name, ...columns.slice(1, hasText ? -1 : undefined).map(() => '-'), ...compared]
    return [
      name,
      formatSeconds(forecast.seconds),
      ...shown.map(([part, of]) => (part === 'egress' && !isKnown ? 'unknown' : formatUsd(of(forecast)))),
      formatUsd(forecast.totalUsd),
      isKnown ? formatBytes(forecast.wanBytes) : 'unknown',
      ...compared,
    ]
  }
  return [renderTable(columns, rows.map(cells), style), ...notes(plan, isKnown)].join('\n')
}

/** The plan, then the alternatives; use-everything also where the policy has weighed none. */
function rowsOf({ forecast, forecastUseEverything: everything, alternatives }: Plan__Output): readonly Row[] {
  const own = forecast === null ? [] : [{ name: 'this plan', forecast, text: '' }]
  const isListed = alternatives.some(({ name }) => name === 'use-everything')
  const baseline = isListed || everything === null ? [] : [{ name: 'use-everything', forecast: everything, text: '' }]
  return [
    ...own,
    ...baseline,
    ...alternatives.map(({ name, forecast: each, text }) => ({ name, forecast: each, text })),
  ]
}

function notes({ forecast, forecastUseEverything: everything }: Plan__Output, isKnown: boolean): readonly string[] {
  if (forecast === null) return []
  const saving = everything === null || everything.totalUsd <= 0 ? 0 : 1 - forecast.totalUsd / everything.totalUsd
  return [
    ...(isKnown
      ? []
      : ['WAN traffic and egress are known after the first run of this function; until then totals are without them']),
    sourceText[forecast.throughputSource] ?? '',
    ...(everything === null ? [] : [`saving ${formatPercent(saving)} against using everything`]),
  ].filter((text) => text !== '')
}

const sourceText: Readonly<Record<string, string>> = {
  declared: 'speeds are as the job declares them',
  measured: 'speeds are as earlier runs measured them',
  nominal: 'speeds are estimates of the catalogue until a run has measured them',
}
