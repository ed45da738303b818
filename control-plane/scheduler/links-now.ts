// Links as they are: measured where a job has measured them, else as the catalogue says. Prices are always the catalogue's.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { linkKey, type Snapshot } from '#control-plane/model/snapshot.ts'
import type { Links } from './exchange.ts'

export function linksNow({ link }: CatalogueIndex, { measuredLinks }: Snapshot): Links {
  if (measuredLinks === undefined || measuredLinks.size === 0) return link
  return (from, to) => {
    const known = link(from, to)
    const measured = measuredLinks.get(linkKey(from, to))
    if (known === null || measured === undefined) return known
    const { mbitPerSecond, roundTripMs } = measured
    return { ...known, mbitPerSecond: mbitPerSecond > 0 ? mbitPerSecond : known.mbitPerSecond, roundTripMs }
  }
}
