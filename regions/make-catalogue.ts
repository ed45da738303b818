// Layers put together, and named by their content. What this leaves unknown is told for each region in one line.
import { withHash } from './catalogue-content.ts'
import type { Catalogue } from './catalogue.ts'
import { mergeLayers, type Layer, type Merged } from './layer.ts'

export type MadeCatalogue = { readonly catalogue: Catalogue; readonly warnings: readonly string[] }

export function makeCatalogue(layers: readonly Layer[]): MadeCatalogue {
  const { catalogue, unknownPairs } = mergeLayers(layers)
  return { catalogue: withHash(catalogue), warnings: [...warningsOf(unknownPairs)] }
}

function* warningsOf(unknownPairs: Merged['unknownPairs']): Iterable<string> {
  for (const [lacks, pairs] of Map.groupBy(unknownPairs, (pair) => pair.lacks)) {
    for (const [from, same] of Map.groupBy(pairs, (pair) => pair.from)) {
      const names = same.slice(0, 3).map(({ to }) => to)
      const toward =
        same.length > names.length ? `${names.join(', ')} and ${same.length - names.length} more` : names.join(', ')
      if (lacks === 'price')
        yield `nothing says what ${from} pays for bytes to ${toward}; add an egress row from ${from}`
      else yield `nothing says what the links from ${from} to ${toward} carry; add links, or a defaultLink`
    }
  }
}
