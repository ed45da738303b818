// Bundles and models: files named by the sha256 of their content. A file is written beside its place, checked, made
// durable and then renamed, so that a name that exists always holds the whole content.
import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudlessError, invalid, notFound } from '#runtime/errors.ts'
import { storeConfig } from './config.ts'
import { syncFolder, withDiskErrors } from './disk.ts'

export type BlobHeader = { readonly digest: string; readonly totalBytes: number }

export interface Blobs {
  /** Size in bytes, or null when there is no such blob. */
  size(digest: string): Promise<number | null>
  /** Stores the content once it is whole and its digest is right; otherwise nothing is left behind. */
  receive(header: BlobHeader, content: AsyncIterable<Uint8Array>): Promise<void>
  read(digest: string): AsyncIterable<Uint8Array>
}

export async function openBlobs(folder: string): Promise<Blobs> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true })
  // What a crashed predecessor left half-written was never acknowledged.
  for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true })
  let uploads = 0
  const place = (digest: string): string => join(folder, digest.slice(0, 2), digest)

  return {
    size: (digest) => sizeOf(place(digest)),
    receive: async (header, content) => {
      const temporary = join(incoming, `${header.digest}-${uploads++}`)
      const target = place(header.digest)
      try {
        await withDiskErrors(`store ${header.digest}`, async () => {
          await writeChecked(temporary, header, content)
          await mkdir(join(folder, header.digest.slice(0, 2)), { recursive: true })
          await rename(temporary, target)
          await syncFolder(join(folder, header.digest.slice(0, 2)))
          await syncFolder(folder)
        })
      } finally {
        await rm(temporary, { force: true })
      }
    },
    read: (digest) => readFile(place(digest), digest),
  }
}

/** For simulations: the same checks, nothing on disk. */
export function memoryBlobs(): Blobs {
  const contents = new Map<string, Uint8Array>()
  return {
    size: (digest) => Promise.resolve(contents.get(digest)?.byteLength ?? null),
    receive: async (header, content) => {
      const check = new ContentCheck(header)
      const chunks: Uint8Array[] = []
      for await (const chunk of content) {
        check.add(chunk)
        chunks.push(chunk)
      }
      check.finish()
      contents.set(header.digest, Buffer.concat(chunks))
    },
    // oxlint-disable-next-line typescript/require-await -- an iterable like the one that reads files
    read: async function* (digest) {
      const content = contents.get(digest)
      if (content === undefined) throw notFound('blob', digest)
      for (let at = 0; at < content.byteLength; at += storeConfig.fileChunkBytes)
        yield content.subarray(at, at + storeConfig.fileChunkBytes)
    },
  }
}

async function writeChecked(path: string, header: BlobHeader, content: AsyncIterable<Uint8Array>): Promise<void> {
  const check = new ContentCheck(header)
  const file = await open(path, 'wx')
  try {
    for await (const chunk of content) {
      check.add(chunk)
      await writeAll(file, chunk)
    }
    check.finish()
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0
  while (written < chunk.byteLength) written += (await file.write(chunk, written)).bytesWritten
}

class ContentCheck {
  readonly #header: BlobHeader
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0

  constructor(header: BlobHeader) {
    this.#header = header
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#header.totalBytes) this.#refuseLength('more than')
    this.#hash.update(chunk)
  }

  finish(): void {
    if (this.#bytes < this.#header.totalBytes) this.#refuseLength(`${this.#bytes} bytes instead of`)
    const found = this.#hash.digest('hex')
    if (found === this.#header.digest) return
    throw invalid(
      [{ field: 'digest', description: `is ${this.#header.digest}, but the sha256 of the content is ${found}` }],
      'DIGEST_MISMATCH',
    )
  }

  #refuseLength(what: string): never {
    const description = `the stream held ${what} the ${this.#header.totalBytes} bytes announced`
    throw invalid([{ field: 'total_bytes', description }], 'LENGTH_MISMATCH')
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function* readFile(path: string, digest: string): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw notFound('blob', digest)
    throw new CloudlessError('unavailable', 'BLOB_UNREADABLE', `cannot read ${path}: ${error.message}`, {
      cause: error,
    })
  })
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(storeConfig.fileChunkBytes)
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
