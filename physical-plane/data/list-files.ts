// The files of a shard, which is a file or a folder, in ascending order of path: the same order wherever and however often it is
// asked for.
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { filesMax } from './config.ts'
import type { Given } from './config-file.ts'

export type DataFile = {
  /** The shard's address. */
  readonly uri: string
  /** Relative to a shard that is a folder; '' where the shard is the file. */
  readonly path: string
  readonly absolutePath: string
  readonly bytes: number
  /** Changes when somebody writes to the file. */
  readonly version: string
}

export async function listFiles(gives: readonly Given[]): Promise<readonly DataFile[]> {
  const files: DataFile[] = []
  for (const { uri, path, isOptional } of gives) {
    if (isOptional && (await stat(path).catch(() => null)) === null) continue
    const before = files.length
    await collect(files, uri, path, '')
    if (files.length === before && !isOptional) throw unusable(uri, 'has no file in it')
  }
  return files
}

async function collect(files: DataFile[], uri: string, root: string, path: string): Promise<void> {
  const absolutePath = path === '' ? root : join(root, path)
  const found = await stat(absolutePath, { bigint: true }).catch((error: unknown) => {
    throw unusable(uri, `can not be read: ${messageOf(error)}`)
  })
  if (found.isFile()) {
    files.push({ uri, path, absolutePath, bytes: Number(found.size), version: `${found.size}/${found.mtimeNs}` })
    if (files.length > filesMax) throw unusable(uri, `has more than ${filesMax} files; put many samples in one file`)
    return
  }
  if (!found.isDirectory()) throw unusable(uri, `has ${absolutePath} in it, which is no file and no folder`)
  const entries = await readdir(absolutePath, { withFileTypes: true })
  for (const { name, isLinkedFolder } of await named(absolutePath, entries)) {
    // A folder that is reached by a link may hold itself.
    if (isLinkedFolder)
      throw unusable(uri, `has ${join(absolutePath, name)} in it, a link to a folder; copy it instead`)
    await collect(files, uri, root, path === '' ? name : `${path}/${name}`)
  }
}

async function named(
  folder: string,
  entries: readonly Dirent[],
): Promise<readonly { readonly name: string; readonly isLinkedFolder: boolean }[]> {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return Promise.all(
    sorted.map(async (entry) => {
      const target = entry.isSymbolicLink() ? await stat(join(folder, entry.name)).catch(() => null) : null
      return { name: entry.name, isLinkedFolder: target?.isDirectory() === true }
    }),
  )
}

function unusable(uri: string, why: string): CloudlessError {
  return new CloudlessError('invalid', 'DATA_UNUSABLE', `shard ${uri} ${why}`, { metadata: { uri } })
}
