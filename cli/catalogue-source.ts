// Which catalogue a person means. One on this computer: "bundled", a folder, a YAML file (which says only what differs, so it
// lies over the bundled one), or several joined by "+", each over the one before.
import { statSync } from 'node:fs'
import type { Catalogue } from '#regions/catalogue.ts'
import { loadLayers } from '#regions/load-catalogue.ts'

export type FoundCatalogue = { readonly catalogue: Catalogue; readonly warnings: readonly string[] }

export const catalogueHelp = '"bundled", a folder, a YAML file over the bundled list, or several joined by "+"'

export function findCatalogue(source: string): Promise<FoundCatalogue> {
  const kind = kindOf(source)
  if (kind === 'folder') return loadLayers([source], { withBundled: false })
  if (kind === 'file') return loadLayers([source])
  const [base, ...rest] = source.split('+')
  if (base === 'bundled') return loadLayers(rest)
  return loadLayers([base!, ...rest], { withBundled: kindOf(base!) === 'file' })
}

function kindOf(path: string): 'folder' | 'file' | 'none' {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'none'
  return found.isDirectory() ? 'folder' : 'file'
}
