// What differs between two plans of one job, as a person would say it. Nothing means that they are the same to the last figure,
// but for when they were made and why.
import type { Forecast__Output } from '#proto/generated/cloudless/v1/Forecast.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { enumWord } from '../json.ts'
import { devicesText, exchangeText, placeText } from '../render/plan.ts'
import { formatBytes, formatPercent, formatSeconds, formatUsd } from '../units.ts'

export type Difference = {
  readonly what: string
  readonly before: string
  readonly after: string
  /** For example "-12 %"; '' where that means nothing. */
  readonly change: string
}

/** Where there is nothing: no region, no plan. */
const none = '-'

export function differencesOf(before: Plan__Output, after: Plan__Output): readonly Difference[] {
  const all = [
    ...texts('outcome', enumWord(before.outcome), enumWord(after.outcome)),
    ...texts('policy', before.policy, after.policy),
    // A what-if's own catalogue is no news.
    ...(after.catalogHash === '' ? [] : texts('catalogue', catalogueText(before), catalogueText(after))),
    ...forecasts(before.forecast, after.forecast),
    ...byName(unitsByPlace(before), unitsByPlace(after)),
    ...byName(dataByPlace(before), dataByPlace(after)),
    ...texts('exchange', exchange(before), exchange(after)),
    ...texts('slowest region', before.bottleneckRegion || none, after.bottleneckRegion || none),
    ...texts('why not', whyNot(before), whyNot(after)),
    ...byName(reasons(before), reasons(after)),
  ]
  if (all.length > 0 || isSamePlan(before, after)) return all
  return [{ what: 'other figures', before: 'differ', after: 'in --json', change: '' }]
}

/** All but when and why it was made. */
export function isSamePlan(a: Plan__Output, b: Plan__Output): boolean {
  const content = ({ version: _v, plannedAtMs: _p, cause: _c, ...rest }: Plan__Output): string => canonical(rest)
  return content(a) === content(b)
}

function catalogueText({ catalogVersion, catalogHash }: Plan__Output): string {
  return `${catalogVersion} ${catalogHash.slice(0, 12)}`.trim()
}

/** Independent of the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

const figures: readonly (readonly [string, (forecast: Forecast__Output) => number, (value: number) => string])[] = [
  ['time', ({ seconds }) => seconds, formatSeconds],
  ['total', ({ totalUsd }) => totalUsd, formatUsd],
  ['compute', ({ computeUsd }) => computeUsd, formatUsd],
  ['egress', ({ egressUsd }) => egressUsd, formatUsd],
  ['moving data', ({ movementUsd }) => movementUsd, formatUsd],
  ['storage', ({ storageUsd }) => storageUsd, formatUsd],
  ['spot loss', ({ spotLossUsd }) => spotLossUsd, formatUsd],
  ['WAN', ({ wanBytes }) => wanBytes, formatBytes],
]

function forecasts(before: Forecast__Output | null, after: Forecast__Output | null): readonly Difference[] {
  return figures.flatMap(([what, of, format]) => {
    const [a, b] = [before === null ? null : of(before), after === null ? null : of(after)]
    if ((a ?? 0) === (b ?? 0)) return []
    const percent = a === null || b === null || a === 0 ? '' : signed(b / a - 1)
    return [{ what, before: a === null ? none : format(a), after: b === null ? none : format(b), change: percent }]
  })
}

function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${formatPercent(share)}`
}

function texts(what: string, before: string, after: string): readonly Difference[] {
  return before === after ? [] : [{ what, before, after, change: '' }]
}

function byName(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly Difference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((name) => texts(name, before.get(name) ?? none, after.get(name) ?? none))
}

function unitsByPlace({ partitions }: Plan__Output): ReadonlyMap<string, string> {
  return new Map(partitions.map((partition) => [placeText(partition), devicesText(partition.allocations)]))
}

function dataByPlace({ partitions }: Plan__Output): ReadonlyMap<string, string> {
  return new Map(
    partitions.flatMap(({ place, region, dataRegions }) =>
      dataRegions.map((from) => [`data of ${from}`, place === '' ? region : place] as const),
    ),
  )
}

/** Of a plan that is not placed. */
function whyNot({ outcome, reasons: all }: Plan__Output): string {
  if (outcome === 'PLAN_OUTCOME_PLACED') return none
  const refused = all.filter(({ rule }) => rule !== 'ready' && rule !== 'no-data')
  return [...new Set(refused.map(({ text }) => text))].join('; ') || none
}

/** Of regions that a placed plan does not use: those that it uses say it with their units. */
function reasons({ outcome, reasons: all }: Plan__Output): ReadonlyMap<string, string> {
  if (outcome !== 'PLAN_OUTCOME_PLACED') return new Map()
  return new Map(
    all.filter(({ chosen, rule }) => !chosen && !isUsual(rule)).map(({ region, rule }) => [`why not ${region}`, rule]),
  )
}

/** That one region is cheaper than another is no news. */
function isUsual(rule: string): boolean {
  return rule === 'not-better' || rule === 'data-moved' || rule === 'no-data'
}

function exchange({ exchange: given }: Plan__Output): string {
  return given === null ? none : exchangeText(given)
}
