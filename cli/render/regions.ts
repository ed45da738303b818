// Regions with what they offer, and the links between them.
import type { Link__Output } from '#proto/generated/cloudless/v1/Link.ts'
import type { ListRegionsResponse__Output } from '#proto/generated/cloudless/v1/ListRegionsResponse.ts'
import type { Offer__Output } from '#proto/generated/cloudless/v1/Offer.ts'
import type { Region__Output } from '#proto/generated/cloudless/v1/Region.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatCount, formatSeconds, formatUsd } from '../units.ts'
import { deviceText } from './plan.ts'

export function renderRegions(
  { regions, catalogVersion, fetchedLayers }: ListRegionsResponse__Output,
  { isAll }: { readonly isAll: boolean },
  style: Style,
  nowMs: number,
): string {
  const isThere = ({ agentState }: Region__Output): boolean => agentState !== 'AGENT_STATE_ABSENT'
  const shown = isAll ? regions : regions.filter(isThere)
  const left = regions.length - shown.length
  const table = renderTable(
    [{ head: 'region' }, { head: 'agent' }, { head: 'seen' }, { head: 'offers' }],
    shown.map((region) => [region.name, agentText(region, style), seenText(region, nowMs), offersText(region)]),
    style,
  )
  const notes = [
    ...(left === 0
      ? []
      : [`${formatCount(left)} more in catalogue ${catalogVersion} without an agent; --all lists them`]),
    ...fetchedLayers.map(({ id, fetchedAtMs, isStale }) => {
      const age = `prices of ${id} are ${formatSeconds(Math.max(0, nowMs - fetchedAtMs) / 1000)} old`
      return isStale ? style.yellow(`${age}: stale`) : age
    }),
  ]
  return [...(shown.length === 0 ? ['no region has an agent yet'] : [table]), ...notes].join('\n')
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
      (offer) =>
        `${offer.unitsFree}/${offer.unitsTotal} ${deviceText(offer)}${sharesText(offer)} at ${priceText(offer)}`,
    )
    .join(', ')
}

/** The same GPUs in shares, where some are shared. */
function sharesText({ shares, unitsFree }: Offer__Output): string {
  if (shares === null || shares.leftMilli === 1000 * unitsFree) return ''
  return ` (or ${shares.leftMilli / 1000} in shares of up to ${shares.largestMilli / 1000})`
}

function priceText({ usdPerUnitHour, perUnitHour, currency, lossesPerHour }: Offer__Output): string {
  const own = currency === '' || currency === 'USD' ? '' : ` (${perUnitHour} ${currency})`
  const losses = lossesPerHour > 0 ? `, lost every ${formatSeconds(3600 / lossesPerHour)}` : ''
  return `${formatUsd(usdPerUnitHour)}/h${own}${losses}`
}

/** Between regions with an agent, or all: of a whole catalogue there are thousands. */
export function shownLinks(
  links: readonly Link__Output[],
  regions: readonly Region__Output[],
  isAll: boolean,
): readonly Link__Output[] {
  if (isAll || links.length <= linksShownMax) return links
  const there = new Set(regions.filter(({ agentState }) => agentState !== 'AGENT_STATE_ABSENT').map(({ name }) => name))
  return links.filter(({ fromRegion, toRegion }) => there.has(fromRegion) && there.has(toRegion))
}

const linksShownMax = 100

export function renderLinks(links: readonly Link__Output[], hidden: number, style: Style): string {
  const table = renderTable(
    [
      { head: 'from' },
      { head: 'to' },
      { head: 'Mbit/s', align: 'right' },
      { head: 'round trip', align: 'right' },
      { head: 'egress', align: 'right' },
      { head: 'measured', align: 'right' },
    ],
    links.map((link) => [
      link.fromRegion,
      link.toRegion,
      String(link.mbitPerSecond),
      `${link.roundTripMs} ms`,
      egressText(link),
      measuredText(link),
    ]),
    style,
  )
  const more = hidden === 0 ? [] : [`${formatCount(hidden)} more between regions without agents; --all lists them`]
  return [...(links.length === 0 ? ['no two regions have an agent'] : [table]), ...more].join('\n')
}

function egressText({ egressUsdPerGb, egressUsdPerMbitMonth }: Link__Output): string {
  if (egressUsdPerMbitMonth > 0) return `${formatUsd(egressUsdPerMbitMonth)} per Mbit/s month`
  return `${formatUsd(egressUsdPerGb)} per GB`
}

function measuredText({ measuredMbitPerSecond, measuredRoundTripMs }: Link__Output): string {
  if (measuredMbitPerSecond === 0 && measuredRoundTripMs === 0) return '-'
  const rate = measuredMbitPerSecond > 0 ? `${Number(measuredMbitPerSecond.toPrecision(3))} Mbit/s, ` : ''
  return `${rate}${Number(measuredRoundTripMs.toPrecision(3))} ms`
}
