// Look-ups in a catalogue by name. Built once per decision, because 200 regions have 40,000 links; the links are
// indexed at the first question for one.
import type { Catalogue, CatalogueLink, CatalogueRegion } from '#regions/catalogue.ts'

export type CatalogueIndex = {
  readonly catalogue: Catalogue
  readonly region: (name: string) => CatalogueRegion | null
  readonly link: (from: string, to: string) => CatalogueLink | null
  /** Throughput relative to one "cpu" unit; null for a model that the catalogue does not know. */
  readonly relativeSpeed: (deviceModel: string) => number | null
}

export function indexCatalogue(catalogue: Catalogue): CatalogueIndex {
  const regions = new Map(catalogue.regions.map((region) => [region.name, region]))
  const speeds = new Map(catalogue.deviceModels.map((model) => [model.name, model.relativeSpeed]))
  let links: Map<string, Map<string, CatalogueLink>> | null = null
  return {
    catalogue,
    region: (name) => regions.get(name) ?? null,
    link: (from, to) => {
      links ??= linksByPair(catalogue.links)
      return links.get(from)?.get(to) ?? null
    },
    relativeSpeed: (deviceModel) => speeds.get(deviceModel) ?? null,
  }
}

function linksByPair(links: readonly CatalogueLink[]): Map<string, Map<string, CatalogueLink>> {
  const byPair = new Map<string, Map<string, CatalogueLink>>()
  for (const link of links) {
    const fromHere = byPair.get(link.from)
    if (fromHere === undefined) byPair.set(link.from, new Map([[link.to, link]]))
    else fromHere.set(link.to, link)
  }
  return byPair
}
