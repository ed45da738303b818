// Finds a catalogue again: the one in force, or one that a plan was made with, by its hash or version.
import { decodeContent } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import type { CatalogueRecord, Store } from '#control-plane/store/store.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'

/** Null for the one in force, which no plan may have been made with yet. `named` as in GetCatalogRequest. */
export async function findCatalogue(store: Store, current: Catalogue, named: string): Promise<CatalogueRecord | null> {
  if (named.length > apiConfig.catalogueNameCharactersMax)
    throw invalid([{ field: 'catalog', description: `has ${named.length} characters; give a hash or a version` }])
  if (named === '' || named === current.hash || named === current.version) return null
  const exact = await store.catalogue(named)
  if (exact !== null) return exact
  const found = await store.findCatalogues(named, 2)
  const isPrefix = /^[0-9a-f]{8,64}$/.test(named)
  if (isPrefix && current.hash.startsWith(named) && found.every(({ hash }) => hash === current.hash)) return null
  const newest = found[0]
  if (newest === undefined) throw noCatalogue(named)
  if (isPrefix && found.length > 1) {
    const hashes = found.map(({ hash }) => hash.slice(0, named.length + 4)).join(' and ')
    throw invalid([{ field: 'catalog', description: `is "${named}", with which ${hashes} begin; give more digits` }])
  }
  return newest
}

/** What a plan was made with. */
export async function pinnedCatalogue(store: Store, hash: string): Promise<Catalogue> {
  if ((await store.catalogue(hash)) === null) throw noCatalogue(hash)
  const parts: Uint8Array[] = []
  for await (const part of store.blobs.read(hash)) parts.push(part)
  return decodeContent(Buffer.concat(parts).toString(), hash)
}

function noCatalogue(named: string): CloudlessError {
  const text = `catalogue ${named} is not kept here; \`cloudless catalog list\` tells which are`
  return new CloudlessError('not-found', 'NO_PINNED_CATALOGUE', text)
}
