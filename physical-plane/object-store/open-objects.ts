// An object store by its address. file:// is built in; another scheme is one more implementation and one more line here.
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalid } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { FileObjects } from './file-objects.ts'
import type { ObjectStore } from './object-store.ts'

/** `field` is what the address was given as: it is named when the address is refused. */
export function openObjects(address: string, field: string, random: Random): ObjectStore {
  return new FileObjects(address, folderOf(address, field), random)
}

function folderOf(address: string, field: string): string {
  const refuse = (why: string): never => {
    throw invalid([
      { field, description: `${JSON.stringify(address)} ${why}, for example file:///var/lib/cloudless/objects` },
    ])
  }
  if (!URL.canParse(address)) return refuse('is no address; give one')
  const url = new URL(address)
  if (url.protocol !== 'file:') return refuse(`has scheme ${url.protocol}// where file:// is known; give a folder`)
  if (url.host !== '' || url.search !== '' || url.hash !== '') return refuse('must be file:// and an absolute path')
  const path = pathOf(url)
  if (path === null) return refuse('cannot be read as a path')
  if (path === '' || !isAbsolute(path)) return refuse('must name a folder below the root')
  return path
}

/** Null for what no path can hold: an encoded slash. */
function pathOf(url: URL): string | null {
  try {
    return fileURLToPath(url).replace(/\/+$/, '')
  } catch {
    return null
  }
}
