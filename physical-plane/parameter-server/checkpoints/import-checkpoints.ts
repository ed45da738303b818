// A partition's checkpoints that were fetched from where it ran before, put into the object store here, objects first: what is
// interrupted is no checkpoint yet. Where the store has one that is as new (two places may share a store), nothing is done.
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { ObjectStore } from '#physical-plane/object-store/object-store.ts'

/** `prefix` is the partition's, see partitionPrefix; `folder` is a copy of what lay under it elsewhere, or is not there. */
export async function importCheckpoints(folder: string, objects: ObjectStore, prefix: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.partial'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
  const manifests = names.filter((name) => name.startsWith('manifests/'))
  const newest = manifests.at(-1)
  const known = (await objects.list(`${prefix}manifests/`)).at(-1)
  if (newest === undefined || (known !== undefined && known >= `${prefix}${newest}`)) return
  const put = async (name: string): Promise<void> => {
    await objects.put(prefix + name, await readFile(join(folder, name)), { ifAbsent: true })
  }
  for (const name of names) if (name.startsWith('objects/')) await put(name)
  for (const name of manifests) await put(name)
}
