// What-ifs about links: what they carry, how long a round trip takes, what the sender pays. What was measured changes alike.
import type { MeasuredPair } from '#control-plane/model/plan-input.ts'
import type { CatalogueLink } from '#control-plane/model/snapshot.ts'
import { isMeant } from '../may-move.ts'
import type { Applied, Question } from './question.ts'
import { changed, type Change, type LinkChange } from './what-if.ts'

export function changeLinks(question: Question, whatIf: LinkChange): Applied {
  const { catalogue, input } = question
  const { from, to, isBothWays, property, change } = whatIf
  const isThese = (pair: { readonly from: string; readonly to: string }): boolean =>
    (isMeant(from, pair.from) && isMeant(to, pair.to)) ||
    (isBothWays && isMeant(from, pair.to) && isMeant(to, pair.from))
  if (!catalogue.links.some(isThese)) {
    return `catalogue ${catalogue.version} has no link from ${from} to ${to}; \`cloudless links\` lists them`
  }
  if (property === 'bandwidth' && change.kind === 'set' && change.value === 0) return 'a link without bandwidth is none'
  const links = catalogue.links.map((link) => (isThese(link) ? changedLink(link, whatIf) : link))
  const measuredLinks = input.measuredLinks.map((pair) => (isThese(pair) ? changedMeasurement(pair, whatIf) : pair))
  return { input: { ...input, measuredLinks }, catalogue: { ...catalogue, links } }
}

function changedLink(link: CatalogueLink, { property, change }: LinkChange): CatalogueLink {
  switch (property) {
    case 'bandwidth':
      return { ...link, mbitPerSecond: changed(link.mbitPerSecond, change) }
    case 'rtt':
      return { ...link, roundTripMs: changed(link.roundTripMs, change) }
    case 'egress':
      return { ...link, egress: changedEgress(link.egress, change) }
  }
}

/** A price that is set is one by the GB. */
function changedEgress(egress: CatalogueLink['egress'], change: Change): CatalogueLink['egress'] {
  if (change.kind === 'set') return { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb: change.value }] }
  if (egress.kind === 'per-gb') {
    const tiers = egress.tiers.map((tier) => ({ ...tier, usdPerGb: changed(tier.usdPerGb, change) }))
    return { kind: 'per-gb', tiers }
  }
  const tiers = egress.tiers.map((tier) => ({ ...tier, usdPerMbitMonth: changed(tier.usdPerMbitMonth, change) }))
  return { kind: 'p95-month', tiers }
}

function changedMeasurement(pair: MeasuredPair, { property, change }: LinkChange): MeasuredPair {
  if (property === 'bandwidth') return { ...pair, mbitPerSecond: changed(pair.mbitPerSecond, change) }
  return property === 'rtt' ? { ...pair, roundTripMs: changed(pair.roundTripMs, change) } : pair
}
