// Links that nobody has measured, of clouds that were not in the grid: a line as it is assumed for the others of their cloud, and
// a round trip from the distance. What is known better is written by hand, in links-assumed.csv, and left out here.
import type { LinkRow } from './rows.ts'
import type { PlaceRow } from './places.ts'
import { estimatedMs } from './wan.ts'

/** Between regions of Tencent Cloud, which has a network of its own. */
const insideMbit = 300
const outsideMbit = 100
/** Toward the region that is best connected abroad. */
const wideMbit: Readonly<Record<string, number>> = { 'tencent/ap-singapore': 500 }

export function assumedLinks(
  measured: readonly LinkRow[],
  places: readonly PlaceRow[],
  byHand: ReadonlySet<string>,
): readonly LinkRow[] {
  const clouds = new Set(measured.flatMap(({ from: a, to: b }) => [cloudOf(a), cloudOf(b)]))
  const isOutside = ({ provider }: PlaceRow): boolean => !clouds.has(provider)
  const pairs = places
    .filter(isOutside)
    .flatMap((place) =>
      places
        .filter(({ name }) => name !== place.name)
        .flatMap((other) => (isOutside(other) ? [pair(place, other)] : [pair(place, other), pair(other, place)])),
    )
  return pairs.filter(({ from: a, to: b }) => !byHand.has(`${a} ${b}`))
}

function pair(a: PlaceRow, b: PlaceRow): LinkRow {
  const mbitPerSecond = a.provider === b.provider ? insideMbit : (wideMbit[a.name] ?? wideMbit[b.name] ?? outsideMbit)
  const source = 'assumed-wan+estimated-rtt'
  return { from: a.name, to: b.name, mbitPerSecond, roundTripMs: estimatedMs(a, b), source }
}

function cloudOf(name: string): string {
  return name.slice(0, name.indexOf('/'))
}
