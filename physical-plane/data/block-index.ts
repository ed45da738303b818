// Which block of which file has which hash. Blocks are read and hashed in order, once: a file that was listed before and has
// not changed since is known.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { CloudlessError } from '#runtime/errors.ts'
import { blockBytes, blocksPerMessage } from './config.ts'
import type { Given } from './config-file.ts'
import { listFiles, type DataFile } from './list-files.ts'

export type Block = {
  readonly uri: string
  readonly absolutePath: string
  readonly offset: number
  readonly bytes: number
}

/** Blocks of one file that follow each other. */
export type ListedBlocks = { readonly file: DataFile; readonly offset: number; readonly sha256: readonly string[] }

export type DataTotals = { readonly files: number; readonly bytes: number }

export class BlockIndex {
  readonly #gives: readonly Given[]
  readonly #blocks = new Map<string, Block>()
  /** Hashes of whole files, by path. */
  readonly #known = new Map<string, { readonly version: string; readonly sha256: readonly string[] }>()

  #totals: DataTotals | null = null

  constructor(gives: readonly Given[]) {
    this.#gives = gives
  }

  /** Null for a hash that was not listed. */
  get(sha256: string): Block | null {
    return this.#blocks.get(sha256) ?? null
  }

  async files(): Promise<readonly DataFile[]> {
    const files = await listFiles(this.#gives)
    this.#totals = { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
    return files
  }

  /** As of when the files were last looked at. */
  async totals(): Promise<DataTotals> {
    if (this.#totals === null) await this.files()
    return this.#totals!
  }

  /** A file without bytes has one listing without blocks. */
  async *list(files: readonly DataFile[], signal: AbortSignal): AsyncGenerator<ListedBlocks, void> {
    for (const file of files) {
      const known = this.#known.get(file.absolutePath)
      if (known?.version === file.version) yield* inMessages(file, known.sha256)
      else yield* this.#read(file, signal)
    }
  }

  async *#read(file: DataFile, signal: AbortSignal): AsyncGenerator<ListedBlocks, void> {
    const { absolutePath, bytes, version } = file
    const all: string[] = []
    const handle = await open(absolutePath, 'r')
    try {
      const buffer = Buffer.allocUnsafe(Math.min(blockBytes, Math.max(1, bytes)))
      for (let from = 0; from === 0 || from < bytes; from += blockBytes * blocksPerMessage) {
        const sha256: string[] = []
        const end = Math.min(bytes, from + blockBytes * blocksPerMessage)
        for (let offset = from; offset < end; offset += blockBytes) {
          signal.throwIfAborted()
          const data = buffer.subarray(0, Math.min(blockBytes, bytes - offset))
          await readWhole(handle, data, offset, absolutePath)
          const hash = createHash('sha256').update(data).digest('hex')
          this.#blocks.set(hash, { uri: file.uri, absolutePath, offset, bytes: data.length })
          sha256.push(hash)
        }
        all.push(...sha256)
        yield { file, offset: from, sha256 }
      }
    } finally {
      await handle.close()
    }
    this.#known.set(absolutePath, { version, sha256: all })
  }
}

/** Throws where the file has become shorter. */
export async function readWhole(handle: FileHandle, target: Uint8Array, offset: number, path: string): Promise<void> {
  for (let at = 0; at < target.length;) {
    const { bytesRead } = await handle.read(target, at, target.length - at, offset + at)
    if (bytesRead === 0) {
      const text = `${path} ends at byte ${offset + at}; it was changed while it was being moved`
      throw new CloudlessError('invalid', 'DATA_CHANGED', text)
    }
    at += bytesRead
  }
}

function* inMessages(file: DataFile, sha256: readonly string[]): Generator<ListedBlocks, void> {
  for (let i = 0; i === 0 || i < sha256.length; i += blocksPerMessage)
    yield { file, offset: i * blockBytes, sha256: sha256.slice(i, i + blocksPerMessage) }
}
