// The catalogue that a process uses: the price list that comes with Cloudless, what was fetched from clouds since, and an
// operator's own files over both. A file says only what it knows; its rows may refer to what lies below it.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { belowOf, nothingBelow, type Below } from './below.ts'
import type { Catalogue } from './catalogue.ts'
import { catalogueBytesMax, deviceModelsMax, layersMax, regionsMax } from './config.ts'
import type { Layer } from './layer.ts'
import { makeCatalogue, type MadeCatalogue } from './make-catalogue.ts'
import { readFolder } from './read-folder.ts'
import { machineKey, type Machine } from './machines.ts'
import type { Source } from './sources.ts'
import { parseFile } from './static/read-file.ts'
import { isInventory, parseJson, readInventory } from './terraform/read-inventory.ts'

/** The price list that comes with Cloudless. */
export const bundledCataloguePath = join(import.meta.dirname, 'catalogue', '2026-11')

export type LayerOptions = {
  /** False where the paths stand on their own. */
  readonly withBundled?: boolean
  /** What clouds were asked for: over the bundled list, under the operator's own files. */
  readonly fetched?: readonly Layer[]
}

export type ReadLayer = {
  readonly layer: Layer
  /** What was mended or left out, and what deserves a look. */
  readonly warnings: readonly string[]
  /** Those that the layer describes. */
  readonly sources: readonly Source[]
  readonly machines: readonly Machine[]
}
export type ReadLayers = {
  readonly layers: readonly Layer[]
  readonly warnings: readonly string[]
  readonly sources: readonly { readonly layer: string; readonly source: Source }[]
  /** Of one instance type the last that says it; in ascending order of cloud and type. */
  readonly machines: readonly Machine[]
}

/** `paths` are an operator's, lowest first: folders like the bundled one, YAML files, or what `terraform output -json` printed. */
export async function readLayers(paths: readonly string[], options: LayerOptions = {}): Promise<ReadLayers> {
  if (paths.length > layersMax)
    throw invalid([
      { field: '--catalogue', description: `is there ${paths.length} times; at most ${layersMax} are read` },
    ])
  const layers: Layer[] = []
  const warnings: string[] = []
  const sources: ReadLayers['sources'][number][] = []
  const machines = new Map<string, Machine>()
  const add = (read: ReadLayer): void => {
    for (const machine of read.machines) machines.set(machineKey(machine), machine)
    layers.push(read.layer)
    sources.push(...read.sources.map((source) => ({ layer: read.layer.id, source })))
  }
  // What is odd in the bundled list is known; nobody here can mend it.
  if (options.withBundled !== false) add(await readLayer(bundledCataloguePath, nothingBelow))
  layers.push(...(options.fetched ?? []))
  for (const path of paths) {
    const read = await readLayer(path, belowOf(layers, [...machines.values()]))
    add(read)
    checkSize(path, belowOf(layers))
    warnings.push(...read.warnings.map((text) => `${path}: ${text}`))
  }
  const sorted = [...machines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, machine]) => machine)
  return { layers, warnings, sources, machines: sorted }
}

/** Every pair of regions has a link, so that a list of them may not grow at will. */
function checkSize(path: string, { regions, deviceModels }: Below): void {
  const faults = [
    { field: 'regions', count: regions.size, most: regionsMax },
    { field: 'deviceModels', count: deviceModels.size, most: deviceModelsMax },
  ].filter(({ count, most }) => count > most)
  if (faults.length === 0) return
  const violations = faults.map(({ field, count, most }) => {
    return { field, description: `are ${count} with those of ${path}; at most ${most} are taken` }
  })
  throw invalid(violations, 'INVALID_CATALOGUE')
}

export async function readLayer(path: string, below: Below): Promise<ReadLayer> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found.isDirectory()) return readFolder(path, below)
  const text = await readText(path, found.size)
  if (path.endsWith('.json')) {
    const json = parseJson(text, path)
    if (isInventory(json)) return readInventory(json, path, below)
  }
  return parseFile(text, path, below)
}

/** Layers and what they make, with everything that deserves a look. */
export async function loadLayers(
  paths: readonly string[] = [],
  options: LayerOptions = {},
): Promise<ReadLayers & MadeCatalogue> {
  const { layers, warnings, sources, machines } = await readLayers(paths, options)
  const made = makeCatalogue(layers)
  return { layers, sources, machines, catalogue: made.catalogue, warnings: [...warnings, ...made.warnings] }
}

export async function loadCatalogue(paths: readonly string[] = [], options: LayerOptions = {}): Promise<Catalogue> {
  return (await loadLayers(paths, options)).catalogue
}

async function readText(path: string, size: number): Promise<string> {
  if (size > catalogueBytesMax) {
    const violations = [{ field: 'file', description: `has ${size} bytes; at most ${catalogueBytesMax} are read` }]
    const text = `catalogue ${path}: ${violations[0]!.description}`
    throw new CloudlessError('invalid', 'INVALID_CATALOGUE', text, { violations })
  }
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
}

function unreadable(path: string, cause: unknown): CloudlessError {
  return new CloudlessError('not-found', 'NO_CATALOGUE', `catalogue ${path} can not be read: ${messageOf(cause)}`, {
    cause,
  })
}
