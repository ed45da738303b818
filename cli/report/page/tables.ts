// The report's tables.
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { regionText } from '../../render/report.ts'
import { membersText, roundName, withoutText } from '../../render/rounds.ts'
import { formatBrief, formatBytes, formatCount, formatPercent, formatSeconds, formatUsd } from '../../units.ts'
import { reportConfig } from '../config.ts'
import type { JobReport } from '../job-report.ts'
import { html, type Html } from './html.ts'
import { table, type Column } from './table.ts'

export function regionTable({ regions }: JobReport): Html {
  const columns: readonly Column[] = [
    { head: 'region' },
    { head: 'devices' },
    { head: 'data', kind: 'number' },
    { head: 'used', kind: 'number' },
    { head: 'steps', kind: 'number' },
    { head: 'rounds', kind: 'number' },
    { head: 'absent', kind: 'number' },
    { head: 'sent', kind: 'number' },
    { head: 'received', kind: 'number' },
    { head: 'waited', kind: 'number' },
    { head: 'stale steps', kind: 'number' },
    { head: 'codec loss', kind: 'number' },
    { head: 'restarts', kind: 'number' },
    { head: 'state' },
    { head: 'final model' },
  ]
  const rows = regions.map((region) => ({
    cells: [
      regionText(region),
      region.devices === '' ? '-' : region.devices,
      formatPercent(region.dataShare),
      formatPercent(region.samplesTotal > 0 ? region.samplesDone / region.samplesTotal : 0),
      formatCount(region.steps),
      formatCount(region.rounds),
      formatCount(region.absentRounds),
      formatBytes(region.bytesSent),
      formatBytes(region.bytesReceived),
      region.stallShare === null ? formatSeconds(region.stallSeconds) : formatPercent(region.stallShare),
      formatCount(region.stalenessSteps),
      formatPercent(region.codecError),
      formatCount(region.restarts),
      region.isPruned ? 'given up' : region.phase,
      region.modelHash === '' ? '-' : region.modelHash.slice(0, 12),
    ],
    isTrouble: region.isPruned || region.absentRounds > 0,
  }))
  return table('Regions', columns, rows)
}

export function costTables({ cost }: JobReport): Html {
  const regions = table(
    'Cost by region',
    [
      { head: 'region' },
      { head: 'device-seconds', kind: 'number' },
      { head: 'compute', kind: 'number' },
      { head: 'sent', kind: 'number' },
      { head: 'egress', kind: 'number' },
      { head: 'total', kind: 'number' },
    ],
    cost.regions.map((each) => ({
      cells: [
        each.region,
        formatCount(each.deviceSeconds),
        formatUsd(each.computeUsd),
        formatBytes(each.wanBytesSent),
        formatUsd(each.egressUsd),
        formatUsd(each.totalUsd),
      ],
    })),
  )
  const links = table(
    'Cost by link',
    [
      { head: 'from' },
      { head: 'to' },
      { head: 'bytes', kind: 'number' },
      { head: 'USD/GB', kind: 'number' },
      { head: 'egress', kind: 'number' },
    ],
    cost.links.map((link) => ({
      cells: [
        link.fromRegion,
        link.toRegion,
        formatBytes(link.bytes),
        formatUsd(link.usdPerGb),
        formatUsd(link.egressUsd),
      ],
    })),
  )
  return html`${regions}${cost.links.length === 0 ? null : links}`
}

export function happeningTable({ happenings }: JobReport): Html {
  if (happenings.length === 0) return html`<p>No restart, no absence, no change of hub or plan.</p>`
  const shown = happenings.slice(0, reportConfig.happeningsMax)
  const left = happenings.length - shown.length
  const columns: readonly Column[] = [
    { head: 'after' },
    { head: 'region' },
    { head: 'what' },
    { head: 'details', kind: 'wide' },
  ]
  const rows = shown.map(({ seconds, region, kind, text }) => ({
    cells: [formatSeconds(seconds), region, kind, text],
    isTrouble: kind === 'absent' || kind === 'pruned' || kind === 'failed',
  }))
  const more =
    left > 0 ? html`<p class="dim">${formatCount(left)} more are in <code>cloudless report --json</code>.</p>` : null
  return html`${table('What happened', columns, rows)}${more}`
}

export function roundTable(rounds: readonly Round__Output[]): Html {
  const newest = rounds.toSorted((a, b) => b.atMs - a.atMs || (a.region < b.region ? -1 : 1))
  const shown = newest.slice(0, reportConfig.roundsMax)
  const columns: readonly Column[] = [
    { head: 'round', kind: 'number' },
    { head: 'region' },
    { head: 'members', kind: 'number' },
    { head: 'sent', kind: 'number' },
    { head: 'received', kind: 'number' },
    { head: 'took', kind: 'number' },
    { head: 'waited', kind: 'number' },
    { head: 'stale steps', kind: 'number' },
    { head: 'codec' },
    { head: 'codec loss', kind: 'number' },
    { head: 'without', kind: 'wide' },
  ]
  const rows = shown.map((round) => ({
    cells: [
      roundName(round),
      round.region,
      membersText(round),
      formatBytes(round.bytesSent),
      formatBytes(round.bytesReceived),
      formatBrief(round.exchangeSeconds),
      formatBrief(round.stallSeconds),
      formatCount(round.stalenessSteps),
      round.codec,
      formatPercent(round.codecError),
      withoutText(round),
    ],
    isTrouble: Object.keys(round.absent).length > 0,
  }))
  return table('Rounds, newest first', columns, rows)
}
