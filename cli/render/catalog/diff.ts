// The differences of two catalogues as text: one line for each kind, then the greatest changes.
import {
  isSameCatalogue,
  type CatalogueDiff,
  type Differences,
  type Pair,
  type PriceName,
} from '#regions/diff-catalogues.ts'
import { limits } from '../../config.ts'
import type { Style } from '../../output.ts'
import { renderTable } from '../../table.ts'
import { formatUsd } from '../../units.ts'
import { egressText } from './show.ts'

export function renderDiff(diff: CatalogueDiff, style: Style, isAll: boolean): string {
  const { before, after } = diff
  const head = `${before.version} (${before.hash.slice(0, 12)}) -> ${style.bold(after.version)} (${after.hash.slice(0, 12)})`
  if (isSameCatalogue(diff)) return `${head}\n\nno difference`
  const moved = new Set([...diff.regions.came, ...diff.regions.went].map(({ region }) => region))
  const bandwidth = withoutEnds(diff.bandwidth, moved)
  const usd = (value: number): string => formatUsd(value)
  const sections = [
    section('exchange rates', diff.rates, ({ currency }) => currency, String),
    section(
      'device models',
      diff.deviceModels,
      ({ deviceModel }) => deviceModel,
      (speed) => `speed ${speed}`,
    ),
    section(
      'memory of device models',
      diff.deviceMemory,
      ({ deviceModel }) => deviceModel,
      (gib) => `${gib} GiB`,
    ),
    section(
      'regions',
      diff.regions,
      ({ region }) => region,
      ({ storageUsdPerGbMonth: storage }) => (storage === null ? '' : `storage ${usd(storage)}/GB-month`),
    ),
    section('prices per unit-hour', diff.prices, priceName, usd),
    section('bandwidth', bandwidth, pairName, (mbit) => `${mbit} Mbit/s`),
    section('round trips', withoutEnds(diff.roundTrips, moved), pairName, (ms) => `${ms} ms`),
    section('egress', withoutEnds(diff.egress, moved), pairName, egressText),
  ]
  const shown = sections.flatMap((each) => each(style, isAll ? Number.POSITIVE_INFINITY : limits.diffRows))
  const left = countRows(diff.bandwidth) - countRows(bandwidth)
  if (left > 0) shown.push(style.dim(`and ${left} links of the regions that came or went`))
  return [head, ...shown].join('\n\n')
}

function priceName({ region, deviceModel, market, instanceType, zone }: PriceName): string {
  return [region, deviceModel, market, instanceType, zone].filter((word) => word !== '').join(' ')
}

function pairName({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${from} -> ${to}`
}

/** What becomes of a region's links when it comes or goes is no news. */
function withoutEnds<Value>(
  { came, went, changed }: Differences<Pair, Value>,
  ends: ReadonlySet<string>,
): Differences<Pair, Value> {
  const isNews = ({ from, to }: Pair): boolean => !ends.has(from) && !ends.has(to)
  return { came: came.filter(isNews), went: went.filter(isNews), changed }
}

function countRows({ came, went, changed }: Differences<Pair, unknown>): number {
  return came.length + went.length + changed.length
}

type Section = (style: Style, rowsMax: number) => readonly string[]

/** Empty where nothing differs. */
function section<Name, Value>(
  title: string,
  { came, went, changed }: Differences<Name, Value>,
  nameOf: (name: Name) => string,
  textOf: (value: Value) => string,
): Section {
  return (style, rowsMax) => {
    if (came.length + went.length + changed.length === 0) return []
    const size = (share: number | null): number => Math.abs(share ?? Number.MAX_VALUE)
    const rows = [
      ...changed
        .toSorted((a, b) => size(b.share) - size(a.share))
        .map((row) => ['~', nameOf(row), textOf(row.before), textOf(row.after), shareText(row.share, style)]),
      ...came.map((row) => [style.green('+'), nameOf(row), '', textOf(row.after), '']),
      ...went.map((row) => [style.red('-'), nameOf(row), textOf(row.before), '', '']),
    ]
    const counts = [`${changed.length} changed`, `${came.length} came`, `${went.length} went`].join(', ')
    const table = renderTable(
      [{ head: '' }, { head: title }, { head: 'before' }, { head: 'after' }, { head: 'change', align: 'right' }],
      rows.slice(0, rowsMax),
      style,
    )
    const left = rows.length - rowsMax
    const more = left > 0 ? [style.dim(`and ${left} more: --all shows them`)] : []
    return [[`${style.bold(title)}: ${counts}`, table, ...more].join('\n')]
  }
}

function shareText(share: number | null, style: Style): string {
  if (share === null) return ''
  const text = `${share > 0 ? '+' : ''}${(share * 100).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} %`
  return share > 0 ? style.red(text) : style.green(text)
}
