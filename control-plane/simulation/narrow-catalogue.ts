// The part of a catalogue that a scenario is about, with the links that it wants otherwise: a catalogue of its own, with the
// hash of its own content.
import { withHash } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { invalid } from '#runtime/errors.ts'
import { fits } from './region-pattern.ts'
import type { Scenario } from './scenario-schema.ts'

export function narrowCatalogue(catalogue: Catalogue, { regions: patterns, links: changed }: Scenario): Catalogue {
  const regions = catalogue.regions.filter(({ name }) => fits(name, patterns))
  if (regions.length === 0) {
    const description = `${patterns.join(', ')} names no region of catalogue ${catalogue.version}`
    throw invalid([{ field: 'regions', description }], 'SCENARIO')
  }
  const names = new Set(regions.map(({ name }) => name))
  const links = catalogue.links
    .filter(({ from, to }) => names.has(from) && names.has(to))
    .map((link) => {
      // The last row that fits counts.
      const row = changed.findLast(({ from, to }) => fits(link.from, [from]) && fits(link.to, [to]))
      if (row === undefined) return link
      return {
        ...link,
        mbitPerSecond: row.mbit_per_second ?? link.mbitPerSecond,
        roundTripMs: row.round_trip_ms ?? link.roundTripMs,
      }
    })
  const version = changed.length === 0 ? catalogue.version : `${catalogue.version}+scenario`
  return withHash({ ...catalogue, version, regions, links })
}
