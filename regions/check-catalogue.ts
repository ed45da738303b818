// What the rows of a catalogue file must say of each other: names are unique, references exist, and every directed pair
// of regions has exactly one link.
import type { CatalogueFile } from './catalogue-schema.ts'

/** A wrong field: where it stands in the file, and what is wrong with it. */
export type Fault = { readonly path: readonly (string | number)[]; readonly description: string }

export function checkCatalogue(file: CatalogueFile): readonly Fault[] {
  const faults: Fault[] = []
  const sources = unique(
    faults,
    'sources',
    'id',
    file.sources.map(({ id }) => id),
  )
  const models = unique(
    faults,
    'deviceModels',
    'name',
    file.deviceModels.map(({ name }) => name),
  )
  const regions = unique(
    faults,
    'regions',
    'name',
    file.regions.map(({ name }) => name),
  )
  for (const [i, model] of file.deviceModels.entries()) {
    known(faults, sources, ['deviceModels', i, 'source'], model.source, 'source')
  }
  for (const [i, region] of file.regions.entries()) checkPrices(faults, region, i, models, sources)
  checkLinks(faults, file, regions, sources)
  return faults
}

type Names = ReadonlyMap<string, number>

function unique(faults: Fault[], list: string, field: string, values: readonly string[]): Names {
  const first = new Map<string, number>()
  for (const [i, value] of values.entries()) {
    const before = first.get(value)
    if (before === undefined) first.set(value, i)
    else
      faults.push({
        path: [list, i, field],
        description: `"${value}" is ${list}[${before}] already; remove one of them`,
      })
  }
  return first
}

function known(faults: Fault[], names: Names, path: Fault['path'], value: string, what: string): void {
  if (names.has(value)) return
  faults.push({ path, description: `${what} "${value}" does not exist; use one of ${[...names.keys()].join(', ')}` })
}

function checkPrices(
  faults: Fault[],
  region: CatalogueFile['regions'][number],
  at: number,
  models: Names,
  sources: Names,
): void {
  const first = new Map<string, number>()
  for (const [i, price] of region.prices.entries()) {
    const path = ['regions', at, 'prices', i]
    known(faults, models, [...path, 'deviceModel'], price.deviceModel, 'device model')
    known(faults, sources, [...path, 'source'], price.source, 'source')
    const before = first.get(price.deviceModel)
    if (before === undefined) first.set(price.deviceModel, i)
    else {
      const description = `"${price.deviceModel}" has a price in row ${before} of ${region.name} already; remove one`
      faults.push({ path: [...path, 'deviceModel'], description })
    }
  }
}

function checkLinks(faults: Fault[], file: CatalogueFile, regions: Names, sources: Names): void {
  const first = new Map<string, number>()
  for (const [i, link] of file.links.entries()) {
    known(faults, regions, ['links', i, 'from'], link.from, 'region')
    known(faults, regions, ['links', i, 'to'], link.to, 'region')
    for (const [j, source] of link.sources.entries())
      known(faults, sources, ['links', i, 'sources', j], source, 'source')
    if (link.from === link.to) {
      faults.push({ path: ['links', i, 'to'], description: `"${link.to}" is the same region as from; remove the row` })
    }
    const pair = `${link.from} to ${link.to}`
    const before = first.get(pair)
    if (before === undefined) first.set(pair, i)
    else faults.push({ path: ['links', i], description: `${pair} is links[${before}] already; remove one of them` })
  }
  for (const from of regions.keys()) {
    for (const to of regions.keys()) {
      if (from === to || first.has(`${from} to ${to}`)) continue
      faults.push({ path: ['links'], description: `${from} to ${to} is missing; add a row` })
    }
  }
}
