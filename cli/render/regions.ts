// Regions with what they offer, and the links between them.
import type { Link__Output } from '#proto/generated/cloudless/v1/Link.ts'
import type { Region__Output } from '#proto/generated/cloudless/v1/Region.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatSeconds, formatUsd } from '../units.ts'

export function renderRegions(regions: readonly Region__Output[], style: Style, nowMs: number): string {
  return renderTable(
    [{ head: 'region' }, { head: 'agent' }, { head: 'seen' }, { head: 'offers' }],
    regions.map((region) => [region.name, agentText(region, style), seenText(region, nowMs), offersText(region)]),
    style,
  )
}

function agentText(region: Region__Output, style: Style): string {
  const colours: Readonly<Record<Region__Output['agentState'], (text: string) => string>> = {
    AGENT_STATE_CONNECTED: style.green,
    AGENT_STATE_LOST: style.red,
    AGENT_STATE_ABSENT: style.dim,
    AGENT_STATE_UNSPECIFIED: style.dim,
  }
  return colours[region.agentState](enumWord(region.agentState))
}

function seenText(region: Region__Output, nowMs: number): string {
  if (region.lastHeartbeatAtMs === 0) return '-'
  return `${formatSeconds(Math.max(0, nowMs - region.lastHeartbeatAtMs) / 1000)} ago`
}

/** What an agent has registered; the price list alone tells of models that a region could have. */
function offersText(region: Region__Output): string {
  return region.offers
    .filter(({ unitsTotal }) => unitsTotal > 0)
    .map(
      ({ deviceModel, unitsFree, unitsTotal, usdPerUnitHour }) =>
        `${unitsFree}/${unitsTotal} ${deviceModel} at ${formatUsd(usdPerUnitHour)}/h`,
    )
    .join(', ')
}

export function renderLinks(links: readonly Link__Output[], style: Style): string {
  return renderTable(
    [
      { head: 'from' },
      { head: 'to' },
      { head: 'Mbit/s', align: 'right' },
      { head: 'round trip', align: 'right' },
      { head: 'egress per GB', align: 'right' },
    ],
    links.map((link) => [
      link.fromRegion,
      link.toRegion,
      String(link.mbitPerSecond),
      `${link.roundTripMs} ms`,
      formatUsd(link.egressUsdPerGb),
    ]),
    style,
  )
}
