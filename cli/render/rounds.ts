// Rounds as a person reads them: a table per region, newest last, so that what just happened stands above the prompt.
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBrief, formatBytes, formatCount, formatDayTime, formatPercent, formatSteps } from '../units.ts'

export function renderRounds(rounds: readonly Round__Output[], lastOnly: number, style: Style): string {
  if (rounds.length === 0) return 'no rounds yet'
  const byRegion = Map.groupBy(rounds, ({ region }) => region)
  return [...byRegion].map(([region, own]) => renderRegion(region, own, lastOnly, style)).join('\n\n')
}

function renderRegion(region: string, rounds: readonly Round__Output[], lastOnly: number, style: Style): string {
  const shown = lastOnly === 0 ? rounds : rounds.slice(-lastOnly)
  const total = rounds.reduce((count, round) => count + weight(round), 0)
  const left = rounds.length - shown.length
  const head = `${style.bold(region)}  ${formatCount(total)} rounds${left > 0 ? style.dim(`, the last ${shown.length} records`) : ''}`
  // Regions that do not wait for each other have no hub, and most strategies no fragments.
  const hasHub = shown.some(({ hub }) => hub !== '')
  const hasFragments = shown.some(({ fragments }) => fragments > 1)
  const table = renderTable(
    [
      { head: 'round', align: 'right' },
      { head: 'at' },
      { head: 'members', align: 'right' },
      ...(hasHub ? [{ head: 'hub' }] : []),
      { head: 'codec' },
      ...(hasFragments ? [{ head: 'fragment', align: 'right' } as const] : []),
      { head: 'sent', align: 'right' },
      { head: 'received', align: 'right' },
      { head: 'took', align: 'right' },
      { head: 'waited', align: 'right' },
      { head: 'stale', align: 'right' },
      { head: 'codec loss', align: 'right' },
      { head: 'without' },
    ],
    shown.map((round) => [
      roundName(round),
      formatDayTime(round.atMs),
      membersText(round),
      ...(hasHub ? [round.hub] : []),
      round.codec,
      ...(hasFragments ? [round.fragments > 1 ? `${round.fragment + 1}/${round.fragments}` : '-'] : []),
      formatBytes(round.bytesSent),
      formatBytes(round.bytesReceived),
      formatBrief(round.exchangeSeconds),
      formatBrief(round.stallSeconds),
      formatSteps(round.stalenessSteps),
      formatPercent(round.codecError),
      withoutText(round),
    ]),
    style,
  )
  return `${head}\n${table}`
}

/** Of all that the record tells of. */
export function membersText({ members, absent }: Pick<Round__Output, 'members' | 'absent'>): string {
  const all = new Set([...members, ...Object.keys(absent)])
  return `${members.length}/${all.size}`
}

/** By the number that all regions share, where there is one. Several rounds that were merged read as a range. */
export function roundName(round: Round__Output): string {
  const [first, last] = [firstRound(round), lastRound(round)]
  return first === last ? String(last) : `${first}-${last}`
}

export function lastRound({ round, number }: Pick<Round__Output, 'round' | 'number'>): number {
  return round > 0 ? round : number
}

export function firstRound({ round, number, rounds, firstRound: first, firstNumber }: Round__Output): number {
  if (rounds <= 1) return round > 0 ? round : number
  return round > 0 ? first : firstNumber
}

export function weight(round: Pick<Round__Output, 'rounds'>): number {
  return Math.max(1, round.rounds)
}

export function withoutText(round: Round__Output): string {
  return Object.entries(round.absent)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, why]) => {
      const share = weight(round) > 1 ? `${round.absentRounds[region] ?? 1} of ${weight(round)} rounds` : ''
      const details = [share, why].filter((text) => text !== '').join(', ')
      return details === '' ? region : `${region} (${details})`
    })
    .join('; ')
}
