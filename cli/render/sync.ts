// How a job's regions synchronise, as a person reads it: the choice with its reason, what it costs in bytes and waiting,
// and whoever is left out. Pure: message in, text out.
import type { JobProgress__Output } from '#proto/generated/cloudless/v1/JobProgress.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { RoundTotals__Output } from '#proto/generated/cloudless/v1/RoundTotals.ts'
import type { SyncProgress__Output } from '#proto/generated/cloudless/v1/SyncProgress.ts'
import type { SyncSpec__Output } from '#proto/generated/cloudless/v1/SyncSpec.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatPercent, formatSteps } from '../units.ts'
import { renderFacts, type Fact } from './facts.ts'
import { refusalText } from './refusals.ts'
import { lastRound } from './rounds.ts'

type Region = {
  readonly region: string
  readonly progress: PartitionProgress__Output
  readonly sync: SyncProgress__Output | null
  readonly totals: RoundTotals__Output | null
}

/** Empty while no region has synchronised or said how it will. */
export function renderSync(
  progress: JobProgress__Output,
  spec: SyncSpec__Output | null,
  style: Style,
  columns: number,
): string {
  const totals = new Map(progress.roundTotals.map((each) => [each.region, each]))
  const regions = progress.partitions.map((partition): Region => ({
    region: partition.region,
    progress: partition,
    sync: partition.sync,
    totals: totals.get(partition.region) ?? null,
  }))
  if (regions.every(({ sync, totals: own }) => sync === null && own === null)) return ''
  const facts = [
    ...(meetsInRounds(spec, regions.length)
      ? [...choiceFacts(regions, spec?.strategy ?? ''), ...hubFacts(regions)]
      : sendingFacts(regions, spec?.strategy ?? '')),
    ...hearingFacts(regions),
    // Before the links: a small window shows the beginning.
    ...troubleFacts(regions),
    ...linkFacts(regions),
  ]
  return [wanTable(regions, style, columns), '', renderFacts(facts, style, columns)].join('\n')
}

/** A strategy that this version does not know is taken to. */
function meetsInRounds(spec: SyncSpec__Output | null, regions: number): boolean {
  const { settings } = resolveSync(spec ?? {}, { regions })
  return strategies.get(settings.strategy)?.parts(settings).membership !== 'independent'
}

/** Narrow windows do without what others sent. */
const wideColumns = 90

function wanTable(regions: readonly Region[], style: Style, columns: number): string {
  const isWide = columns >= wideColumns
  return renderTable(
    [
      { head: 'region' },
      { head: 'rounds', align: 'right' },
      { head: 'sent', align: 'right' },
      ...(isWide ? [{ head: 'received', align: 'right' } as const] : []),
      { head: 'every', align: 'right' },
      { head: 'waited', align: 'right' },
      { head: 'stale', align: 'right' },
      { head: 'codec loss', align: 'right' },
    ],
    regions.map(({ region, progress, sync, totals }) => [
      region,
      formatCount(progress.rounds),
      formatBytes(progress.wanBytesSent),
      ...(isWide ? [totals === null ? '-' : formatBytes(totals.bytesReceived)] : []),
      sync === null || sync.interval === 0 ? '-' : formatSteps(sync.interval),
      sync === null ? '-' : formatPercent(sync.stallShare),
      totals?.last == null ? '-' : formatSteps(totals.last.stalenessSteps),
      totals?.last == null ? '-' : formatPercent(totals.last.codecError),
    ]),
    style,
  )
}

/**
 * Regions that synchronise alike share a line; between two plans some may be ahead. Where each makes as many steps as its
 * speed allows, they are in the table alone.
 */
function choiceFacts(regions: readonly Region[], strategy: string): readonly Fact[] {
  const intervals = new Set(regions.flatMap(({ sync }) => sync?.interval ?? []))
  const every = intervals.size === 1 ? `every ${[...intervals].join('')} steps, ` : ''
  return grouped(regions, (sync) => {
    const fragments = sync.fragments > 1 ? `, ${sync.fragments} fragments` : ''
    const choice = `plan ${sync.planVersion}: ${every}${sync.codec}${fragments}`
    return sync.reason === '' ? choice : `${choice}; ${sync.reason}`
  }).map(({ names, text }) => ({ title: 'sync', text: `${strategy}, ${text}${names}` }))
}

/** Where nobody waits for anybody there is no plan and, but for the last round, no hub. */
function sendingFacts(regions: readonly Region[], strategy: string): readonly Fact[] {
  return grouped(regions, ({ interval, codec }) => {
    const when = interval <= 1 ? 'after each step' : `each ${formatSteps(interval)}`
    return `${strategy}, no rounds: every region sends ${when}, in ${codec}`
  }).map(({ names, text }) => ({ title: 'sync', text: text + names }))
}

function hubFacts(regions: readonly Region[]): readonly Fact[] {
  return grouped(regions, (sync) =>
    // Before the first election.
    sync.hub === '' && sync.term === 0
      ? null
      : `${sync.hub === '' ? 'none' : sync.hub} in term ${sync.term}, round ${sync.committedRound} committed`,
  ).map(({ names, text }) => ({ title: 'hub', text: text + names }))
}

function hearingFacts(regions: readonly Region[]): readonly Fact[] {
  const told = regions.filter(({ sync, progress }) => sync !== null && progress.phase !== 'PARTITION_PHASE_FINISHED')
  if (told.length < 2) return []
  const all = regions.map(({ region }) => region)
  const partial = told.flatMap(({ region, sync }) => {
    const missing = all.filter((other) => other !== region && sync?.hears.includes(other) !== true)
    return missing.length === 0 ? [] : [`${region} does not hear ${missing.join(', ')}`]
  })
  return [{ title: 'hearing', text: partial.length === 0 ? 'every region hears every other' : partial.join('; ') }]
}

function linkFacts(regions: readonly Region[]): readonly Fact[] {
  return regions.flatMap(({ region, sync }) => {
    const links = sync?.links ?? []
    if (links.length === 0) return []
    const text = links.map(({ fromRegion, mbitPerSecond, roundTripMs }) => {
      const rate = mbitPerSecond > 0 ? `${Number(mbitPerSecond.toPrecision(3))} Mbit/s` : 'rate unknown'
      return `from ${fromRegion} ${rate}, ${Math.round(roundTripMs)} ms`
    })
    return [{ title: 'links', text: `into ${region}: ${text.join('; ')}` }]
  })
}

function troubleFacts(regions: readonly Region[]): readonly Fact[] {
  const late = regions.flatMap(({ region, sync }) => {
    const { lateCarried: carried, lateDropped: dropped } = sync ?? { lateCarried: 0, lateDropped: 0 }
    return carried + dropped === 0 ? [] : [`${region} ${carried} carried, ${dropped} dropped`]
  })
  const refused = regions.flatMap(({ region, sync }) => {
    const reasons = Object.entries(sync?.refused ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
    return reasons.length === 0
      ? []
      : [`${region}: ${reasons.map(([why, times]) => refusalText(why, times)).join(', ')}`]
  })
  const out = regions.flatMap(({ region, totals }) => {
    const absent = Object.entries(totals?.last?.absent ?? {})
    if (absent.length === 0 || totals?.last == null) return []
    const who = absent.map(([name, why]) => (why === '' ? name : `${name} (${why})`)).join(', ')
    return [`round ${lastRound(totals.last)} at ${region} without ${who}`]
  })
  const excluded = Math.max(0, ...regions.map(({ totals }) => totals?.excludedDataShare ?? 0))
  const mean = `on average ${formatPercent(excluded)} of the data took no part in a round`
  return [
    ...(late.length === 0 ? [] : [{ title: 'late', text: late.join('; ') }]),
    ...(refused.length === 0 ? [] : [{ title: 'refused', text: refused.join('; '), isTrouble: true } as const]),
    ...(out.length === 0 ? [] : [{ title: 'absent', text: out.join('; '), isTrouble: true } as const]),
    ...(excluded === 0 ? [] : [{ title: 'excluded', text: mean, isTrouble: true } as const]),
  ]
}

/** One line per different text, with the regions that it is about when not all say the same. */
function grouped(
  regions: readonly Region[],
  describe: (sync: SyncProgress__Output) => string | null,
): readonly { readonly names: string; readonly text: string }[] {
  const told = regions.flatMap(({ region, sync }) => {
    const text = sync === null ? null : describe(sync)
    return text === null ? [] : [{ region, text }]
  })
  const byText = Map.groupBy(told, ({ text }) => text)
  return [...byText].map(([text, group]) => ({
    text,
    names: byText.size === 1 ? '' : ` (${group.map(({ region }) => region).join(', ')})`,
  }))
}
