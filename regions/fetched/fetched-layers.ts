// Layers that were fetched from clouds, kept as one file each, so that a cloud that stops answering leaves the last good one in force. A
// file is there whole or not at all. The newest layer lies on top; one of a whole cloud makes older ones of its regions superfluous.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AdapterId, FetchedLayer } from '#regions/adapter.ts'
import type { Layer } from '#regions/layer.ts'
import { messageOf } from '#runtime/errors.ts'
import { layerBytesMax, layersMax } from './config.ts'
import { keptSchema, type KeptLayer } from './layer-schema.ts'

export type FetchedLayers = {
  /** In ascending order of time, as they lie over each other. */
  readonly layers: readonly (Layer & { readonly fetchedAtMs: number })[]
  /** Files that can not be used, each with the reason. */
  readonly warnings: readonly string[]
}

/** What a refresh found, as layers with ids: one for the whole cloud, or one for each region that was asked for. */
export function layersOf(
  cloud: AdapterId,
  fetched: FetchedLayer,
  isWhole: boolean,
): readonly (Layer & { readonly fetchedAtMs: number })[] {
  if (isWhole) return [{ ...fetched, id: cloud }]
  return fetched.regions.map((region) => ({
    ...fetched,
    id: `${cloud}.${region.name.slice(region.name.indexOf('/') + 1)}`,
    regions: [region],
  }))
}

export async function keepLayers(
  folder: string,
  layers: readonly (Layer & { readonly fetchedAtMs: number })[],
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  for (const layer of layers) {
    const { id, fetchedAtMs, usdPer, regions } = layer
    const kept = { format: 1, id, fetchedAtMs, usdPer, regions }
    files.push(await writeWhole(folder, `${id}.json`, JSON.stringify(kept)))
    if (!id.includes('.')) await dropOlderParts(folder, id, fetchedAtMs)
  }
  return files
}

/** Without the folder there are none. */
export async function readFetched(folder: string): Promise<FetchedLayers> {
  const names = await readdir(folder).catch(() => [])
  const warnings: string[] = []
  const found: (Layer & { readonly fetchedAtMs: number })[] = []
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    const read = await readOne(join(folder, name))
    if (typeof read === 'string') warnings.push(`${join(folder, name)} is not used: ${read}`)
    else if (`${read.id}.json` !== name)
      warnings.push(`${join(folder, name)} is not used: it says that it is ${read.id}`)
    else found.push(toLayer(read))
  }
  const layers = found.sort((a, b) => a.fetchedAtMs - b.fetchedAtMs || (a.id < b.id ? -1 : 1))
  for (const old of layers.slice(0, -layersMax))
    warnings.push(`${old.id}.json is not used: ${layersMax} newer ones are there`)
  return { layers: layers.slice(-layersMax), warnings }
}

/** Changes whenever a file does: cheap enough to be asked often. */
export async function fingerprintOf(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
  const parts = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => null)
      return found === null ? '' : `${name} ${found.mtimeMs} ${found.size} ${found.ino}`
    }),
  )
  return parts.join('\n')
}

/** Why it can not be used, or what it is. */
async function readOne(path: string): Promise<KeptLayer | string> {
  try {
    const { size } = await stat(path)
    if (size > layerBytesMax) return `it has ${size} bytes; at most ${layerBytesMax} are read`
    const parsed = keptSchema.safeParse(JSON.parse(await readFile(path, 'utf8')))
    if (parsed.success) return parsed.data
    const { path: at, message } = parsed.error.issues[0]!
    return `${at.join('.')}: ${message}; refresh it or delete the file`
  } catch (error) {
    return `${messageOf(error)}; refresh it or delete the file`
  }
}

function toLayer({ id, fetchedAtMs, usdPer, regions }: KeptLayer): Layer & { readonly fetchedAtMs: number } {
  return { id, fetchedAtMs, usdPer, regions, links: [], egress: [], defaultLink: null, deviceModels: [] }
}

async function dropOlderParts(folder: string, cloud: string, fetchedAtMs: number): Promise<void> {
  for (const part of (await readFetched(folder)).layers) {
    if (part.id.startsWith(`${cloud}.`) && part.fetchedAtMs <= fetchedAtMs) await rm(join(folder, `${part.id}.json`))
  }
}

async function writeWhole(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  const scratch = join(folder, `.${name}.${process.pid}`)
  const file = await open(scratch, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(scratch, path)
  return path
}
