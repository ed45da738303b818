// An object store in a folder: for one machine, or for several that mount the same one. An object is written beside its
// place, synced, and moved there (rename replaces, link does not), then the folder is synced. All of it runs on the
// thread pool. Limit: on a network file system it is as durable, and `ifAbsent` as exclusive, as that system is.
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { blockBytes, objectBytesMax } from './config.ts'
import type { ObjectStore } from './object-store.ts'

const partial = '.partial'

export class FileObjects implements ObjectStore {
  readonly address: string
  readonly #root: string
  readonly #random: Random

  /** `random` names what is half-written, so that two writers do not meet. */
  constructor(address: string, root: string, random: Random) {
    this.address = address
    this.#root = root
    this.#random = random
  }

  async put(name: string, content: Uint8Array, options: { readonly ifAbsent?: boolean } = {}): Promise<boolean> {
    const path = this.#pathOf(name)
    const beside = `${path}.${this.#random.uuid()}${partial}`
    await makeFolder(dirname(path))
    try {
      await writeFile(beside, content)
      if (options.ifAbsent !== true) await rename(beside, path)
      else if (!(await linked(beside, path))) return false
    } finally {
      await rm(beside, { force: true })
    }
    await syncFolder(dirname(path))
    return true
  }

  async get(name: string): Promise<Uint8Array | null> {
    const file = await ifThere(open(this.#pathOf(name), 'r'))
    if (file === null) return null
    try {
      return await readAll(file, name)
    } finally {
      await file.close()
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const files = await this.#filesUnder(prefix)
    return files.filter((name) => !name.endsWith(partial)).sort()
  }

  async bytes(prefix: string): Promise<number> {
    let bytes = 0
    for (const name of await this.list(prefix)) bytes += (await ifThere(stat(this.#pathOf(name))))?.size ?? 0
    return bytes
  }

  async remove(name: string): Promise<void> {
    await rm(this.#pathOf(name), { force: true })
  }

  async removeAll(prefix: string): Promise<void> {
    await rm(this.#folderOf(prefix), { recursive: true, force: true })
  }

  async sweep(prefix: string): Promise<void> {
    const files = await this.#filesUnder(prefix)
    for (const name of files) if (name.endsWith(partial)) await rm(join(this.#root, name), { force: true })
  }

  async #filesUnder(prefix: string): Promise<readonly string[]> {
    const folder = this.#folderOf(prefix)
    const entries = (await ifThere(readdir(folder, { recursive: true, withFileTypes: true }))) ?? []
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#root.length + 1))
  }

  #folderOf(prefix: string): string {
    assert(prefix.endsWith('/'), `prefix ${prefix} must end with a slash`)
    return this.#pathOf(prefix.slice(0, -1))
  }

  #pathOf(name: string): string {
    const isSafe = name.split('/').every((part) => /^[\w%.~-]+$/.test(part) && part !== '.' && part !== '..')
    assert(isSafe && !name.endsWith(partial), `${JSON.stringify(name)} is no name of an object`)
    return join(this.#root, name)
  }
}

async function writeFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for (let at = 0; at < content.length;) {
      at += (await file.write(content, at, Math.min(blockBytes, content.length - at))).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function readAll(file: FileHandle, name: string): Promise<Uint8Array> {
  const { size } = await file.stat()
  if (size > objectBytesMax) {
    const text = `object ${name} has ${size} bytes, more than ${objectBytesMax}`
    throw new CloudlessError('exhausted', 'OBJECT_TOO_LARGE', text)
  }
  const content = new Uint8Array(size)
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(content, at, Math.min(blockBytes, size - at), at)
    // Shorter than it was a moment ago.
    if (bytesRead === 0) return content.subarray(0, at)
    at += bytesRead
  }
  return content
}

/** False where the name is taken. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A new folder is durable once the one above it is synced. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
