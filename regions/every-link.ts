// The link of every ordered pair of regions: as the last layer that has it says, else the default, priced by the rule that fits the
// pair most closely. A thousand regions have a million pairs, so rules and links are looked up by the sender once.
import type { CatalogueLink, EgressPrice } from './catalogue.ts'
import type { EgressRule, Layer, LayerLink } from './layer.ts'

export type UnknownPair = { readonly from: string; readonly to: string; readonly lacks: 'price' | 'link' }
export type EveryLink = { readonly links: readonly CatalogueLink[]; readonly unknownPairs: readonly UnknownPair[] }

/** `names` in ascending order. */
export function everyLink(layers: readonly Layer[], names: readonly string[]): EveryLink {
  const known = bySender(layers.flatMap((layer) => layer.links))
  const rules = bySender(layers.flatMap((layer) => layer.egress))
  const fallback = layers.findLast((layer) => layer.defaultLink !== null)?.defaultLink ?? null
  const patterns = new Map(names.map((name) => [name, patternsOf(name)]))
  const links: CatalogueLink[] = []
  const unknownPairs: UnknownPair[] = []
  for (const from of names) {
    const own = known.get(from)
    const senderRules = patterns.get(from)!.flatMap((pattern) => rules.get(pattern) ?? [])
    for (const to of names) {
      if (from === to) continue
      const row = own?.get(to)
      const line = row ?? fallback
      const egress = row?.egress ?? priceOf(senderRules, patterns.get(to)!)
      if (line === null || egress === null) unknownPairs.push({ from, to, lacks: line === null ? 'link' : 'price' })
      else links.push({ from, to, mbitPerSecond: line.mbitPerSecond, roundTripMs: line.roundTripMs, egress })
    }
  }
  return { links, unknownPairs }
}

/** Of equal ones the last. */
function bySender<Row extends LayerLink | EgressRule>(rows: readonly Row[]): ReadonlyMap<string, Map<string, Row>> {
  const senders = new Map<string, Map<string, Row>>()
  for (const row of rows) {
    const same = senders.get(row.from)
    if (same === undefined) senders.set(row.from, new Map([[row.to, row]]))
    else same.set(row.to, row)
  }
  return senders
}

/** The region itself, its cloud, and any. */
function patternsOf(name: string): readonly string[] {
  return [name, `${name.slice(0, name.indexOf('/'))}/*`, '*']
}

/** A rule for the very pair beats one for a cloud, and the sender's side counts more. */
function priceOf(
  senderRules: readonly ReadonlyMap<string, EgressRule>[],
  receivers: readonly string[],
): EgressPrice | null {
  for (const rules of senderRules) {
    for (const receiver of receivers) {
      const rule = rules.get(receiver)
      if (rule !== undefined) return rule.egress
    }
  }
  return null
}
