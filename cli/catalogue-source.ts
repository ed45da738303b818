// Which catalogue a person means. One on this computer: "bundled", "fetched" (what clouds have told since, over the bundled one), a
// folder, a YAML file (which says only what differs, so it lies over the bundled one), or several joined by "+", each over the
// one before. Or one that the control plane keeps: "@" and its hash or version, "@" alone for the one in force.
import { statSync } from 'node:fs'
import { decodeContent } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from './config.ts'
import { connect, type Context } from './context.ts'
import { fetchedLayers } from './fetched-layers.ts'

export type FoundCatalogue = { readonly catalogue: Catalogue; readonly warnings: readonly string[] }

export const catalogueHelp =
  '"bundled", "fetched", a folder, a YAML file over the bundled list, several joined by "+", or @HASH (or @VERSION) for one that the control plane keeps'

export async function findCatalogue(context: Context, source: string): Promise<FoundCatalogue> {
  if (source.startsWith('@')) return { catalogue: await fetchCatalogue(context, source.slice(1)), warnings: [] }
  const kind = kindOf(source)
  if (kind === 'folder') return loadLayers([source], { withBundled: false })
  if (kind === 'file') return loadLayers([source])
  const [base, ...rest] = source.split('+')
  if (base === 'bundled') return loadLayers(rest)
  if (base === 'fetched') return loadLayers(rest, { fetched: (await fetchedLayers(context)).layers })
  return loadLayers([base!, ...rest], { withBundled: kindOf(base!) === 'file' })
}

/** `named` as in GetCatalogRequest. What arrives must be what its hash names. */
export async function fetchCatalogue(context: Context, named: string): Promise<Catalogue> {
  using services = connect(context)
  const parts: Uint8Array[] = []
  let hash = ''
  const answer = services.catalogs.getCatalog(
    { catalog: named },
    { signal: context.signal, deadlineMs: waits.transferDeadlineMs },
  )
  for await (const { catalog, data } of answer) {
    if (parts.length === 0) hash = catalog?.hash ?? ''
    parts.push(data)
  }
  if (hash === '') {
    const text = `${services.address} sent no catalogue`
    throw new CloudlessError('unavailable', 'NO_ANSWER', text)
  }
  return decodeContent(Buffer.concat(parts).toString(), hash)
}

function kindOf(path: string): 'folder' | 'file' | 'none' {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'none'
  return found.isDirectory() ? 'folder' : 'file'
}
